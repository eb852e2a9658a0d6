//! Decisions, counted by day.

use std::collections::BTreeMap;

use super::{
    RecordRow, StoreError, Writing,
    sql::{made, placeholders},
};

/// Rows of one statement: 10 values each stay far below SQLite's 32766 parameters.
const BATCH: usize = 1000;
const INSERT: &str = "INSERT INTO decision_counts (organization, day, account, action, image, decision, reason, category, rule, times) \
     VALUES";
const COLUMNS: usize = 10;
const ADD: &str = "ON CONFLICT (organization, day, account, action, image, decision, reason, category, rule) \
                   DO UPDATE SET times = decision_counts.times + excluded.times";
/// Longest image of a count, in bytes: plugins write less, and PostgreSQL's indexes take no long texts.
pub(super) const MAX_IMAGE_BYTES: usize = 600;

/// The day, since the Unix epoch, of a time in milliseconds.
pub(crate) fn day(at_ms: i64) -> i64 {
    at_ms.div_euclid(86_400_000)
}

/// The word of what became of it.
pub(super) fn decision(record: &RecordRow) -> &'static str {
    match (record.allowed, record.would_deny) {
        (false, _) => "denied",
        (true, true) => "would-deny",
        (true, false) => "allowed",
    }
}

/// What is counted as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    organization: &'a str,
    day: i64,
    account: &'a str,
    action: &'a str,
    image: &'a str,
    decision: &'static str,
    reason: &'a str,
    category: &'a str,
    rule: &'a str,
}

/// Decisions to count.
#[derive(Debug, Default)]
pub(super) struct Counts<'a>(BTreeMap<Key<'a>, i64>);

impl<'a> Counts<'a> {
    /// One more, for this organization.
    pub(super) fn add(&mut self, organization: &'a str, record: &'a RecordRow) {
        let key = Key {
            organization,
            day: day(record.received_at_ms),
            account: &record.reported_by,
            action: &record.action,
            image: if record.image.len() > MAX_IMAGE_BYTES { "" } else { &record.image },
            decision: decision(record),
            reason: &record.reason,
            category: &record.category,
            rule: &record.rule,
        };
        *self.0.entry(key).or_default() += 1;
    }
}

impl Writing {
    /// Adds them to what is counted.
    pub(super) async fn add_counts(&mut self, counts: &Counts<'_>) -> Result<(), StoreError> {
        let rows: Vec<_> = counts.0.iter().collect();
        for batch in rows.chunks(BATCH) {
            let mut statement = made(format!("{INSERT} {} {ADD}", placeholders(batch.len(), COLUMNS)));
            for (key, times) in batch {
                statement = statement
                    .bind(key.organization)
                    .bind(key.day)
                    .bind(key.account)
                    .bind(key.action)
                    .bind(key.image)
                    .bind(key.decision)
                    .bind(key.reason)
                    .bind(key.category)
                    .bind(key.rule)
                    .bind(**times);
            }
            statement.execute(&mut self.0.0).await?;
        }
        Ok(())
    }
}
