//! Allowlists and denylists.

use super::{
    Reading, StoreError, Writing,
    sql::{query_as, query_scalar},
};
use crate::model::{Effect, Rule, Scope, from_word, word};

pub(super) type Row = (String, String, String, String, String, Option<i64>, String);

pub(super) fn rule((id, effect, pattern, scope, scope_name, expires_at, reason): Row) -> Result<Rule, StoreError> {
    let effect = from_word(&effect).map_err(StoreError::unknown("effect"))?;
    let scope = match scope.as_str() {
        "organization" => Scope::Organization,
        "team" => Scope::Team(scope_name),
        "user" => Scope::User(scope_name),
        other => return Err(StoreError::unknown("scope")(other.to_owned())),
    };
    Ok(Rule { id, effect, pattern, scope, expires_at, reason })
}

fn columns(scope: &Scope) -> (&'static str, &str) {
    match scope {
        Scope::Organization => ("organization", ""),
        Scope::Team(name) => ("team", name),
        Scope::User(name) => ("user", name),
    }
}

impl Reading {
    /// The organization's rules by id, of one list or both.
    pub(crate) async fn rules(&mut self, organization: i64, effect: Option<Effect>) -> Result<Vec<Rule>, StoreError> {
        let sql = "SELECT id, effect, pattern, scope, scope_name, expires_at, reason FROM rules \
                   WHERE organization_id = $1 AND ($2 IS NULL OR effect = $2) ORDER BY id";
        let rows: Vec<Row> = query_as(sql).bind(organization).bind(effect.map(word)).fetch_all(&mut self.0).await?;
        rows.into_iter().map(rule).collect()
    }
}

impl Writing {
    /// Adds a rule, or changes the one with the same pattern and scope, whose id stays. Returns what is there now.
    pub(crate) async fn put_rule(&mut self, organization: i64, rule: &Rule, now: i64) -> Result<Rule, StoreError> {
        let (scope, scope_name) = columns(&rule.scope);
        let sql = "INSERT INTO rules (id, organization_id, effect, pattern, scope, scope_name, expires_at, reason, \
                   created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                   ON CONFLICT (organization_id, effect, pattern, scope, scope_name) DO UPDATE SET \
                   expires_at = excluded.expires_at, reason = excluded.reason \
                   RETURNING id, effect, pattern, scope, scope_name, expires_at, reason";
        let row: Row = query_as(sql)
            .bind(&rule.id)
            .bind(organization)
            .bind(word(rule.effect))
            .bind(&rule.pattern)
            .bind(scope)
            .bind(scope_name)
            .bind(rule.expires_at)
            .bind(&rule.reason)
            .bind(now)
            .fetch_one(&mut self.0.0)
            .await?;
        self.touch_organization(organization).await?;
        self::rule(row)
    }

    /// Removes the rules with this id or pattern from one list. Returns their ids.
    pub(crate) async fn remove_rules(
        &mut self,
        organization: i64,
        effect: Effect,
        id_or_pattern: &str,
    ) -> Result<Vec<String>, StoreError> {
        let sql =
            "DELETE FROM rules WHERE organization_id = $1 AND effect = $2 AND (id = $3 OR pattern = $3) RETURNING id";
        let ids: Vec<String> = query_scalar(sql)
            .bind(organization)
            .bind(word(effect))
            .bind(id_or_pattern)
            .fetch_all(&mut self.0.0)
            .await?;
        if !ids.is_empty() {
            self.touch_organization(organization).await?;
        }
        Ok(ids)
    }
}
