//! Sign-ins and refused attempts.

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};

/// Most rows of sign-ins that are kept, and most of refused attempts, whatever their age: about 50 MiB each. A flood
/// from everywhere cannot fill the disk, nor push out who signed in.
const MOST_ROWS: i64 = 500_000;
/// Rows of each kind that are forgotten in one change.
const BATCH: i64 = 1000;

/// Attempts of one kind within a minute, as they are first written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSignIn {
    /// The first of them, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Name of an account that exists, or empty.
    pub account: String,
    /// Stable word.
    pub via: String,
    /// Stable word.
    pub credential: String,
    /// Stable word.
    pub outcome: String,
    /// IP address; empty: of many.
    pub peer: String,
    /// Empty: none was named, or nobody proved who named it.
    pub machine_id: String,
    /// How many.
    pub count: i64,
}

/// Attempts of one kind within a minute.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, Serialize)]
pub struct SignInRow {
    /// Rising.
    pub id: i64,
    /// The first of them, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Name of an account that exists, or empty.
    pub account: String,
    /// `agent`, `docker-login`, `hub-api` or `login`.
    pub via: String,
    /// What was shown.
    pub credential: String,
    /// `accepted`, or why not.
    pub outcome: String,
    /// IP address; empty: of many.
    pub peer: String,
    /// Empty: none was named, or nobody proved who named it.
    pub machine_id: String,
    /// How many.
    pub count: i64,
}

impl Reading {
    /// The newest, newest first.
    pub(crate) async fn sign_ins(&mut self, limit: u32) -> Result<Vec<SignInRow>, StoreError> {
        let sql = "SELECT id, at_ms, account, via, credential, outcome, peer, machine_id, count FROM sign_ins \
                   ORDER BY id DESC LIMIT $1";
        query_as(sql).bind(limit).fetch_all(&mut self.0).await
    }
}

impl Writing {
    /// Adds a row and returns its id.
    pub(crate) async fn add_sign_in(&mut self, row: &NewSignIn) -> Result<i64, StoreError> {
        let sql = "INSERT INTO sign_ins (at_ms, account, via, credential, outcome, peer, machine_id, count) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id";
        query_scalar(sql)
            .bind(row.at_ms)
            .bind(&row.account)
            .bind(&row.via)
            .bind(&row.credential)
            .bind(&row.outcome)
            .bind(&row.peer)
            .bind(&row.machine_id)
            .bind(row.count)
            .fetch_one(&mut self.0.0)
            .await
    }

    /// Counts more of them in a row.
    pub(crate) async fn count_sign_ins(&mut self, id: i64, more: i64) -> Result<(), StoreError> {
        let sql = "UPDATE sign_ins SET count = count + $1 WHERE id = $2";
        query(sql).bind(more).bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Forgets some of what is more than `keep_ms` older than both `now_ms` and the newest, and of what is too much.
    /// Returns how many; zero: there is no more.
    pub(crate) async fn forget_sign_ins(&mut self, now_ms: i64, keep_ms: i64) -> Result<u64, StoreError> {
        self.forget_sign_ins_above(now_ms, keep_ms, MOST_ROWS).await
    }

    /// The same, with at most so many rows of each kind.
    pub(crate) async fn forget_sign_ins_above(
        &mut self,
        now_ms: i64,
        keep_ms: i64,
        most: i64,
    ) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins \
                   WHERE at_ms < $1 AND at_ms < (SELECT MAX(at_ms) FROM sign_ins) - $2 LIMIT $3)";
        let before = now_ms.saturating_sub(keep_ms);
        let mut gone = query(sql).bind(before).bind(keep_ms).bind(BATCH).execute(&mut self.0.0).await?;
        for kind in [
            "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE outcome = 'accepted' AND id <= \
             (SELECT id FROM sign_ins WHERE outcome = 'accepted' ORDER BY id DESC LIMIT 1 OFFSET $1) LIMIT $2)",
            "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE outcome <> 'accepted' AND id <= \
             (SELECT id FROM sign_ins WHERE outcome <> 'accepted' ORDER BY id DESC LIMIT 1 OFFSET $1) LIMIT $2)",
        ] {
            gone += query(kind).bind(most).bind(BATCH).execute(&mut self.0.0).await?;
        }
        Ok(gone)
    }
}
