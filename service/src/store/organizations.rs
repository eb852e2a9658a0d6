//! Organizations, their namespaces and their members.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};
use crate::model::{Origin, Role, Source, from_word, word};

/// A member, as the organization sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// User name.
    pub user: String,
    /// The role.
    pub role: Role,
    /// Teams, sorted.
    pub teams: Vec<String>,
    /// Where the account comes from.
    pub origin: Origin,
    /// Who says that they are a member.
    pub source: Source,
}

impl Reading {
    /// The organization's row, if there is one.
    pub(crate) async fn organization_id(&mut self, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT id FROM organizations WHERE name = $1";
        query_scalar(sql).bind(name).fetch_optional(&mut self.0).await
    }

    /// The organization's name.
    pub(crate) async fn organization_name(&mut self, id: i64) -> Result<String, StoreError> {
        query_scalar("SELECT name FROM organizations WHERE id = $1").bind(id).fetch_one(&mut self.0).await
    }

    /// All names, sorted.
    pub(crate) async fn organization_names(&mut self) -> Result<Vec<String>, StoreError> {
        query_scalar("SELECT name FROM organizations ORDER BY name").fetch_all(&mut self.0).await
    }

    /// Names and rows of the organizations whose policy moved behind `revision`.
    pub(crate) async fn organizations_since(&mut self, revision: i64) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT id, name FROM organizations WHERE revision > $1 ORDER BY name";
        query_as(sql).bind(revision).fetch_all(&mut self.0).await
    }

    /// Names of the organizations that the account is or was a member of.
    pub(crate) async fn affiliations(&mut self, account: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT o.name FROM affiliations f JOIN organizations o ON o.id = f.organization_id \
                   WHERE f.account_id = $1";
        query_scalar(sql).bind(account).fetch_all(&mut self.0).await
    }

    /// The organization that owns a namespace.
    pub(crate) async fn namespace_owner(&mut self, namespace: &str) -> Result<Option<String>, StoreError> {
        let sql =
            "SELECT o.name FROM namespaces n JOIN organizations o ON o.id = n.organization_id WHERE n.namespace = $1";
        query_scalar(sql).bind(namespace).fetch_optional(&mut self.0).await
    }

    /// The people that are members, by name. What has access tokens of its own is no member in this sense.
    pub(crate) async fn members(&mut self, organization: i64) -> Result<Vec<Member>, StoreError> {
        let sql = "SELECT a.name, m.role, a.origin, m.source FROM memberships m \
                   JOIN accounts a ON a.id = m.account_id \
                   WHERE m.organization_id = $1 AND a.origin <> 'organization' ORDER BY a.name";
        let rows: Vec<(String, String, String, String)> =
            query_as(sql).bind(organization).fetch_all(&mut self.0).await?;
        let sql = "SELECT a.name, t.team FROM team_members t JOIN accounts a ON a.id = t.account_id \
                   WHERE t.organization_id = $1 ORDER BY a.name, t.team";
        let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let pairs: Vec<(String, String)> = query_as(sql).bind(organization).fetch_all(&mut self.0).await?;
        for (user, team) in pairs {
            teams.entry(user).or_default().push(team);
        }
        rows.into_iter()
            .map(|(user, role, origin, source)| {
                let role = from_word(&role).map_err(StoreError::unknown("role"))?;
                let origin = from_word(&origin).map_err(StoreError::unknown("the origin of an account"))?;
                let source = from_word(&source).map_err(StoreError::unknown("the source of a membership"))?;
                let teams = teams.remove(&user).unwrap_or_default();
                Ok(Member { user, role, teams, origin, source })
            })
            .collect()
    }
}

impl Reading {
    /// The accounts of the organization's access tokens with their teams, by name.
    pub(crate) async fn token_accounts(&mut self, organization: i64) -> Result<Vec<(i64, Vec<String>)>, StoreError> {
        let sql = "SELECT a.id FROM memberships m JOIN accounts a ON a.id = m.account_id \
                   WHERE m.organization_id = $1 AND a.origin = 'organization' ORDER BY a.name";
        let accounts: Vec<i64> = query_scalar(sql).bind(organization).fetch_all(&mut self.0).await?;
        let sql = "SELECT team FROM team_members WHERE account_id = $1 AND organization_id = $2 ORDER BY team";
        let mut found = Vec::with_capacity(accounts.len());
        for account in accounts {
            let teams = query_scalar(sql).bind(account).bind(organization).fetch_all(&mut self.0).await?;
            found.push((account, teams));
        }
        Ok(found)
    }
}

impl Writing {
    /// A new organization with the policy of a new one.
    pub(crate) async fn add_organization(&mut self, name: &str, now: i64) -> Result<i64, StoreError> {
        let sql = "INSERT INTO organizations (name, revision, created_at) VALUES ($1, 0, $2) RETURNING id";
        let id = query_scalar(sql).bind(name).bind(now).fetch_one(&mut self.0.0).await?;
        self.set_settings(id, &crate::model::Settings::default()).await?;
        Ok(id)
    }

    /// Gives a namespace that nobody owns to the organization.
    pub(crate) async fn add_namespace(&mut self, organization: i64, namespace: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO namespaces (namespace, organization_id) VALUES ($1, $2)";
        query(sql).bind(namespace).bind(organization).execute(&mut self.0.0).await?;
        self.touch_organization(organization).await
    }

    /// Makes the membership what an administrator says. Who is a member is not invited any more.
    pub(crate) async fn set_member(
        &mut self,
        organization: i64,
        account: i64,
        role: Role,
        teams: &[String],
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM invitations WHERE organization_id = $1 \
                   AND invitee = (SELECT name FROM accounts WHERE id = $2)";
        query(sql).bind(organization).bind(account).execute(&mut self.0.0).await?;
        self.put_member(organization, account, role, teams, Source::Admin).await
    }

    /// Makes the membership what is given, whoever said something before. The teams are there: who asks saw to that.
    pub(crate) async fn put_member(
        &mut self,
        organization: i64,
        account: i64,
        role: Role,
        teams: &[String],
        source: Source,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO memberships (account_id, organization_id, role, source) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (account_id, organization_id) DO UPDATE \
                   SET role = excluded.role, source = excluded.source";
        query(sql).bind(account).bind(organization).bind(word(role)).bind(word(source)).execute(&mut self.0.0).await?;
        let sql = "INSERT INTO affiliations (account_id, organization_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        query(sql).bind(account).bind(organization).execute(&mut self.0.0).await?;
        let sql = "DELETE FROM team_members WHERE account_id = $1 AND organization_id = $2";
        query(sql).bind(account).bind(organization).execute(&mut self.0.0).await?;
        for team in teams {
            let sql = "INSERT INTO team_members (account_id, organization_id, team) VALUES ($1, $2, $3) \
                       ON CONFLICT DO NOTHING";
            query(sql).bind(account).bind(organization).bind(team).execute(&mut self.0.0).await?;
        }
        self.touch_account(account).await
    }

    /// Ends a membership. False: there was none.
    pub(crate) async fn remove_member(&mut self, organization: i64, account: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM memberships WHERE account_id = $1 AND organization_id = $2";
        let gone = query(sql).bind(account).bind(organization).execute(&mut self.0.0).await?;
        if gone > 0 {
            self.touch_account(account).await?;
        }
        Ok(gone > 0)
    }
}
