//! The trail of administrative acts: who did what, by which way and from where.

use std::net::IpAddr;

use sqlx::FromRow;

use super::{
    Act, Reading, StoreError, Writing,
    sql::{query, query_as},
};
use crate::model::word;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    /// `local:<uid>` for the command line, `user:<name>` for who signed in.
    pub actor: String,
    /// `command-line`, `browser`, `password`, `token:<id>`, `invitation`.
    pub via: String,
    /// IP address; none: on the service's machine.
    pub peer: Option<String>,
}

impl Author {
    /// Whoever has the link of an invitation, and so an account of this name now.
    pub(crate) fn invited(name: &str, peer: IpAddr) -> Self {
        let peer = Some(peer.to_canonical().to_string());
        Self { actor: format!("user:{name}"), via: "invitation".to_owned(), peer }
    }
}

/// An act that was written down.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TrailLine {
    /// Rising.
    pub id: i64,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// By which way; empty: it was not written down.
    pub via: String,
    /// From where; empty: on the service's machine, or it was not written down.
    pub peer: String,
    /// What.
    pub act: String,
    /// Where; may be empty.
    pub organization: String,
    /// To what.
    pub target: String,
    /// JSON object.
    pub detail: String,
}

/// Which acts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrailFilter<'a> {
    /// In this organization; empty: those of none.
    pub organization: &'a str,
    /// Before this one.
    pub before: i64,
    /// By them; empty: by anybody.
    pub actor: &'a str,
    /// This one, or those whose word begins so and a dot; empty: any.
    pub act: &'a str,
    /// Milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Milliseconds since the Unix epoch, exclusive.
    pub until_ms: i64,
}

impl Reading {
    /// The newest acts of these, newest first.
    pub(crate) async fn trail(&mut self, filter: &TrailFilter<'_>, limit: u32) -> Result<Vec<TrailLine>, StoreError> {
        let sql = "SELECT id, at_ms, actor, via, peer, act, organization, target, detail FROM audit \
                   WHERE organization = $1 AND id < $2 AND ($3 = '' OR actor = $3) \
                   AND ($4 = '' OR act = $4 OR SUBSTR(act, 1, LENGTH($5)) = $5) AND at_ms >= $6 AND at_ms < $7 ORDER BY id DESC LIMIT $8";
        query_as(sql)
            .bind(filter.organization)
            .bind(filter.before)
            .bind(filter.actor)
            .bind(filter.act)
            .bind(format!("{}.", filter.act))
            .bind(filter.since_ms)
            .bind(filter.until_ms)
            .bind(limit)
            .fetch_all(&mut self.0)
            .await
    }
}

impl Writing {
    /// Writes the act down.
    pub(crate) async fn write_down(&mut self, author: &Author, act: &Act<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at_ms, actor, act, organization, target, detail, via, peer) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        query(sql)
            .bind(crate::clock::now_ms())
            .bind(&author.actor)
            .bind(word(act.act))
            .bind(act.organization)
            .bind(act.target)
            .bind(act.detail.to_string())
            .bind(&author.via)
            .bind(author.peer.as_deref().unwrap_or_default())
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }
}
