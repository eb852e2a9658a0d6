//! The trail of administrative acts.

use serde::Serialize;
use sqlx::FromRow;

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as},
};
use crate::model::{ActKind, word};

/// An act to write down, in the transaction that does it.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// What.
    pub act: ActKind,
    /// Empty when none is concerned.
    pub organization: &'a str,
    /// What it was done to.
    pub target: &'a str,
    /// What changed; never a secret.
    pub detail: serde_json::Value,
}

/// An act that was written down.
#[derive(Debug, Clone, FromRow, Serialize)]
pub struct AuditLine {
    /// Rising.
    pub id: i64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// Where.
    pub organization: String,
    /// To what.
    pub target: String,
    /// JSON object.
    pub detail: String,
}

impl Reading {
    /// The newest acts, newest first.
    pub(crate) async fn audit_lines(&mut self, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        let sql = "SELECT id, at_ms, actor, act, organization, target, detail FROM audit ORDER BY id DESC LIMIT $1";
        query_as(sql).bind(limit).fetch_all(&mut self.0).await
    }
}

impl Writing {
    /// Writes the act down.
    pub(crate) async fn audit(&mut self, actor: &str, act: &Act<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at_ms, actor, act, organization, target, detail) VALUES ($1, $2, $3, $4, $5, $6)";
        query(sql)
            .bind(crate::clock::now_ms())
            .bind(actor)
            .bind(word(act.act))
            .bind(act.organization)
            .bind(act.target)
            .bind(act.detail.to_string())
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }
}
