//! Counts of a day, of what pages show of many days at once.

use std::collections::BTreeMap;

use super::{
    RecordRow, StoreError, Writing,
    counts::{MAX_IMAGE_BYTES, day, decision},
    sql::{made, placeholders},
};

/// Rows of one statement: 7 values each stay far below SQLite's 32766 parameters.
const BATCH: usize = 1000;
const INSERT: &str = "INSERT INTO daily_counts (organization, subject, day, name, decision, times, last_ms) VALUES";
const COLUMNS: usize = 7;
const ADD: &str = "ON CONFLICT (organization, subject, day, name, decision) DO UPDATE SET \
                   times = daily_counts.times + excluded.times, \
                   last_ms = CASE WHEN daily_counts.last_ms > excluded.last_ms THEN daily_counts.last_ms \
                   ELSE excluded.last_ms END";

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// All decisions.
    All,
    /// Those that refuse an image, or would, by image.
    Image,
    /// The same by account.
    Account,
    /// Those that a rule made, by rule.
    Rule,
}

impl Subject {
    pub(super) const ALL: [Self; 4] = [Self::All, Self::Image, Self::Account, Self::Rule];

    /// As the database has it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Image => "image",
            Self::Account => "account",
            Self::Rule => "rule",
        }
    }

    /// Which one a record is counted for; none: for none.
    fn name(self, record: &RecordRow) -> Option<&str> {
        let refused = !record.allowed || record.would_deny;
        match self {
            Self::All => Some(""),
            Self::Image => {
                let image = record.image.as_str();
                (refused && !image.is_empty() && image.len() <= MAX_IMAGE_BYTES).then_some(image)
            }
            Self::Account => refused.then_some(record.reported_by.as_str()),
            Self::Rule => Some(record.rule.as_str()).filter(|rule| !rule.is_empty()),
        }
    }
}

/// What is counted as the same.
type Key<'a> = (&'a str, Subject, i64, &'a str, &'static str);

/// Decisions to count: how often, and when the newest was received.
#[derive(Debug, Default)]
pub(super) struct Daily<'a>(BTreeMap<Key<'a>, (i64, i64)>);

impl<'a> Daily<'a> {
    /// One more, for this organization.
    pub(super) fn add(&mut self, organization: &'a str, record: &'a RecordRow) {
        for subject in Subject::ALL {
            let Some(name) = subject.name(record) else { continue };
            let key = (organization, subject, day(record.received_at_ms), name, decision(record));
            let (times, last_ms) = self.0.entry(key).or_default();
            *times += 1;
            *last_ms = record.received_at_ms.max(*last_ms);
        }
    }
}

impl Writing {
    /// Adds them to what is counted.
    pub(super) async fn add_daily(&mut self, daily: &Daily<'_>) -> Result<(), StoreError> {
        let rows: Vec<_> = daily.0.iter().collect();
        for batch in rows.chunks(BATCH) {
            let mut statement = made(format!("{INSERT} {} {ADD}", placeholders(batch.len(), COLUMNS)));
            for ((organization, subject, day, name, decision), (times, last_ms)) in batch {
                statement = statement
                    .bind(*organization)
                    .bind(subject.word())
                    .bind(*day)
                    .bind(*name)
                    .bind(*decision)
                    .bind(*times)
                    .bind(*last_ms);
            }
            statement.execute(&mut self.0.0).await?;
        }
        Ok(())
    }
}
