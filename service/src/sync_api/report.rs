//! Decision records from machines.
//!
//! A machine cannot repair a record that is already written, and refusing the call would
//! stop all records behind it. So what cannot be kept is dropped, counted and logged.
//!
//! What a machine says is a claim: nothing in it steers a terminal, belongs to a time that has
//! not come, or speaks for an organization that the reporting account was never a member of.

use std::time::Instant;

use prost::Message as _;
use proto::sync::{Act, Record, ReportRequest};
use tonic::Status;
use ulid::Ulid;

use super::{
    account,
    budget::{Budgets, is_low, room},
    exhausted, posture,
    postures::Postures,
    unavailable,
};
use crate::{
    clock,
    identity::Agent,
    metrics::{Metrics, Reported},
    model::Account,
    plain::{is_word, plain},
    store::{AgentKey, MAX_AHEAD_MS, RecordRow, Store, StoreError, Stored},
};

/// Most records of one call.
pub const MAX_RECORDS: usize = 1000;
/// Longest record, in bytes as sent.
const MAX_RECORD_BYTES: usize = 8 << 10;
/// Longest code word (action, reason, category, evidence, coverage), in bytes.
const MAX_WORD_BYTES: usize = 64;
/// Longest name (organization, rule, user), in bytes.
const MAX_NAME_BYTES: usize = 255;
/// Longest image reference, in bytes: what the engine takes.
const MAX_IMAGE_BYTES: usize = 4096;
/// Most users with a session on one machine.
const MAX_USERS: usize = 64;

/// What a report is held against, and where it goes.
#[derive(Clone, Copy)]
pub(super) struct Keeping<'a> {
    pub store: &'a Store,
    pub budgets: &'a Budgets,
    pub metrics: &'a Metrics,
    pub postures: &'a Postures,
}

/// Counts the new ones, keeps what is to be kept of them, and says how many there were.
pub(super) async fn store(keeping: Keeping<'_>, agent: &Agent, request: ReportRequest) -> Result<u32, Status> {
    let Keeping { store, budgets, metrics, postures } = keeping;
    let sent = request.records.len();
    if sent > MAX_RECORDS {
        return Err(Status::invalid_argument(format!("a report holds at most {MAX_RECORDS} records, this one {sent}")));
    }
    // Checked against the account also when there is nothing to store: an ended token reports nothing.
    let (account, organizations) = speaker(store, agent).await?;
    // A server's disk is the server's to watch.
    if let Some(directory) = store.directory() {
        let (free, size) = room(directory).map_err(|error| unavailable(&error))?;
        if is_low(free, size) {
            tracing::error!(free, size, "the disk of the data directory is nearly full: no records are taken");
            return Err(Status::unavailable("the service has no room for records now; try again later"));
        }
    }
    let cost = (sent as u64, request.encoded_len() as u64);
    budgets.spend(&agent.user, cost.0, cost.1, Instant::now()).map_err(|wait| {
        tracing::warn!(user = %agent.user, machine = %agent.machine_id, wait = wait.as_secs(), "too many records");
        exhausted("this account reported more records than it may in an hour; try again later", wait)
    })?;
    let now_ms = clock::now_ms();
    let row = |record| row(record, agent, &organizations, now_ms);
    let rows: Vec<RecordRow> = request.records.into_iter().filter_map(row).collect();
    let refused = sent - rows.len();
    if refused > 0 {
        tracing::warn!(
            user = %agent.user,
            machine = %agent.machine_id,
            refused,
            "records of another machine, of a foreign organization or out of bounds were dropped"
        );
    }
    let posture = request.posture.map(|sent| posture::read(sent, &organizations));
    let told = Told { rows: &rows, dropped: request.dropped, refused };
    let key = AgentKey { account: account.id, machine_id: agent.machine_id.clone(), uid: agent.uid };
    let stored = add(store, agent, &key, told).await.map_err(|error| {
        budgets.refund(&agent.user, cost.0, cost.1);
        unavailable(&error)
    })?;
    if let Some(posture) = posture {
        postures.keep(key, posture, now_ms).await.inspect_err(|_| budgets.refund(&agent.user, cost.0, cost.1))?;
    }
    let Stored { new, unkept } = stored;
    let known = (rows.len() as u64).saturating_sub(new).saturating_sub(unkept);
    metrics.reported(Reported { new, known, unkept, refused: refused as u64, lost: request.dropped });
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// The account and the organizations it may speak of.
async fn speaker(store: &Store, agent: &Agent) -> Result<(Account, Vec<String>), Status> {
    let mut view = store.read().await.map_err(|error| unavailable(&error))?;
    let account = account(&mut view, agent).await?;
    let organizations = view.affiliations(account.id).await.map_err(|error| unavailable(&error))?;
    Ok((account, organizations))
}

/// What of a report is to be stored.
struct Told<'a> {
    rows: &'a [RecordRow],
    dropped: u64,
    refused: usize,
}

