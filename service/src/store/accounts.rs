//! Accounts: whose they are and where they belong.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as, query_scalar},
};
use crate::model::{Account, Effect, Membership, Origin, from_word, word};

/// `id, name, origin, credential_epoch, removed_at`.
pub(super) type AccountRow = (i64, String, String, i64, Option<i64>);

pub(super) fn account((id, name, origin, credential_epoch, removed_at): AccountRow) -> Result<Account, StoreError> {
    let origin = from_word(&origin).map_err(StoreError::unknown("the origin of an account"))?;
    Ok(Account { id, name, origin, credential_epoch, removed: removed_at.is_some() })
}

impl Reading {
    /// The account, also a removed one.
    pub(crate) async fn account(&mut self, name: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT id, name, origin, credential_epoch, removed_at FROM accounts WHERE name = $1";
        query_as(sql).bind(name).fetch_optional(&mut self.0).await?.map(account).transpose()
    }

    /// Accounts whose credentials or memberships moved behind `revision`, removed ones too.
    pub(crate) async fn accounts_since(&mut self, revision: i64) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT id, name, origin, credential_epoch, removed_at FROM accounts WHERE revision > $1";
        let rows: Vec<AccountRow> = query_as(sql).bind(revision).fetch_all(&mut self.0).await?;
        rows.into_iter().map(account).collect()
    }

    /// The account's memberships, by organization.
    pub(crate) async fn memberships(&mut self, account: i64) -> Result<Vec<Membership>, StoreError> {
        let sql = "SELECT o.name, m.role FROM memberships m JOIN organizations o ON o.id = m.organization_id \
                   WHERE m.account_id = $1 ORDER BY o.name";
        let rows: Vec<(String, String)> = query_as(sql).bind(account).fetch_all(&mut self.0).await?;
        let sql = "SELECT o.name, t.team FROM team_members t JOIN organizations o ON o.id = t.organization_id \
                   WHERE t.account_id = $1 ORDER BY o.name, t.team";
        let pairs: Vec<(String, String)> = query_as(sql).bind(account).fetch_all(&mut self.0).await?;
        let mut teams: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (organization, team) in pairs {
            teams.entry(organization).or_default().push(team);
        }
        rows.into_iter()
            .map(|(organization, role)| {
                let role = from_word(&role).map_err(StoreError::unknown("role"))?;
                let teams = teams.remove(&organization).unwrap_or_default();
                Ok(Membership { organization, role, teams })
            })
            .collect()
    }
}

impl Writing {
    /// A new account of this service, or a removed one that comes back; with this password.
    pub(crate) async fn add_account(&mut self, name: &str, hash: &str, now: i64) -> Result<i64, StoreError> {
        let id = self.new_account(name, Origin::Own, None, now).await?;
        self.put_password(id, name, hash, now).await?;
        Ok(id)
    }

    /// A new account without a credential, or a removed one that comes back as one of this origin.
    /// `subject` is what an identity provider calls its owner, once that is known.
    pub(crate) async fn new_account(
        &mut self,
        name: &str,
        origin: Origin,
        subject: Option<&str>,
        now: i64,
    ) -> Result<i64, StoreError> {
        let sql = "INSERT INTO accounts (name, origin, subject, credential_epoch, revision, created_at) \
                   VALUES ($1, $2, $3, 1, 0, $4) ON CONFLICT (name) DO UPDATE \
                   SET removed_at = NULL, origin = excluded.origin, subject = excluded.subject, \
                   credential_epoch = accounts.credential_epoch + 1 RETURNING id";
        let id =
            query_scalar(sql).bind(name).bind(word(origin)).bind(subject).bind(now).fetch_one(&mut self.0.0).await?;
        // Whoever had the name before may have been somebody else: neither what their machines might speak of is
        // inherited, nor what they asked for and were told.
        for sql in [
            "DELETE FROM affiliations WHERE account_id = $1",
            "DELETE FROM machines WHERE account_id = $1",
            "DELETE FROM access_requests WHERE account_id = $1",
        ] {
            query(sql).bind(id).execute(&mut self.0.0).await?;
        }
        self.touch_account(id).await?;
        Ok(id)
    }

    /// Ends the account: credentials, memberships, sessions and exceptions go; the row stays for its generations.
    pub(crate) async fn remove_account(&mut self, account: i64, now: i64) -> Result<(), StoreError> {
        // A rule knows people by their names, and whoever has this one later may be somebody else. Denials stay.
        let sql = "DELETE FROM rules WHERE effect = $1 AND scope = 'user' \
                   AND scope_name = (SELECT name FROM accounts WHERE id = $2) RETURNING organization_id";
        let excepted: Vec<i64> =
            query_scalar(sql).bind(word(Effect::Allow)).bind(account).fetch_all(&mut self.0.0).await?;
        for organization in excepted.into_iter().collect::<BTreeSet<_>>() {
            self.touch_organization(organization).await?;
        }
        for sql in [
            "DELETE FROM credentials WHERE account_id = $1",
            "DELETE FROM memberships WHERE account_id = $1",
            "DELETE FROM agents WHERE account_id = $1",
        ] {
            query(sql).bind(account).execute(&mut self.0.0).await?;
        }
        // Whoever has the name at the identity provider later is somebody else.
        let sql = "UPDATE accounts SET removed_at = $1, subject = NULL WHERE id = $2";
        query(sql).bind(now).bind(account).execute(&mut self.0.0).await?;
        self.bump_epoch(account).await
    }

    /// Whoever is signed in as this account has to sign in again.
    pub(super) async fn bump_epoch(&mut self, account: i64) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET credential_epoch = credential_epoch + 1 WHERE id = $1";
        query(sql).bind(account).execute(&mut self.0.0).await?;
        self.touch_account(account).await
    }
}
