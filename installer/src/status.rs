//! `pullgate status`: what is configured and what was proved on this machine.

pub(crate) mod coverage;
pub(crate) mod door;
pub(crate) mod engine;
pub(crate) mod probe;

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use proto::control::{StatusRequest, StatusResponse};
use serde_json::{Value, json};

use self::{
    coverage::{Facts, Way},
    door::Setup,
};
use crate::{
    machine::{Door, Engine, Machine},
    output,
};

/// Show who is signed in, which policies are in force, and what was proved to be covered
///
/// Sends the engine probes, which fetch nothing: a pull and a plugin from `pullgate.invalid`, which the
/// plugin refuses, and pulls, a plugin and builds from `door.pullgate.invalid` and `127.0.0.1:1`, which
/// the registry door refuses.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    door: Door,
    /// Ask the engine nothing; then nothing is proved
    #[arg(long)]
    no_probe: bool,
}

/// # Errors
/// When the plugin cannot be asked.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let status = args.machine.ask(async |mut plugin| plugin.status(StatusRequest {}).await)?.into_inner();
    let door = Setup::of(&status, &args.door.door_settings);
    let facts = if args.no_probe {
        Facts::unknown("not asked (--no-probe)")
    } else {
        let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
        runtime.block_on(engine::facts(&args.engine.engine_socket, &door.probe_keys))
    };
    let ways = coverage::coverage(&facts, &door);
    if args.json {
        output::line(&to_json(&status, &door, &ways))?
    } else {
        output::text(&to_text(&status, &door, &ways))?
    }
    Ok(ExitCode::SUCCESS)
}

fn to_json(status: &StatusResponse, door: &Setup, ways: &[Way]) -> Value {
    json!({
        "version": status.version,
        "machine_id": status.machine_id,
        "sign_in": {
            "enforced": status.sign_in_enforced,
            "organizations": status.allowed_organizations,
            "enrollment_error": status.enrollment_error,
            "files": status.sign_in_files.iter().map(|file| json!({
                "path": file.path, "present": file.present, "in_force": file.in_force,
                "organizations": file.organizations, "error": file.error,
            })).collect::<Vec<_>>(),
        },
        "sessions": status.sessions.iter().map(|s| json!({
            "user": s.user, "uid": s.uid, "organizations": s.organizations, "expired": s.expired,
        })).collect::<Vec<_>>(),
        "policies": status.policies.iter().map(|p| json!({
            "organization": p.organization, "generation": p.generation, "enabled": p.enabled, "mode": p.mode, "age": p.age,
        })).collect::<Vec<_>>(),
        "engine": {
            "requests": status.requests,
            "denials": status.denials,
            "last_request_at_ms": status.last_request_at_ms,
            "version": status.engine_version,
        },
        "started_at_ms": status.started_at_ms,
        "records_dropped": status.records_dropped,
        "names": { "remembered": status.names_remembered, "lost": status.names_lost },
        "door": door.to_json(),
        "coverage": ways.iter().map(|way| json!({
            "way": way.way, "what": way.what, "state": way.state.code(), "why": way.why,
        })).collect::<Vec<_>>(),
    })
}

fn to_text(status: &StatusResponse, door: &Setup, ways: &[Way]) -> String {
    let mut lines = vec![format!(
        "plugin      {} on machine {}, up {}",
        status.version,
        status.machine_id,
        ago(status.started_at_ms)
    )];
    lines.extend(sign_in(status));
    if status.sessions.is_empty() {
        lines.push("signed in   nobody".to_owned());
    }
    for session in &status.sessions {
        let expired = if session.expired { ", expired" } else { "" };
        let organizations = session.organizations.join(", ");
        lines.push(format!("signed in   {} (uid {}{expired}) of {organizations}", session.user, session.uid));
    }
    if status.policies.is_empty() {
        lines.push("policy      none in force".to_owned());
    }
    for policy in &status.policies {
        let switch = if policy.enabled { policy.mode.as_str() } else { "off" };
        lines.push(format!(
            "policy      {} generation {}: {switch}, {}",
            policy.organization, policy.generation, policy.age
        ));
    }
    let last = if status.last_request_at_ms == 0 {
        "never".to_owned()
    } else {
        format!("{} ago", ago(status.last_request_at_ms))
    };
    lines.push(format!("engine      asked {} times, last {last}; {} refused", status.requests, status.denials));
    if status.names_remembered > 0 {
        lines.push(format!("names       {} image names stand for other content", status.names_remembered));
    }
    if status.names_lost {
        lines.push("names       lost or too many: names that are not remembered are of unknown origin".to_owned());
    }
    if status.records_dropped > 0 {
        lines.push(format!("records     {} lost: no agent fetched them in time", status.records_dropped));
    }
    lines.extend(door.lines());
    for way in ways {
        let why = if way.why.is_empty() { String::new() } else { format!(": {}", way.why) };
        lines.push(format!("coverage    {:<25} {}{why}", way.what, way.state.code()));
    }
    lines.join("\n")
}

/// Whether sign-in is enforced, and which of the administrator's files says so.
fn sign_in(status: &StatusResponse) -> Vec<String> {
    let counts = status.sign_in_files.iter().find(|file| file.in_force);
    let by = counts.map(|file| format!(" (`{}`)", file.path)).unwrap_or_default();
    let organizations = status.allowed_organizations.join(", ");
    let mut lines = vec![match (status.sign_in_enforced, counts.map_or("", |file| file.error.as_str())) {
        (true, "") if organizations.is_empty() => {
            format!("sign-in     enforced, and nobody can be: this machine is not enrolled{by}")
        }
        (true, "") => format!("sign-in     enforced: {organizations}{by}"),
        (true, error) => format!("sign-in     enforced, and nobody can be: {error}"),
        (false, _) if by.is_empty() && !status.enrollment_error.is_empty() => {
            format!("sign-in     optional ({})", status.enrollment_error)
        }
        (false, _) => format!("sign-in     optional{by}"),
    }];
    for file in status.sign_in_files.iter().filter(|file| file.present && !file.in_force) {
        lines.push(match (file.error.as_str(), file.organizations.as_slice()) {
            ("", []) => continue,
            ("", organizations) => {
                format!("            `{}` does not count: {}", file.path, organizations.join(", "))
            }
            (error, _) => format!("            does not count: {error}"),
        });
    }
    lines
}

/// A time in the past, in words.
fn ago(at_ms: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let then = Duration::from_millis(u64::try_from(at_ms).unwrap_or_default());
    match now.saturating_sub(then).as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_claims_nothing_that_was_not_proved() {
        let ways = coverage::coverage(&Facts::unknown("no engine answers"), &Setup::default());
        let text =
            to_text(&StatusResponse { last_request_at_ms: 1, ..StatusResponse::default() }, &Setup::default(), &ways);
        assert!(text.contains("pull, run, compose        configured, not proved: no engine answers"), "{text}");
        assert!(!text.contains("enforced"), "{text}");
    }
}
