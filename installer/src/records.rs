//! `pullgate records`: what was decided lately on this machine, out of the plugin's memory.

use std::{process::ExitCode, time::Duration};

use clap::Args as ClapArgs;
use proto::{
    control::{RecentRequest, RecentResponse},
    sync::Record,
};
use serde_json::{Value, json};

use crate::{
    machine::{AskError, Machine},
    output::{self, Text, Tone},
    when,
};

/// The plugin keeps 1000, in pages of 200; a plugin that never comes to an end is not believed.
const MAX_PAGES: usize = 50;

/// Show what was decided lately on this machine: the last 1000 decisions since the plugin started
///
/// Root sees all of them; who is signed in sees those that are about them or about nobody. The engine does not tell who
/// asked it, so that a record names everybody who was signed in. Exit code 0, also where there is none.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Only of this long: `90s`, `15m`, `2h`, `7d`
    #[arg(long, value_name = "SPAN", value_parser = when::parse_span)]
    since: Option<Duration>,
    /// Only what was refused, or would have been in monitor mode
    #[arg(long)]
    denied: bool,
    /// Only this one, as a refusal names it: `decision 01J9...`
    #[arg(long, value_name = "ID")]
    decision: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// # Errors
/// When the plugin cannot be asked, or does not tell this user.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (records, forgotten) = fetch(args)?;
    let wanted = |record: &&Record| args.decision.as_ref().is_none_or(|id| record.id.eq_ignore_ascii_case(id));
    let records: Vec<&Record> = records.iter().filter(wanted).collect();
    if args.json {
        for record in &records {
            output::line(&to_json(record))?;
        }
    } else {
        output::show(&text(&records, forgotten))?;
    }
    // Asked for one by its name, there is an answer or there is none.
    Ok(ExitCode::from(u8::from(args.decision.is_some() && records.is_empty())))
}

fn fetch(args: &Args) -> Result<(Vec<Record>, u64), AskError> {
    let since_ms = args
        .since
        .map_or(0, |since| when::now_ms().saturating_sub(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)).max(0));
    args.machine.ask(async |mut plugin| {
        let mut records = Vec::new();
        let mut request = RecentRequest { after: 0, run: 0, since_ms, refused: args.denied };
        let mut forgotten = 0;
        for _ in 0..MAX_PAGES {
            let page: RecentResponse = plugin.recent(request).await?.into_inner();
            records.extend(page.records);
            forgotten = page.forgotten;
            if !page.more {
                break;
            }
            (request.after, request.run) = (page.last, page.run);
        }
        Ok((records, forgotten))
    })
}

/// As the service's own records have it.
pub(crate) fn to_json(record: &Record) -> Value {
    json!({
        "id": record.id,
        "at_ms": record.at_ms,
        "action": record.action,
        "image": record.image,
        "effect": if record.allowed { "allow" } else { "deny" },
        "would_deny": record.would_deny,
        "reason": record.reason,
        "category": record.category,
        "organization": record.organization,
        "generation": record.generation,
        "rule": record.rule,
        "users": record.users,
        "evidence": record.evidence,
        "coverage": record.coverage,
    })
}

fn text(records: &[&Record], forgotten: u64) -> Text {
    let mut text = Text::new();
    if records.is_empty() {
        text.plain("no such decision is kept");
    } else {
        text.push(Tone::Strong, format!("{:<23} {:<13} {:<24} what", "when", "answer", "why"));
    }
    for record in records {
        let (tone, answer) = match (record.allowed, record.would_deny) {
            (false, _) => (Tone::Bad, "refused"),
            (true, true) => (Tone::Warn, "would refuse"),
            (true, false) => (Tone::Good, "allowed"),
        };
        text.plain(format!("\n{:<23} ", when::moment(record.at_ms))).push(tone, format!("{answer:<14}"));
        let why = [record.reason.as_str(), record.category.as_str()];
        let why: Vec<&str> = why.into_iter().filter(|part| !part.is_empty()).collect();
        text.plain(format!("{:<24} {}", why.join(", "), what(record)));
        text.push(Tone::Faint, format!(" {}", details(record)));
    }
    if forgotten > 0 {
        text.push(
            Tone::Faint,
            format!("\n{forgotten} earlier ones are not kept here any more; the policy service has them"),
        );
    }
    text
}

fn what(record: &Record) -> String {
    match record.image.as_str() {
        "" => record.action.clone(),
        image => format!("{} {image}", record.action),
    }
}

fn details(record: &Record) -> String {
    let organization = match record.organization.as_str() {
        "" => String::new(),
        name => format!("{name} generation {}, ", record.generation),
    };
    let users = if record.users.is_empty() { "nobody".to_owned() } else { record.users.join(", ") };
    let rule = if record.rule.is_empty() { String::new() } else { format!("rule {}, ", record.rule) };
    format!("({organization}{rule}signed in: {users}; {})", record.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read() {
        let refused = Record {
            id: "01J9ZX3M5Y8Q2W4E6R7T9Y1U3I".into(),
            at_ms: 1_795_691_045_000,
            action: "pull".into(),
            image: "docker.io/evil/miner:latest".into(),
            reason: "category".into(),
            category: "community".into(),
            organization: "acme".into(),
            generation: 7,
            users: vec!["dana".into(), "eve".into()],
            ..Record::default()
        };
        let allowed = Record {
            allowed: true,
            reason: "allowlisted".into(),
            rule: "base-images".into(),
            image: "docker.io/library/alpine:3.20".into(),
            category: "official".into(),
            users: vec!["dana".into()],
            ..refused.clone()
        };
        let watched = Record { allowed: true, would_deny: true, ..refused.clone() };
        let build = Record {
            action: "build".into(),
            reason: "not_covered".into(),
            allowed: true,
            users: Vec::new(),
            ..Record { id: refused.id.clone(), at_ms: refused.at_ms, ..Record::default() }
        };
        let all = [&refused, &allowed, &watched, &build];
        let none = text(&[], 0);
        crate::snapshot::check("records", &format!("{}\n\n{none}\n\n{}", text(&all, 0), text(&[&refused], 1234)));
        assert_eq!(to_json(&refused)["effect"], "deny");
    }
}
