//! `pullgate status`: what is configured and what was proved on this machine.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args as ClapArgs;
use proto::control::{StatusRequest, StatusResponse};
use serde_json::{Value, json};

use crate::{machine::Machine, output};

/// Show who is signed in, which policies are in force, and what they cover on this machine
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// # Errors
/// When the plugin cannot be asked.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let status = args.machine.ask(async |mut plugin| plugin.status(StatusRequest {}).await)?.into_inner();
    if args.json {
        output::line(&to_json(&status))?
    } else {
        output::text(&to_text(&status))?
    }
    Ok(ExitCode::SUCCESS)
}

/// Ways in. INVARIANT (I11): "asked" is what an engine did since the plugin started, never a guess.
fn coverage(status: &StatusResponse) -> [(&'static str, &'static str); 4] {
    let pulls = if status.last_request_at_ms > 0 {
        "an engine asks this plugin; pulls through its HTTP/1.1 API are decided"
    } else {
        "configured, not proved: no engine has asked since the plugin started"
    };
    [
        ("pull, run, compose", pulls),
        ("load, import, swarm, plugins", "refused where a policy is on: pullgate cannot name what they bring in"),
        ("builds", "open: not covered until the registry door stands"),
        (
            "HTTP/2 to engines from 29.2",
            "open: BuildKit's gRPC passes beside every plugin, and other HTTP/2 may hide a body",
        ),
    ]
}

fn to_json(status: &StatusResponse) -> Value {
    json!({
        "version": status.version,
        "machine_id": status.machine_id,
        "sign_in": {
            "enforced": status.sign_in_enforced,
            "organizations": status.allowed_organizations,
            "enrollment_error": status.enrollment_error,
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
        },
        "started_at_ms": status.started_at_ms,
        "records_dropped": status.records_dropped,
        "coverage": coverage(status).into_iter().map(|(way, state)| json!({ "way": way, "state": state })).collect::<Vec<_>>(),
    })
}

fn to_text(status: &StatusResponse) -> String {
    let mut lines = vec![format!(
        "plugin      {} on machine {}, up {}",
        status.version,
        status.machine_id,
        ago(status.started_at_ms)
    )];
    lines.push(match (status.enrollment_error.as_str(), status.sign_in_enforced) {
        ("", true) => format!("sign-in     enforced: {}", status.allowed_organizations.join(", ")),
        ("", false) => "sign-in     optional".to_owned(),
        (error, true) => format!("sign-in     enforced, and nobody can be: {error}"),
        (error, false) => format!("sign-in     optional ({error})"),
    });
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
    if status.records_dropped > 0 {
        lines.push(format!("records     {} lost: no agent fetched them in time", status.records_dropped));
    }
    for (way, state) in coverage(status) {
        lines.push(format!("coverage    {way:<29} {state}"));
    }
    lines.join("\n")
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
    fn status_claims_nothing_that_was_not_seen() {
        let silent = to_text(&StatusResponse::default());
        assert!(silent.contains("not proved"), "{silent}");
        for open in ["builds ", "HTTP/2 to engines from 29.2 "] {
            let line = silent.lines().find(|line| line.contains(open)).expect("a line");
            assert!(line.contains(" open:"), "{line}");
        }
        let asked = to_text(&StatusResponse { last_request_at_ms: 1, ..StatusResponse::default() });
        assert!(!asked.contains("not proved"), "{asked}");
    }
}
