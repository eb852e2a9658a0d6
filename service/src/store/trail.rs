//! The trail of administrative acts: who did what, by which way and from where.

use super::{Act, StoreError, Writing};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Author {
    /// `local:<uid>` for the command line, `user:<name>` for who signed in.
    pub actor: String,
    /// `command-line`, `browser`, `password`, `token:<id>`.
    pub via: String,
    /// IP address; none: on the service's machine.
    pub peer: Option<String>,
}

impl Writing {
    /// Writes the act down.
    pub(crate) async fn write_down(&mut self, author: &Author, act: &Act<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at_ms, actor, act, organization, target, detail, via, peer) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        sqlx::query(sql)
            .bind(crate::clock::now_ms())
            .bind(&author.actor)
            .bind(act.act)
            .bind(act.organization)
            .bind(act.target)
            .bind(act.detail.to_string())
            .bind(&author.via)
            .bind(author.peer.as_deref().unwrap_or_default())
            .execute(&mut *self.0.0)
            .await?;
        Ok(())
    }
}
