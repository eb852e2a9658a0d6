//! Which key signs, and the changes by which machines follow.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as},
};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeyChange {
    /// The exact bytes.
    pub envelope: Vec<u8>,
    /// Seconds since the Unix epoch.
    pub made_at: i64,
}

impl Reading {
    /// All of them, the oldest first.
    pub(crate) async fn key_changes(&mut self) -> Result<Vec<StoredKeyChange>, StoreError> {
        let sql = "SELECT envelope, made_at FROM key_changes ORDER BY number";
        let rows: Vec<(Vec<u8>, i64)> = query_as(sql).fetch_all(&mut self.0).await?;
        Ok(rows.into_iter().map(|(envelope, made_at)| StoredKeyChange { envelope, made_at }).collect())
    }
}

impl Writing {
    /// From now on this key signs, for every process.
    pub(crate) async fn claim_signing_key(&mut self, keyid: &str) -> Result<(), StoreError> {
        // Moved, so that every process hears of it.
        query("UPDATE sequence SET keyid = $1, value = value + 1").bind(keyid).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// The next change.
    ///
    /// INVARIANT: a number is given once; the key of the table refuses a second one.
    pub(crate) async fn add_key_change(&mut self, number: i64, change: &StoredKeyChange) -> Result<(), StoreError> {
        let sql = "INSERT INTO key_changes (number, envelope, made_at) VALUES ($1, $2, $3)";
        query(sql).bind(number).bind(&change.envelope).bind(change.made_at).execute(&mut self.0.0).await?;
        query("UPDATE sequence SET value = value + 1").execute(&mut self.0.0).await?;
        Ok(())
    }

    /// A key that no machine knows yet signs: there is no way to it.
    pub(crate) async fn forget_key_changes(&mut self) -> Result<(), StoreError> {
        query("DELETE FROM key_changes").execute(&mut self.0.0).await?;
        Ok(())
    }
}
