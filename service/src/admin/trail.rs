//! `records` and `audit`.

use serde_json::json;

use super::{Admin, input};
use crate::store::{AuditLine, RecordRow};

pub(super) async fn records(admin: &Admin, limit: u32) -> anyhow::Result<()> {
    let records = admin.store.read().await?.records(limit).await?;
    if admin.out.json() {
        for record in &records {
            // `users` is an array for readers, and text in the database.
            let users: serde_json::Value = serde_json::from_str(&record.users).unwrap_or_default();
            let mut value = serde_json::to_value(record)?;
            value["users"] = users;
            admin.out.line("", &value);
        }
        return Ok(());
    }
    admin.out.lines(&records, "no machine reported a decision yet", record_text);
    Ok(())
}

fn record_text(record: &RecordRow) -> String {
    let effect = match (record.allowed, record.would_deny) {
        (true, true) => "would deny",
        (true, false) => "allow",
        (false, _) => "deny",
    };
    let users: Vec<String> = serde_json::from_str(&record.users).unwrap_or_default();
    format!(
        "{}  {effect:<10}  {:<16}  {:<8}  {}  {}  machine {}",
        input::date(record.at_ms / 1000),
        record.reason,
        record.action,
        record.image,
        users.join(","),
        record.machine_id,
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
        let place = if line.organization.is_empty() { String::new() } else { format!(" in {}", line.organization) };
        format!(
            "{}  {}  {} {}{place}  {}",
            input::date(line.at_ms / 1000),
            line.actor,
            line.act,
            line.target,
            line.detail
        )
    });
    Ok(())
}
