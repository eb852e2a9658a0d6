//! What an organization's people did of late, each distinct thing once: what a changed policy is held against.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::{
    Reading, StoreError,
    sql::{query_as, query_scalar},
};
use crate::model::{Role, from_word};

/// Something that machines decided on, as often as they did.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct RecordedRow {
    /// Stable word.
    pub action: String,
    /// Normalised reference; empty: none was named.
    pub image: String,
    /// Decisions.
    pub times: i64,
    /// The oldest of them: days since the Unix epoch.
    pub first_day: i64,
    /// The newest of them.
    pub last_day: i64,
    /// Whose agents reported it, a name a line, in any order and some more than once.
    pub accounts: String,
}

/// Somebody whom the organization's policy concerns: a person, or a machine that signs in with a token of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Account.
    pub name: String,
    /// What they are there.
    pub role: Role,
    /// Teams there, sorted.
    pub teams: Vec<String>,
    /// Other organizations of theirs, sorted.
    pub others: Vec<String>,
}

impl Reading {
    /// What was decided on since a day, what most people did on most days first. One row at a time, since the names of
    /// a row may be many.
    pub(crate) async fn recorded(
        &mut self,
        organization: &str,
        since_day: i64,
        limit: u32,
        mut take: impl FnMut(RecordedRow),
    ) -> Result<(), StoreError> {
        let sql = "SELECT action, image, CAST(SUM(times) AS BIGINT) AS times, MIN(day) AS first_day, \
                   MAX(day) AS last_day, STRING_AGG(account, '\n') AS accounts FROM decision_counts WHERE organization = $1 AND day >= $2 \
                   GROUP BY action, image ORDER BY COUNT(*) DESC, action, image LIMIT $3";
        let rows = query_as(sql).bind(organization).bind(since_day).bind(limit);
        rows.each(&mut self.0, |row| {
            take(row);
            Ok::<(), StoreError>(())
        })
        .await
    }

    /// Whose agents reported any decision since a day.
    pub(crate) async fn reporters(&mut self, organization: &str, since_day: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT account FROM decision_counts WHERE organization = $1 AND day >= $2";
        query_scalar(sql).bind(organization).bind(since_day).fetch_all(&mut self.0).await
    }

    /// Everybody whom the organization's policy concerns, by name.
    pub(crate) async fn subjects(&mut self, organization: i64) -> Result<Vec<Subject>, StoreError> {
        let sql = "SELECT a.name, m.role FROM memberships m JOIN accounts a ON a.id = m.account_id \
                   WHERE m.organization_id = $1 ORDER BY a.name";
        let rows: Vec<(String, String)> = query_as(sql).bind(organization).fetch_all(&mut self.0).await?;
        let teams = "SELECT a.name, t.team FROM team_members t JOIN accounts a ON a.id = t.account_id \
                     WHERE t.organization_id = $1 ORDER BY a.name, t.team";
        let mut teams = self.lists(teams, organization).await?;
        let others = "SELECT a.name, o.name FROM memberships own JOIN memberships m ON m.account_id = own.account_id \
                      JOIN accounts a ON a.id = m.account_id JOIN organizations o ON o.id = m.organization_id \
                      WHERE own.organization_id = $1 AND m.organization_id <> $1 ORDER BY a.name, o.name";
        let mut others = self.lists(others, organization).await?;
        let subject = |(name, role): (String, String)| {
            let role = from_word(&role).map_err(StoreError::unknown("role"))?;
            let (teams, others) = (teams.remove(&name).unwrap_or_default(), others.remove(&name).unwrap_or_default());
            Ok(Subject { name, role, teams, others })
        };
        rows.into_iter().map(subject).collect()
    }

    async fn lists(
        &mut self,
        sql: &'static str,
        organization: i64,
    ) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let pairs: Vec<(String, String)> = query_as(sql).bind(organization).fetch_all(&mut self.0).await?;
        let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, one) in pairs {
            lists.entry(name).or_default().push(one);
        }
        Ok(lists)
    }

    /// The Docker Hub namespaces of the other organizations that members of this one belong to, by organization.
    pub(crate) async fn others_namespaces(
        &mut self,
        organization: i64,
    ) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
        let sql = "SELECT o.name, n.namespace FROM namespaces n JOIN organizations o ON o.id = n.organization_id \
                   WHERE o.id <> $1 AND EXISTS (SELECT 1 FROM memberships own JOIN memberships m \
                   ON m.account_id = own.account_id WHERE own.organization_id = $1 AND m.organization_id = o.id) \
                   ORDER BY o.name, n.namespace";
        self.lists(sql, organization).await
    }
}
