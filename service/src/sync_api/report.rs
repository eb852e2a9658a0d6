//! Decision records from machines.
//!
//! A machine cannot repair a record that is already written, and refusing the call would
//! stop all records behind it. So what cannot be kept is dropped, counted and logged.

use proto::sync::{Record, ReportRequest};
use tonic::Status;
use ulid::Ulid;

use super::unavailable;
use crate::{
    clock,
    identity::Agent,
    store::{AgentKey, RecordRow, Store, StoreError},
};

/// Most records of one call.
pub const MAX_RECORDS: usize = 1000;
/// Longest code word (action, reason, category), in bytes.
const MAX_WORD_BYTES: usize = 64;
/// Longest name (organization, rule, user), in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Longest image reference, in bytes: what the engine takes.
const MAX_IMAGE_BYTES: usize = 4096;
/// Most users with a session on one machine.
const MAX_USERS: usize = 64;

/// Stores the new ones and says how many there were.
pub(super) async fn store(store: &Store, agent: &Agent, request: ReportRequest) -> Result<u32, Status> {
    let sent = request.records.len();
    if sent > MAX_RECORDS {
        return Err(Status::invalid_argument(format!("a report holds at most {MAX_RECORDS} records, this one {sent}")));
    }
    let now_ms = clock::now_ms();
    let rows: Vec<RecordRow> = request.records.into_iter().filter_map(|record| row(record, agent, now_ms)).collect();
    if rows.len() < sent {
        tracing::warn!(
            user = %agent.user,
            machine = %agent.machine_id,
            dropped = sent - rows.len(),
            "records of another machine or out of bounds were dropped"
        );
    }
    // Checked against the account also when there is nothing to store: an ended token reports nothing.
    let added = add(store, agent, &rows, request.dropped).await.map_err(|error| unavailable(&error))?;
    added.ok_or_else(|| {
        Status::unauthenticated("the account's credentials changed since it signed in here; sign in again")
    })
}

/// None: the account's credentials ended.
async fn add(store: &Store, agent: &Agent, rows: &[RecordRow], dropped: u64) -> Result<Option<u32>, StoreError> {
    let account = store.read().await?.account(&agent.user).await?;
    let Some(account) = account.filter(|a| !a.removed && a.credential_epoch == agent.credential_epoch) else {
        return Ok(None);
    };
    if rows.is_empty() && dropped == 0 {
        return Ok(Some(0));
    }
    let mut change = store.write().await?;
    let stored = change.add_records(rows).await?;
    if dropped > 0 {
        let key = AgentKey { account: account.id, machine_id: agent.machine_id.clone(), uid: agent.uid };
        change.add_dropped(&key, i64::try_from(dropped).unwrap_or(i64::MAX).min(1 << 40)).await?;
        tracing::warn!(user = %agent.user, machine = %agent.machine_id, dropped, "a machine lost records");
    }
    change.commit().await?;
    Ok(Some(u32::try_from(stored.new).unwrap_or(u32::MAX)))
}

/// The row to store; none when the record is not this machine's or holds what no plugin writes.
fn row(record: Record, agent: &Agent, received_at_ms: i64) -> Option<RecordRow> {
    let word = |text: &str| text.len() <= MAX_WORD_BYTES;
    let name = |text: &str| text.len() <= MAX_NAME_BYTES;
    let good = record.machine_id == agent.machine_id
        && record.id.len() == 26
        && Ulid::from_string(&record.id).is_ok()
        && record.at_ms >= 0
        && word(&record.action)
        && word(&record.reason)
        && word(&record.category)
        && name(&record.organization)
        && name(&record.rule)
        && record.image.len() <= MAX_IMAGE_BYTES
        && record.users.len() <= MAX_USERS
        && record.users.iter().all(|user| name(user));
    good.then(|| RecordRow {
        id: record.id,
        machine_id: record.machine_id,
        at_ms: record.at_ms,
        received_at_ms,
        reported_by: agent.user.clone(),
        action: record.action,
        image: record.image,
        allowed: record.allowed,
        reason: record.reason,
        category: record.category,
        organization: record.organization,
        generation: i64::try_from(record.generation).unwrap_or(i64::MAX),
        rule: record.rule,
        would_deny: record.would_deny,
        users: serde_json::Value::from(record.users).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent { user: "alice".to_owned(), machine_id: "m1".to_owned(), uid: 1, credential_epoch: 1, expires_at: 0 }
    }

    fn record() -> Record {
        Record {
            id: "01J9ZK3V3N0000000000000000".to_owned(),
            machine_id: "m1".to_owned(),
            action: "pull".to_owned(),
            users: vec!["alice".to_owned()],
            ..Record::default()
        }
    }

    #[test]
    fn only_records_of_the_agents_machine_and_within_bounds_are_kept() {
        assert!(row(record(), &agent(), 1).is_some());
        let spoil: [fn(&mut Record); 8] = [
            |r| r.machine_id = "m2".to_owned(),
            |r| r.id = "x".to_owned(),
            |r| r.id = "!".repeat(26),
            |r| r.at_ms = -1,
            |r| r.image = "x".repeat(MAX_IMAGE_BYTES + 1),
            |r| r.reason = "x".repeat(MAX_WORD_BYTES + 1),
            |r| r.users = vec![String::new(); MAX_USERS + 1],
            |r| r.rule = "x".repeat(MAX_NAME_BYTES + 1),
        ];
        for spoil in spoil {
            let mut record = record();
            spoil(&mut record);
            assert!(row(record.clone(), &agent(), 1).is_none(), "{record:?}");
        }
    }
}
