//! Decisions that machines reported.

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Reading, StoreError, Writing,
    sql::{made, placeholders, query, query_as},
};

/// Rows of one statement: 20 values each stay far below SQLite's 32766 parameters.
const BATCH: usize = 500;

const INSERT: &str = "INSERT INTO records (id, machine_id, at_ms, received_at_ms, reported_by, action, image, allowed, \
                      reason, category, organization, generation, rule, would_deny, users, sequence, run_ms, \
                      evidence, coverage, act) VALUES";
const COLUMNS: usize = 20;
const ONCE: &str = "ON CONFLICT (machine_id, id) DO NOTHING";

/// One stored decision.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize)]
pub struct RecordRow {
    /// ULID, unique on its machine.
    pub id: String,
    /// Machine that decided.
    pub machine_id: String,
    /// Milliseconds since the Unix epoch, by the machine's clock.
    pub at_ms: i64,
    /// Milliseconds since the Unix epoch, by this service's clock.
    pub received_at_ms: i64,
    /// Account whose agent reported it.
    pub reported_by: String,
    /// Stable word.
    pub action: String,
    /// Normalised reference.
    pub image: String,
    /// The answer.
    pub allowed: bool,
    /// Stable code.
    pub reason: String,
    /// Stable code; may be empty.
    pub category: String,
    /// May be empty.
    pub organization: String,
    /// Policy generation that decided.
    pub generation: i64,
    /// Id of the rule that decided; may be empty.
    pub rule: String,
    /// Monitor mode.
    pub would_deny: bool,
    /// JSON array of user names.
    pub users: String,
    /// Counts the records of one run of the plugin from 1; 0: it does not count.
    pub sequence: i64,
    /// When that run started, milliseconds since the Unix epoch.
    pub run_ms: i64,
    /// What a started content is known by; empty: nothing starts, or an older plugin reported it.
    pub evidence: String,
    /// `enforced` or `open`: whether the plugin saw all that the action fetches; empty: an older plugin.
    pub coverage: String,
    /// JSON object: what an administrator of the machine did there; empty: a decision.
    pub act: String,
    /// Accounts of unrelated organizations reported this machine: one of them may be lying.
    #[sqlx(default)]
    pub machine_disputed: bool,
}

impl Reading {
    /// The newest records, newest first by this service's clock: no machine puts itself on top.
    pub(crate) async fn records(&mut self, limit: u32) -> Result<Vec<RecordRow>, StoreError> {
        let sql = "SELECT r.*, COALESCE(m.disputed, FALSE) AS machine_disputed FROM records r \
                   LEFT JOIN machines m ON m.machine_id = r.machine_id \
                   ORDER BY r.received_at_ms DESC, r.at_ms DESC, r.id DESC LIMIT $1";
        query_as(sql).bind(limit).fetch_all(&mut self.0).await
    }
}

impl Writing {
    /// Adds those that are not there.
    pub(super) async fn add_records<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a RecordRow>,
    ) -> Result<(), StoreError> {
        let records: Vec<&RecordRow> = records.into_iter().collect();
        for batch in records.chunks(BATCH) {
            let mut statement = made(format!("{INSERT} {} {ONCE}", placeholders(batch.len(), COLUMNS)));
            for record in batch {
                statement = statement
                    .bind(&record.id)
                    .bind(&record.machine_id)
                    .bind(record.at_ms)
                    .bind(record.received_at_ms)
                    .bind(&record.reported_by)
                    .bind(&record.action)
                    .bind(&record.image)
                    .bind(record.allowed)
                    .bind(&record.reason)
                    .bind(&record.category)
                    .bind(&record.organization)
                    .bind(record.generation)
                    .bind(&record.rule)
                    .bind(record.would_deny)
                    .bind(&record.users)
                    .bind(record.sequence)
                    .bind(record.run_ms)
                    .bind(&record.evidence)
                    .bind(&record.coverage)
                    .bind(&record.act);
            }
            statement.execute(&mut self.0.0).await?;
        }
        Ok(())
    }

    /// Binds the machine to whoever reports it first. True: it is bound to an account with which
    /// this one shares no organization, now or ever, and that is written down.
    pub(crate) async fn bind_machine(&mut self, machine_id: &str, account: i64) -> Result<bool, StoreError> {
        let sql = "INSERT INTO machines (machine_id, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        query(sql).bind(machine_id).bind(account).execute(&mut self.0.0).await?;
        let sql = "UPDATE machines SET disputed = TRUE WHERE machine_id = $1 AND account_id <> $2 AND NOT EXISTS \
                   (SELECT 1 FROM affiliations first JOIN affiliations later \
                   ON first.organization_id = later.organization_id \
                   WHERE first.account_id = machines.account_id AND later.account_id = $2)";
        let done = query(sql).bind(machine_id).bind(account).execute(&mut self.0.0).await?;
        Ok(done > 0)
    }
}
