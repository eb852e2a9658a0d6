//! Teams.

use super::{
    Reading, StoreError, Writing, rules,
    sql::{query, query_as, query_scalar},
};
use crate::model::Rule;

/// Most teams of an organization.
pub const MAX_TEAMS: usize = 1000;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Team {
    /// Row; the number that Docker Hub's endpoints show.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// In words; may be empty.
    pub description: String,
    /// People in it. Access tokens of the organization are none.
    pub members: i64,
}

/// All columns of a [`Team`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.name, t.description, (SELECT COUNT(*) FROM team_members m ",
            "JOIN accounts a ON a.id = m.account_id WHERE m.organization_id = t.organization_id AND m.team = t.name ",
            "AND a.origin <> 'organization') AS members FROM teams t ",
            $rest
        )
    };
}

impl Reading {
    /// The organization's teams, by name.
    pub(crate) async fn teams(&mut self, organization: i64) -> Result<Vec<Team>, StoreError> {
        let sql = select!("WHERE t.organization_id = $1 ORDER BY t.name");
        query_as(sql).bind(organization).fetch_all(&mut self.0).await
    }

    /// One of them.
    pub(crate) async fn team(&mut self, organization: i64, name: &str) -> Result<Option<Team>, StoreError> {
        let sql = select!("WHERE t.organization_id = $1 AND t.name = $2");
        query_as(sql).bind(organization).bind(name).fetch_optional(&mut self.0).await
    }

    /// Only their names, sorted.
    pub(crate) async fn team_names(&mut self, organization: i64) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM teams WHERE organization_id = $1 ORDER BY name";
        query_scalar(sql).bind(organization).fetch_all(&mut self.0).await
    }

    /// Rows of the accounts that are in a team, access tokens too.
    async fn in_team(&mut self, organization: i64, name: &str) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT account_id FROM team_members WHERE organization_id = $1 AND team = $2 ORDER BY account_id";
        query_scalar(sql).bind(organization).bind(name).fetch_all(&mut self.0).await
    }
}

impl Writing {
    /// Makes a team, if there is none of that name.
    pub(crate) async fn ensure_team(&mut self, organization: i64, name: &str, now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO teams (organization_id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        query(sql).bind(organization).bind(name).bind(now).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Says what it is for.
    pub(crate) async fn describe_team(
        &mut self,
        organization: i64,
        name: &str,
        description: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE teams SET description = $3 WHERE organization_id = $1 AND name = $2";
        query(sql).bind(organization).bind(name).bind(description).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Gives a team another name, which no team has; who is in it, who is invited to it, and what holds for it stay.
    pub(crate) async fn rename_team(&mut self, organization: i64, name: &str, to: &str) -> Result<(), StoreError> {
        let members = self.in_team(organization, name).await?;
        for sql in [
            "UPDATE teams SET name = $3 WHERE organization_id = $1 AND name = $2",
            "UPDATE team_members SET team = $3 WHERE organization_id = $1 AND team = $2",
            "UPDATE rules SET scope_name = $3 WHERE organization_id = $1 AND scope = 'team' AND scope_name = $2",
            // Names have no commas.
            "UPDATE invitations SET teams = TRIM(REPLACE(',' || teams || ',', ',' || $2 || ',', ',' || $3 || ','), ',') \
             WHERE organization_id = $1",
        ] {
            query(sql).bind(organization).bind(name).bind(to).execute(&mut self.0.0).await?;
        }
        for account in members {
            self.touch_account(account).await?;
        }
        self.touch_organization(organization).await
    }

    /// Ends a team: nobody is in it any more, and rules for it are none. Returns these: a team of that name later is
    /// another one.
    pub(crate) async fn remove_team(&mut self, organization: i64, name: &str) -> Result<Vec<Rule>, StoreError> {
        let members = self.in_team(organization, name).await?;
        let sql = "DELETE FROM rules WHERE organization_id = $1 AND scope = 'team' AND scope_name = $2 \
                   RETURNING id, effect, pattern, scope, scope_name, expires_at, reason";
        let rows: Vec<rules::Row> = query_as(sql).bind(organization).bind(name).fetch_all(&mut self.0.0).await?;
        let mut gone = rows.into_iter().map(rules::rule).collect::<Result<Vec<_>, _>>()?;
        gone.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        if !gone.is_empty() {
            self.touch_organization(organization).await?;
        }
        for sql in [
            "DELETE FROM team_members WHERE organization_id = $1 AND team = $2",
            "DELETE FROM teams WHERE organization_id = $1 AND name = $2",
        ] {
            query(sql).bind(organization).bind(name).execute(&mut self.0.0).await?;
        }
        for account in members {
            self.touch_account(account).await?;
        }
        Ok(gone)
    }
}
