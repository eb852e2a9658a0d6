//! What others than administrators say: who belongs where at Docker Hub and at an identity provider.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Reading, StoreError, Writing,
    accounts::{AccountRow, account},
    sql::{query, query_as, query_scalar},
    teams::MAX_TEAMS,
};
use crate::model::{Account, Role, Source, from_word, word};

/// An organization whose members come from Docker Hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubLink {
    /// Row of the organization here.
    pub organization: i64,
    /// Its name here.
    pub name: String,
    /// Its name at Docker Hub.
    pub hub_organization: String,
}

/// Role and teams of somebody in an organization.
pub(crate) type Belongs = (Role, Vec<String>);

/// A membership that another source than an administrator changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Row of the organization.
    pub organization: i64,
    /// What was; none: it is new.
    pub before: Option<Belongs>,
    /// What is; none: it ended.
    pub after: Option<Belongs>,
    /// Teams that were made for it.
    pub made: Vec<String>,
}

impl Reading {
    /// The account that an identity provider calls `<issuer> <subject>`.
    pub(crate) async fn account_by_subject(&mut self, subject: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT id, name, origin, credential_epoch, removed_at FROM accounts \
                   WHERE subject = $1 AND removed_at IS NULL";
        let row: Option<AccountRow> = query_as(sql).bind(subject).fetch_optional(&mut self.0).await?;
        row.map(account).transpose()
    }

    /// What an identity provider calls the account's owner; none: they never signed in.
    pub(crate) async fn subject(&mut self, account: i64) -> Result<Option<String>, StoreError> {
        let sql = "SELECT subject FROM accounts WHERE id = $1";
        query_scalar(sql).bind(account).fetch_one(&mut self.0).await
    }

    /// The organizations that are linked to Docker Hub, by name.
    pub(crate) async fn hub_links(&mut self) -> Result<Vec<HubLink>, StoreError> {
        let sql =
            "SELECT id, name, hub_organization FROM organizations WHERE hub_organization IS NOT NULL ORDER BY name";
        let rows: Vec<(i64, String, String)> = query_as(sql).fetch_all(&mut self.0).await?;
        Ok(rows
            .into_iter()
            .map(|(organization, name, hub_organization)| HubLink { organization, name, hub_organization })
            .collect())
    }

    /// Rows and names of the organizations whose members the identity provider's groups make.
    pub(crate) async fn oidc_links(&mut self) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT id, name FROM organizations WHERE oidc_groups ORDER BY name";
        query_as(sql).fetch_all(&mut self.0).await
    }

    /// Who says that the account is a member of something.
    pub(crate) async fn sources(&mut self, account: i64) -> Result<Vec<Source>, StoreError> {
        let sql = "SELECT DISTINCT source FROM memberships WHERE account_id = $1 ORDER BY source";
        let words: Vec<String> = query_scalar(sql).bind(account).fetch_all(&mut self.0).await?;
        let source = |word: &String| from_word(word).map_err(StoreError::unknown("the source of a membership"));
        words.iter().map(source).collect()
    }

    /// What this source said of the account, by row of the organization.
    async fn said(&mut self, account: i64, source: Source) -> Result<BTreeMap<i64, Belongs>, StoreError> {
        let sql = "SELECT organization_id, role FROM memberships WHERE account_id = $1 AND source = $2";
        let rows: Vec<(i64, String)> = query_as(sql).bind(account).bind(word(source)).fetch_all(&mut self.0).await?;
        let sql = "SELECT team FROM team_members WHERE account_id = $1 AND organization_id = $2 ORDER BY team";
        let mut said = BTreeMap::new();
        for (organization, role) in rows {
            let role = from_word(&role).map_err(StoreError::unknown("role"))?;
            let teams = query_scalar(sql).bind(account).bind(organization).fetch_all(&mut self.0).await?;
            said.insert(organization, (role, teams));
        }
        Ok(said)
    }

    async fn organizations_by_admin(&mut self, account: i64) -> Result<BTreeSet<i64>, StoreError> {
        let sql = "SELECT organization_id FROM memberships WHERE account_id = $1 AND source = 'admin'";
        let rows: Vec<i64> = query_scalar(sql).bind(account).fetch_all(&mut self.0).await?;
        Ok(rows.into_iter().collect())
    }
}

