//! What organizations keep of decisions, and what is forgotten.

use super::{
    Reading, Store, StoreError, Writing,
    counts::day,
    daily::Subject,
    sql::{Query, Value, made, query, query_as, query_scalar},
};
use crate::model::{AllowedPulls, Keeping, from_word, word};

const DAY_MS: i64 = 86_400_000;
/// A record that is sent again is known for this long after everything else of it was forgotten, in milliseconds:
/// a laptop that lay in a drawer meanwhile may not have heard that it arrived.
const GRACE_MS: i64 = 30 * DAY_MS;
/// Rows that are forgotten in one change: some ten milliseconds, in which nobody else changes anything.
const BATCH: u64 = 1000;

type Row = (String, Option<i64>);

fn keeping((allowed_pulls, keep_records): Row) -> Result<Keeping, StoreError> {
    let allowed_pulls = from_word(&allowed_pulls).map_err(StoreError::unknown("allowed_pulls"))?;
    Ok(Keeping { allowed_pulls, keep_records })
}

impl Reading {
    /// What the organization keeps.
    pub(crate) async fn keeping(&mut self, organization: i64) -> Result<Keeping, StoreError> {
        let sql = "SELECT allowed_pulls, keep_records FROM organizations WHERE id = $1";
        keeping(query_as(sql).bind(organization).fetch_one(&mut self.0).await?)
    }

    /// The same of all, by name.
    pub(crate) async fn all_keeping(&mut self) -> Result<Vec<(String, Keeping)>, StoreError> {
        let sql = "SELECT name, allowed_pulls, keep_records FROM organizations ORDER BY name";
        let rows: Vec<(String, String, Option<i64>)> = query_as(sql).fetch_all(&mut self.0).await?;
        rows.into_iter().map(|(name, allowed, keep)| Ok((name, keeping((allowed, keep))?))).collect()
    }

    /// When a machine was heard of last, milliseconds since the Unix epoch; none: never.
    async fn newest_record_ms(&mut self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT MAX(received_at_ms) FROM records";
        let kept: Option<i64> = query_scalar(sql).fetch_one(&mut self.0).await?;
        let sql = "SELECT MAX(received_at_ms) FROM machine_generations";
        let heard: Option<i64> = query_scalar(sql).fetch_one(&mut self.0).await?;
        Ok(kept.max(heard))
    }
}

impl Writing {
    /// Replaces what the organization keeps. What is there already and is not to be kept any more, the next
    /// [`Store::forget_records`] forgets.
    pub(crate) async fn set_keeping(&mut self, organization: i64, keeping: Keeping) -> Result<(), StoreError> {
        let sql = "UPDATE organizations SET allowed_pulls = $1, keep_records = $2 WHERE id = $3";
        let allowed_pulls = word(keeping.allowed_pulls);
        query(sql).bind(allowed_pulls).bind(keeping.keep_records).bind(organization).execute(&mut self.0.0).await?;
        Ok(())
    }
}

/// What is forgotten of an organization.
struct Due {
    /// Its name; empty: what belongs to none, which is the service's.
    organization: String,
    /// What was received before, milliseconds since the Unix epoch.
    before_ms: i64,
    allowed_pulls: AllowedPulls,
}

impl Due {
    /// Statements that find the keys of what is due in a table, with the table and its key.
    fn each(&self) -> Vec<Keys> {
        let (organization, before_day) = (&self.organization, day(self.before_ms));
        let older = |table: Table, and: &str, before: i64| {
            Keys::of(table, format!("organization = $1 AND {and}")).bind(organization).bind(before)
        };
        let mut all =
            vec![older(RECORDS, "received_at_ms < $2", self.before_ms), older(DECISION_COUNTS, "day < $2", before_day)];
        for subject in Subject::ALL {
            all.push(older(DAILY_COUNTS, "day < $2 AND subject = $3", before_day).bind(subject.word()));
        }
        if self.allowed_pulls != AllowedPulls::All {
            let allowed = "organization = $1 AND allowed AND NOT would_deny AND act = ''";
            all.push(Keys::of(RECORDS, allowed.to_owned()).bind(organization));
        }
        if self.allowed_pulls == AllowedPulls::None {
            let allowed = "organization = $1 AND decision = 'allowed'";
            all.push(Keys::of(DECISION_COUNTS, allowed.to_owned()).bind(organization));
            all.push(Keys::of(DAILY_COUNTS, allowed.to_owned()).bind(organization));
        }
        all
    }
}

