//! `records`, `audit` and `sign-ins`.

use serde_json::json;

use super::{Admin, input};
use crate::{
    plain::{Field, Sentence},
    store::{AuditLine, RecordRow, SignInRow},
};

pub(super) async fn records(admin: &Admin, limit: u32) -> anyhow::Result<()> {
    let records = admin.store.read().await?.records(limit).await?;
    if admin.out.json() {
        for record in &records {
            // `users` is an array for readers, and text in the database.
            let users: serde_json::Value = serde_json::from_str(&record.users).unwrap_or_default();
            let mut value = serde_json::to_value(record)?;
            value["users"] = users;
            // So is what was done; a decision has none.
            value["act"] = serde_json::from_str(&record.act).unwrap_or_default();
            admin.out.line("", &value);
        }
        return Ok(());
    }
    admin.out.lines(&records, "no machine reported a decision yet", record_text);
    Ok(())
}

fn record_text(record: &RecordRow) -> String {
    if !record.act.is_empty() {
        return act_text(record);
    }
    let effect = match (record.allowed, record.would_deny) {
        (true, true) => "would deny",
        (true, false) => "allow",
        (false, _) => "deny",
    };
    let users: Vec<String> = serde_json::from_str(&record.users).unwrap_or_default();
    // What is as it should be needs no words.
    let known = match record.evidence.as_str() {
        "" => String::new(),
        evidence => format!("  known by {}", Field(evidence)),
    };
    let open = if record.coverage == "open" { "  coverage open" } else { "" };
    let disputed = if record.machine_disputed { "  ! machine reported by unrelated organizations" } else { "" };
    format!(
        "{}  {effect:<10}  {:<16}  {:<8}  {}{known}{open}  {}  machine {}  reported by {}{disputed}",
        input::date(record.at_ms / 1000),
        Field(&record.reason),
        Field(&record.action),
        Field(&record.image),
        Field(&users.join(",")),
        Field(&record.machine_id),
        Field(&record.reported_by),
    )
}

/// What an administrator of a machine did there.
fn act_text(record: &RecordRow) -> String {
    let act: serde_json::Value = serde_json::from_str(&record.act).unwrap_or_default();
    let until = match act["until_ms"].as_i64() {
        Some(until_ms) if until_ms > 0 => format!("  until {}", input::date(until_ms / 1000)),
        _ => String::new(),
    };
    let reason = act["reason"].as_str().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!("  because: {}", Sentence(reason))).unwrap_or_default();
    let uid = act["uid"].as_u64().unwrap_or_default();
    let user = match act["user"].as_str() {
        Some(user) if !user.is_empty() => format!("{} ({uid})", Field(user)),
        _ => format!("user id {uid}"),
    };
    let disputed = if record.machine_disputed { "  ! machine reported by unrelated organizations" } else { "" };
    format!(
        "{}  {:<10}  {:<16}  by {user}{until}{reason}  machine {}  reported by {}{disputed}",
        input::date(record.at_ms / 1000),
        Field(&record.action),
        Field(&record.reason),
        Field(&record.machine_id),
        Field(&record.reported_by),
    )
}

pub(super) async fn audit(admin: &Admin, limit: u32) -> anyhow::Result<()> {
    let lines = admin.store.read().await?.audit_lines(limit).await?;
    if admin.out.json() {
        for line in &lines {
            let mut value = serde_json::to_value(line)?;
            value["detail"] = serde_json::from_str(&line.detail).unwrap_or_else(|_| json!({}));
            admin.out.line("", &value);
        }
        return Ok(());
    }
    admin.out.lines(&lines, "nothing was administered yet", |line: &AuditLine| {
        let place =
            if line.organization.is_empty() { String::new() } else { format!(" in {}", Field(&line.organization)) };
        format!(
            "{}  {}  {} {}{place}  {}",
            input::date(line.at_ms / 1000),
            Field(&line.actor),
            Field(line.act.as_str()),
            Sentence(&line.target),
            Sentence(&line.detail)
        )
    });
    Ok(())
}

pub(super) async fn sign_ins(admin: &Admin, limit: u32) -> anyhow::Result<()> {
    let rows = admin.store.read().await?.sign_ins(limit).await?;
    admin.out.lines(&rows, "nobody tried to sign in yet", |row: &SignInRow| {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { Field(text).to_string() };
        let machine = match row.machine_id.as_str() {
            "" => String::new(),
            machine => format!("  machine {}", Field(machine)),
        };
        let count = if row.count == 1 { String::new() } else { format!("  {} times within a minute", row.count) };
        format!(
            "{}  {:<11}  {:<12}  {:<18}  {}  from {}{machine}{count}",
            input::date(row.at_ms / 1000),
            Field(&row.outcome),
            Field(&row.via),
            Field(&row.credential),
            or(&row.account, "(no account)"),
            or(&row.peer, "many addresses"),
        )
    });
    Ok(())
}