async fn add(store: &Store, agent: &Agent, key: &AgentKey, told: Told<'_>) -> Result<Stored, StoreError> {
    let Told { rows, dropped, refused } = told;
    if rows.is_empty() && dropped == 0 && refused == 0 {
        return Ok(Stored::default());
    }
    let mut change = store.write().await?;
    let stored = change.take_records(key.account, rows).await?;
    if !rows.is_empty() && change.bind_machine(&agent.machine_id, key.account).await? {
        tracing::warn!(
            user = %agent.user,
            machine = %agent.machine_id,
            "this machine is reported by accounts of unrelated organizations; one of them may be lying"
        );
    }
    if dropped > 0 || refused > 0 {
        let dropped = i64::try_from(dropped).unwrap_or(i64::MAX).min(1 << 40);
        change.add_lost(key, dropped, i64::try_from(refused).unwrap_or(i64::MAX)).await?;
    }
    if dropped > 0 {
        tracing::warn!(user = %agent.user, machine = %agent.machine_id, dropped, "a machine lost records");
    }
    change.commit().await?;
    Ok(stored)
}

/// The row to store; none when the record is not this machine's, speaks for an organization
/// that its reporter never was in, or holds what no plugin writes.
fn row(record: Record, agent: &Agent, organizations: &[String], received_at_ms: i64) -> Option<RecordRow> {
    let word = |text: &str| is_word(text, MAX_WORD_BYTES);
    let name = |text: &str| text.len() <= MAX_NAME_BYTES;
    let good = record.machine_id == agent.machine_id
        && record.encoded_len() <= MAX_RECORD_BYTES
        && record.id.len() == 26
        && Ulid::from_string(&record.id).is_ok()
        && record.at_ms >= 0
        && record.run >= 0
        && word(&record.action)
        && word(&record.reason)
        && word(&record.category)
        && word(&record.evidence)
        && word(&record.coverage)
        && (record.organization.is_empty() || organizations.contains(&record.organization))
        && name(&record.rule)
        && record.image.len() <= MAX_IMAGE_BYTES
        && record.users.len() <= MAX_USERS
        && record.users.iter().all(|user| name(user))
        && record.act.as_ref().is_none_or(|act| act.until_ms >= 0 && name(&act.user));
    good.then(|| RecordRow {
        id: record.id,
        machine_id: record.machine_id,
        at_ms: record.at_ms.min(received_at_ms.saturating_add(MAX_AHEAD_MS)),
        received_at_ms,
        reported_by: agent.user.clone(),
        action: record.action,
        image: plain(record.image),
        allowed: record.allowed,
        reason: record.reason,
        category: record.category,
        organization: record.organization,
        generation: i64::try_from(record.generation).unwrap_or(i64::MAX),
        rule: plain(record.rule),
        would_deny: record.would_deny,
        users: serde_json::Value::from(record.users.into_iter().map(plain).collect::<Vec<_>>()).to_string(),
        sequence: i64::try_from(record.sequence).unwrap_or(i64::MAX),
        run_ms: record.run,
        evidence: record.evidence,
        coverage: record.coverage,
        act: record.act.map(act).unwrap_or_default(),
        machine_disputed: false,
    })
}

fn act(act: Act) -> String {
    let Act { reason, until_ms, uid, user } = act;
    serde_json::json!({ "reason": plain(reason), "until_ms": until_ms, "uid": uid, "user": plain(user) }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Agent {
        Agent {
            user: "alice".to_owned(),
            machine_id: "m1".to_owned(),
            uid: 1,
            credential_epoch: 1,
            credential_expires_at: None,
            expires_at: 0,
        }
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
    fn only_true_looking_records_of_the_agents_machine_are_kept() {
        let row = |record| row(record, &agent(), &["acme".to_owned()], 1);
        assert!(row(record()).is_some());
        let spoil: [fn(&mut Record); 17] = [
            |r| r.machine_id = "m2".to_owned(),
            |r| r.id = "x".to_owned(),
            |r| r.id = "!".repeat(26),
            |r| r.at_ms = -1,
            |r| r.image = "x".repeat(MAX_IMAGE_BYTES + 1),
            |r| r.reason = "x".repeat(MAX_WORD_BYTES + 1),
            |r| r.users = vec![String::new(); MAX_USERS + 1],
            |r| r.rule = "x".repeat(MAX_NAME_BYTES + 1),
            |r| r.run = -1,
            |r| r.organization = "beta".to_owned(),
            |r| r.action = "pull\n".to_owned(),
            |r| r.reason = "\u{1b}[2J".to_owned(),
            |r| r.category = "com munity".to_owned(),
            |r| r.action = "Pull".to_owned(),
            |r| r.evidence = "\u{1b}[2J".to_owned(),
            |r| r.coverage = "x".repeat(MAX_WORD_BYTES + 1),
            // Each of them is within its own bound.
            |r| r.users = vec!["x".repeat(MAX_NAME_BYTES); MAX_USERS - 1],
        ];
        for spoil in spoil {
            let mut record = record();
            spoil(&mut record);
            assert!(row(record.clone()).is_none(), "{record:?}");
        }
    }

    #[test]
    fn what_is_kept_steers_no_terminal_and_belongs_to_no_later_time() {
        let evil = "x\u{1b}[2J\n\u{202e}y";
        let record = Record {
            image: evil.to_owned(),
            rule: evil.to_owned(),
            users: vec![evil.to_owned()],
            organization: "acme".to_owned(),
            at_ms: i64::MAX,
            sequence: 7,
            run: 5,
            ..record()
        };
        let row = row(record, &agent(), &["acme".to_owned()], 1000).unwrap();
        assert_eq!((row.image.as_str(), row.rule.as_str(), row.users.as_str()), ("x[2Jy", "x[2Jy", r#"["x[2Jy"]"#));
        assert_eq!((row.at_ms, row.sequence, row.run_ms), (1000 + MAX_AHEAD_MS, 7, 5));
    }
}
