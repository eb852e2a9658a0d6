//! `pullgate sync`: has this user's agent compare with the policy service now, and waits for what is in force.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read},
    process::ExitCode,
    time::Duration,
};

use anyhow::{anyhow, ensure};
use clap::Args as ClapArgs;
use proto::{
    agent::{self, Compared, Standing},
    control::{StatusRequest, StatusResponse},
};
use serde_json::json;

use crate::{agent::user_id, machine::Machine, output};

/// The agent gives itself 25 seconds.
const LIMIT: Duration = Duration::from_secs(30);
/// Where the agent's log is.
const JOURNAL: &str = "`journalctl --user -u pullgated`";
/// Its answer has some fifty.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Ask the agent to compare with the policy service now, and wait for what is in force
///
/// What the service publishes arrives by itself within a moment; this is for whoever wants to be sure, or does not want
/// to wait for the next try after an outage. Exit code 0 in force, 1 nobody is signed in or the sign-in is refused,
/// 2 no agent, plugin or service answers.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// Exit code 0 when what the service wants is in force.
///
/// # Errors
/// When there is nobody to ask.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ask = || args.machine.ask(async |mut plugin| plugin.status(StatusRequest {}).await);
    let before = ask()?.into_inner();
    output::progress("the agent compares with the policy service");
    let standing = compare(args)?;
    let after = ask()?.into_inner();
    if args.json {
        output::line(&json!({
            "standing": standing,
            "in_force": standing == Standing::InForce,
            "policies": after.policies.iter().map(|policy| json!({
                "organization": policy.organization,
                "generation_before": generation(&before, &policy.organization),
                "generation": policy.generation,
                "enabled": policy.enabled, "mode": policy.mode, "age": policy.age,
            })).collect::<Vec<_>>(),
        }))?;
    } else {
        output::text(&text(standing, &before, &after))?;
    }
    Ok(ExitCode::from(match standing {
        Standing::InForce => 0,
        Standing::NotEnrolled | Standing::SignedOut | Standing::Refused | Standing::NotTaken => 1,
        Standing::Busy | Standing::ServiceUnreachable | Standing::PluginMissing | Standing::Unknown => 2,
    }))
}

/// Asks the agent, and believes nobody but a process of this user or of root.
fn compare(args: &Args) -> anyhow::Result<Standing> {
    let uid = user_id();
    let name = agent::name(uid, args.machine.control_socket());
    let missing = || {
        format!(
            "no agent of this user (uid {uid}) runs; start it with `systemctl --user start pullgated`, or run this as \
             the user whose agent is meant"
        )
    };
    // What the kernel says of the listener, before anything is believed.
    let (stream, holder) = agent::connect(&name).map_err(|error| match error.kind() {
        ErrorKind::Unsupported => anyhow!(
            "an agent answers nobody on this system; what the service publishes arrives by itself, and `pullgate \
             status` shows what is in force"
        ),
        _ => anyhow!(missing()),
    })?;
    ensure!(holder.uid == uid || holder.uid == 0, missing());
    stream.set_read_timeout(Some(LIMIT))?;
    told(stream)
}

/// What the agent says when it is done.
fn told(agent: impl Read) -> anyhow::Result<Standing> {
    let mut line = String::new();
    let read = BufReader::new(agent.take(MAX_ANSWER_BYTES)).read_line(&mut line);
    read.map_err(|_| anyhow!("the agent did not answer within {} s; {JOURNAL} says what it does", LIMIT.as_secs()))?;
    ensure!(!line.is_empty(), "the agent ended without an answer; run the command again");
    let compared: Compared = serde_json::from_str(&line)
        .map_err(|error| anyhow!("the agent's answer cannot be read ({error}); `pullgate doctor` compares versions"))?;
    Ok(compared.standing)
}

fn generation(status: &StatusResponse, organization: &str) -> Option<u64> {
    status.policies.iter().find(|policy| policy.organization == organization).map(|policy| policy.generation)
}

fn text(standing: Standing, before: &StatusResponse, after: &StatusResponse) -> String {
    let what = match standing {
        Standing::InForce => "what the policy service wants is in force",
        Standing::Busy => "the agent is still at it; `pullgate status --watch` shows when it is done",
        Standing::NotEnrolled => "this machine is not enrolled with a policy service",
        Standing::SignedOut => "nobody is signed in; sign in with `docker login` or `pullgate login`",
        Standing::Refused => "the policy service does not accept the sign-in; sign in again",
        Standing::ServiceUnreachable => {
            "the policy service cannot be asked; what is in force stays, and `pullgate doctor` says why"
        }
        Standing::PluginMissing => "the agent does not reach the plugin; `pullgate doctor` says why",
        Standing::NotTaken => "the plugin does not take what the service sent; the agent's log says why",
        Standing::Unknown => "the agent is of a later version and says something that this command does not know",
    };
    let mut text = what.to_owned();
    for policy in &after.policies {
        let change = match generation(before, &policy.organization) {
            Some(earlier) if earlier == policy.generation => format!("generation {}, as before", policy.generation),
            Some(earlier) => format!("generation {earlier} -> {}", policy.generation),
            None => format!("generation {}, new here", policy.generation),
        };
        let switch = if policy.enabled { policy.mode.as_str() } else { "off" };
        text.push_str(&format!("\n{}: {change}, {switch}, {}", policy.organization, policy.age));
    }
    text
}

#[cfg(test)]
mod tests {
    use proto::control::PolicyInForce;

    use super::*;

    fn status(policies: &[(&str, u64)]) -> StatusResponse {
        let policy = |(organization, generation): &(&str, u64)| PolicyInForce {
            organization: (*organization).to_owned(),
            generation: *generation,
            enabled: true,
            mode: "enforce".into(),
            age: "fresh".into(),
        };
        StatusResponse { policies: policies.iter().map(policy).collect(), ..StatusResponse::default() }
    }

    #[test]
    fn what_is_in_force_now_and_was_before_is_told() {
        let (before, after) =
            (status(&[("acme", 7), ("globex", 3)]), status(&[("acme", 8), ("globex", 3), ("new", 1)]));
        let mut all = text(Standing::InForce, &before, &after);
        for standing in [
            Standing::Busy,
            Standing::NotEnrolled,
            Standing::SignedOut,
            Standing::Refused,
            Standing::ServiceUnreachable,
            Standing::PluginMissing,
            Standing::NotTaken,
            Standing::Unknown,
        ] {
            all.push_str(&format!("\n\n{}", text(standing, &before, &status(&[]))));
        }
        crate::snapshot::check("sync", &all);
    }
}
