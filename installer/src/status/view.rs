//! What people read of it.

use proto::{
    control::{InForce, PolicyInForce, SessionInForce, StatusResponse},
    sync::Kind,
};

use super::{
    coverage::{Configured, State, Way},
    disabled,
    health::{Health, Verdict},
    seen::{Agent, Seen},
};
use crate::{
    output::{Text, Tone},
    when,
};

/// All of it: the answer, the parts, the ways in.
pub fn text(seen: &Seen, health: &Health, ways: &[Way]) -> Text {
    let mut text = Text::new();
    text.push(tone(health.verdict, health.root.is_some()), health.line());
    for cause in &health.also {
        let next = if cause.next.is_empty() { String::new() } else { format!(" -> {}", cause.next) };
        text.push(Tone::Warn, format!("\nalso: {}{next}", cause.what));
    }
    text.plain("\n");
    for line in parts(seen) {
        text.plain(format!("\n{line}"));
    }
    table(&mut text, ways);
    text
}

const fn tone(verdict: Verdict, with_cause: bool) -> Tone {
    match (verdict, with_cause) {
        (Verdict::Enforced, false) => Tone::Good,
        (Verdict::Enforced, true) | (Verdict::Partly | Verdict::Unknown, _) => Tone::Warn,
        (Verdict::NotEnforced, _) => Tone::Bad,
    }
}

/// A line each, with a heading of one or two words.
pub fn parts(seen: &Seen) -> Vec<String> {
    let mut lines = Vec::new();
    match &seen.plugin {
        Ok(status) => {
            lines.push(format!(
                "plugin      {} on machine {}, up {}",
                status.version,
                status.machine_id,
                when::span(seen.now_ms.saturating_sub(status.started_at_ms))
            ));
            lines.extend(sign_in(status));
            lines.extend(sessions(status));
            lines.extend(policies(status, seen.now_ms));
            lines.push(engine(seen, status));
            if status.names_remembered > 0 {
                lines.push(format!("names       {} image names stand for other content", status.names_remembered));
            }
        }
        Err(_) => {
            lines
                .push("plugin      does not answer; who is signed in, and under which policy, is not known".to_owned());
        }
    }
    match seen.agent {
        Agent::Runs(process) => lines.push(format!("agent       runs (process {process})")),
        Agent::Missing => lines.push("agent       none runs for you".to_owned()),
        Agent::NotExpected => {}
        Agent::NotTold => lines.push("agent       whether one runs for you cannot be told on this system".to_owned()),
    }
    if seen.disabled == disabled::Seen::NotVisible {
        lines.push("disabled    not visible to you; root sees whether `pullgate disable` is in force".to_owned());
    }
    lines.extend(seen.door.lines());
    lines
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

fn sessions(status: &StatusResponse) -> Vec<String> {
    let line = |session: &SessionInForce| {
        let expired = if session.expired { ", expired" } else { "" };
        let organizations = session.organizations.join(", ");
        format!("signed in   {} (uid {}{expired}) of {organizations}", session.user, session.uid)
    };
    match status.sessions.as_slice() {
        [] => vec!["signed in   nobody".to_owned()],
        sessions => sessions.iter().map(line).collect(),
    }
}

fn policies(status: &StatusResponse, now_ms: i64) -> Vec<String> {
    let line = |policy: &PolicyInForce| {
        let switch = if policy.enabled { policy.mode.as_str() } else { "off" };
        let of = |document: &&InForce| document.kind() == Kind::Policy && document.subject == policy.organization;
        let since = status.in_force.iter().find(of).map(|document| {
            let age = now_ms.saturating_sub(document.issued_at.saturating_mul(1000));
            format!(", sealed {} ago", when::span(age))
        });
        let (name, generation, age) = (&policy.organization, policy.generation, &policy.age);
        format!("policy      {name}: {switch}, generation {generation}, {age}{}", since.unwrap_or_default())
    };
    match status.policies.as_slice() {
        [] => vec!["policy      none in force".to_owned()],
        policies => policies.iter().map(line).collect(),
    }
}

fn engine(seen: &Seen, status: &StatusResponse) -> String {
    let version = match (seen.engine.version_text.as_str(), status.engine_version.as_str()) {
        ("", "") => "",
        ("", told) => told,
        (version, _) => version,
    };
    let version = if version.is_empty() { String::new() } else { format!("{version} ") };
    let socket = seen.engines.socket.display();
    let last = match status.last_request_at_ms {
        0 => "never".to_owned(),
        at_ms => format!("{} ago", when::span(seen.now_ms.saturating_sub(at_ms))),
    };
    format!(
        "engine      {version}at `{socket}`; asked {} times, last {last}; {} refused",
        status.requests, status.denials
    )
}

fn table(text: &mut Text, ways: &[Way]) {
    text.push(Tone::Strong, format!("\n\n{:<26} {:<12} {:<12} why", "way in", "configured", "enforced"));
    for way in ways {
        let configured = match way.configured {
            Configured::Yes => Tone::Plain,
            Configured::No | Configured::Unknown => Tone::Faint,
        };
        let (tone, enforced) = match way.state {
            State::Enforced => (Tone::Good, "yes"),
            State::Open => (Tone::Bad, "open"),
            state @ (State::NotProved | State::NotVisible) => (Tone::Warn, state.code()),
        };
        text.plain(format!("\n{:<26} ", way.what));
        text.push(configured, format!("{:<12} ", way.configured.code()));
        match way.why.as_str() {
            "" => text.push(tone, enforced),
            why => text.push(tone, format!("{enforced:<12} ")).push(Tone::Faint, why),
        };
    }
}