impl Writing {
    /// Pins what the identity provider calls the account's owner.
    pub(crate) async fn set_subject(&mut self, account: i64, subject: &str) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET subject = $1 WHERE id = $2";
        query(sql).bind(subject).bind(account).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Makes what this source says of the account what is given, by row of the organization. What an
    /// administrator said stays, and counts. Teams that are not there are made, as many as there may be. Writes nothing when
    /// nothing moved. Returns what moved.
    pub(crate) async fn sync_memberships(
        &mut self,
        account: i64,
        source: Source,
        wanted: BTreeMap<i64, Belongs>,
    ) -> Result<Vec<Moved>, StoreError> {
        let settled = self.organizations_by_admin(account).await?;
        let before = self.said(account, source).await?;
        let wanted: BTreeMap<i64, Belongs> = wanted
            .into_iter()
            .filter(|(organization, _)| !settled.contains(organization))
            .map(|(organization, (role, mut teams))| {
                teams.sort_unstable();
                teams.dedup();
                (organization, (role, teams))
            })
            .collect();
        let mut moved = Vec::new();
        for (organization, belongs) in &before {
            if !wanted.contains_key(organization) {
                self.remove_member(*organization, account).await?;
                moved.push(Moved {
                    organization: *organization,
                    before: Some(belongs.clone()),
                    after: None,
                    made: Vec::new(),
                });
            }
        }
        for (organization, mut belongs) in wanted {
            let before = before.get(&organization).cloned();
            // Teams of before are there.
            if before.as_ref() == Some(&belongs) {
                continue;
            }
            let made = self.make_teams(organization, &mut belongs.1).await?;
            if before.as_ref() != Some(&belongs) {
                self.put_member(organization, account, belongs.0, &belongs.1, source).await?;
                moved.push(Moved { organization, before, after: Some(belongs), made });
            }
        }
        Ok(moved)
    }

    /// Makes the teams that are not there, as far as there is room; the others are left out. Returns those it made.
    async fn make_teams(&mut self, organization: i64, teams: &mut Vec<String>) -> Result<Vec<String>, StoreError> {
        if teams.is_empty() {
            return Ok(Vec::new());
        }
        let known: BTreeSet<String> = self.team_names(organization).await?.into_iter().collect();
        let mut room = MAX_TEAMS.saturating_sub(known.len());
        let mut made = Vec::new();
        teams.retain(|team| {
            let is_new = !known.contains(team);
            if is_new && room > 0 {
                room -= 1;
                made.push(team.clone());
                return true;
            }
            !is_new
        });
        for team in &made {
            self.ensure_team(organization, team, crate::clock::now()).await?;
        }
        Ok(made)
    }

    /// Links the organization to one at Docker Hub, or to none. Whoever is a member because the
    /// other one said so, is none any more: within a second, not at their next sign-in. Returns who.
    pub(crate) async fn set_hub_organization(
        &mut self,
        organization: i64,
        hub_organization: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "UPDATE organizations SET hub_organization = $1 WHERE id = $2";
        query(sql).bind(hub_organization).bind(organization).execute(&mut self.0.0).await?;
        self.end_memberships(organization, Source::DockerHub).await
    }

    /// Lets the identity provider's groups make members, or no more: then whoever is one because of
    /// them is none any more. Returns who.
    pub(crate) async fn set_oidc_groups(&mut self, organization: i64, on: bool) -> Result<Vec<String>, StoreError> {
        let sql = "UPDATE organizations SET oidc_groups = $1 WHERE id = $2";
        query(sql).bind(on).bind(organization).execute(&mut self.0.0).await?;
        if on { Ok(Vec::new()) } else { self.end_memberships(organization, Source::Oidc).await }
    }

    async fn end_memberships(&mut self, organization: i64, source: Source) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT a.id, a.name FROM memberships m JOIN accounts a ON a.id = m.account_id \
                   WHERE m.organization_id = $1 AND m.source = $2 ORDER BY a.name";
        let gone: Vec<(i64, String)> =
            query_as(sql).bind(organization).bind(word(source)).fetch_all(&mut self.0.0).await?;
        for (account, _) in &gone {
            self.remove_member(organization, *account).await?;
        }
        Ok(gone.into_iter().map(|(_, name)| name).collect())
    }
}

#[cfg(test)]
mod tests;
