//! Rules with where they come from, a page at a time.

use super::{
    Reading, StoreError, Writing,
    rules::{self, Row},
    sql::{query, query_as},
};
use crate::model::{Effect, Rule, word};

/// A rule, and who made it when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRule {
    /// The rule.
    pub rule: Rule,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Who; empty: it was not written down.
    pub created_by: String,
}

impl Reading {
    /// Rules of a list behind this id, by id.
    pub(crate) async fn rules_after(
        &mut self,
        organization: i64,
        effect: Effect,
        after: &str,
        limit: u32,
    ) -> Result<Vec<MadeRule>, StoreError> {
        let sql = "SELECT id, effect, pattern, scope, scope_name, expires_at, reason FROM rules \
                   WHERE organization_id = $1 AND effect = $2 AND id > $3 ORDER BY id LIMIT $4";
        let rows: Vec<Row> =
            query_as(sql).bind(organization).bind(word(effect)).bind(after).bind(limit).fetch_all(&mut self.0).await?;
        let mut made = Vec::with_capacity(rows.len());
        for row in rows {
            made.push(self.made(rules::rule(row)?).await?);
        }
        Ok(made)
    }

    /// One rule of a list.
    pub(crate) async fn rule(
        &mut self,
        organization: i64,
        effect: Effect,
        id: &str,
    ) -> Result<Option<MadeRule>, StoreError> {
        let sql = "SELECT id, effect, pattern, scope, scope_name, expires_at, reason FROM rules \
                   WHERE organization_id = $1 AND effect = $2 AND id = $3";
        let row: Option<Row> =
            query_as(sql).bind(organization).bind(word(effect)).bind(id).fetch_optional(&mut self.0).await?;
        match row {
            Some(row) => Ok(Some(self.made(rules::rule(row)?).await?)),
            None => Ok(None),
        }
    }

    async fn made(&mut self, rule: Rule) -> Result<MadeRule, StoreError> {
        let sql = "SELECT created_at, created_by FROM rules WHERE id = $1";
        let (created_at, created_by) = query_as(sql).bind(&rule.id).fetch_one(&mut self.0).await?;
        Ok(MadeRule { rule, created_at, created_by })
    }
}

impl Writing {
    /// Writes down who made a rule that is new.
    pub(crate) async fn rule_is_by(&mut self, id: &str, created_by: &str) -> Result<(), StoreError> {
        let sql = "UPDATE rules SET created_by = $2 WHERE id = $1";
        query(sql).bind(id).bind(created_by).execute(&mut self.0.0).await?;
        Ok(())
    }
}