/// A table and the columns of its key.
type Table = (&'static str, &'static str);
const RECORDS: Table = ("records", "machine_id, id");
const DECISION_COUNTS: Table =
    ("decision_counts", "organization, day, account, action, image, decision, reason, category, rule");
const DAILY_COUNTS: Table = ("daily_counts", "organization, subject, day, name, decision");
const RECORD_IDS: Table = ("record_ids", "digest");

/// Rows of a table that are due.
#[derive(Clone)]
struct Keys {
    table: Table,
    /// With placeholders from `$1` on.
    condition: String,
    values: Vec<Value>,
}

impl Keys {
    fn of(table: Table, condition: String) -> Self {
        Self { table, condition, values: Vec::new() }
    }

    fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    fn statement(&self, sql: String) -> Query {
        self.values.iter().cloned().fold(made(sql), Query::bind)
    }

    async fn any(&self, view: &mut Reading) -> Result<bool, StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {})", self.table.0, self.condition);
        let (any,): (bool,) = self.statement(sql).rows().fetch_one(&mut view.0).await?;
        Ok(any)
    }

    /// Forgets at most [`BATCH`] of them. Returns how many.
    async fn forget_some(&self, change: &mut Writing) -> Result<u64, StoreError> {
        let ((table, key), condition) = (self.table, &self.condition);
        let some = format!("SELECT {key} FROM {table} WHERE {condition} LIMIT {BATCH}");
        let sql = format!("DELETE FROM {table} WHERE ({key}) IN ({some})");
        self.statement(sql).execute(&mut change.0.0).await
    }
}

impl Store {
    /// Forgets what was received longer ago than it is kept, before both `now_ms` and the newest record: a clock that
    /// jumps ahead forgets nothing. And what an organization does not keep at all. Returns how many records.
    ///
    /// Many small changes, each of which waits for its turn: whoever publishes or reports waits for one of them at most.
    pub(crate) async fn forget_records(&self, now_ms: i64, keep_ms: i64) -> Result<u64, StoreError> {
        let mut view = self.read().await?;
        let Some(newest_ms) = view.newest_record_ms().await? else { return Ok(0) };
        let now_ms = now_ms.min(newest_ms);
        let mut organizations = view.all_keeping().await?;
        drop(view);
        // Of what concerns no organization only refusals are kept, and the service's own acts.
        organizations.push((String::new(), Keeping { allowed_pulls: AllowedPulls::Counts, keep_records: None }));
        let (mut forgotten, mut longest_ms) = (0, keep_ms);
        for (organization, Keeping { allowed_pulls, keep_records }) in organizations {
            let keep_ms = keep_records.map_or(keep_ms, |seconds| seconds.saturating_mul(1000));
            longest_ms = longest_ms.max(keep_ms);
            let due = Due { organization, before_ms: now_ms.saturating_sub(keep_ms), allowed_pulls };
            for keys in due.each() {
                let gone = self.forget_all(&keys).await?;
                forgotten += if keys.table == RECORDS { gone } else { 0 };
            }
        }
        let before = day(now_ms.saturating_sub(longest_ms).saturating_sub(GRACE_MS));
        self.forget_all(&Keys::of(RECORD_IDS, "day < $1".to_owned()).bind(before)).await?;
        Ok(forgotten)
    }

    /// Forgets them all. Returns how many.
    async fn forget_all(&self, keys: &Keys) -> Result<u64, StoreError> {
        // Looked for first: nobody waits for a search that finds nothing.
        if !keys.any(&mut self.read().await?).await? {
            return Ok(0);
        }
        let mut forgotten = 0;
        loop {
            let mut change = self.write().await?;
            let gone = keys.forget_some(&mut change).await?;
            change.commit().await?;
            forgotten += gone;
            if gone < BATCH {
                return Ok(forgotten);
            }
        }
    }
}
