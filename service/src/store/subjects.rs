//! The people whom an organization's policy concerns, and what of them it can tell apart.

use std::collections::BTreeMap;

use super::{Reading, StoreError, sql::query_as};
use crate::model::{Role, from_word};

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
