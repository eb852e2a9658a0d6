//! Accounts and their credentials. Only hashes are here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Reading, StoreError, Writing};
use crate::model::{Account, Membership, from_word};

type AccountRow = (i64, String, i64, Option<i64>);

fn account((id, name, credential_epoch, removed_at): AccountRow) -> Account {
    Account { id, name, credential_epoch, removed: removed_at.is_some() }
}

/// An access token, without anything that opens a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Public part.
    pub id: String,
    /// The owner's word for it.
    pub name: String,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
}

impl Reading {
    /// The account, also a removed one.
    pub(crate) async fn account(&mut self, name: &str) -> Result<Option<Account>, StoreError> {
        let sql = "SELECT id, name, credential_epoch, removed_at FROM accounts WHERE name = $1";
        Ok(sqlx::query_as(sql).bind(name).fetch_optional(&mut *self.0).await?.map(account))
    }

    /// Accounts whose credentials or memberships moved behind `revision`, removed ones too.
    pub(crate) async fn accounts_since(&mut self, revision: i64) -> Result<Vec<Account>, StoreError> {
        let sql = "SELECT id, name, credential_epoch, removed_at FROM accounts WHERE revision > $1";
        let rows: Vec<AccountRow> = sqlx::query_as(sql).bind(revision).fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(account).collect())
    }

    /// The account with the hash of its password.
    pub(crate) async fn password(&mut self, user: &str) -> Result<Option<(Account, String)>, StoreError> {
        self.credential("password", user, user).await
    }

    /// The account with the hash of one of its access tokens.
    pub(crate) async fn token(&mut self, user: &str, id: &str) -> Result<Option<(Account, String)>, StoreError> {
        self.credential("token", user, id).await
    }

    async fn credential(&mut self, kind: &str, user: &str, id: &str) -> Result<Option<(Account, String)>, StoreError> {
        let sql = "SELECT a.id, a.name, a.credential_epoch, a.removed_at, c.hash FROM credentials c \
                   JOIN accounts a ON a.id = c.account_id \
                   WHERE c.kind = $1 AND c.id = $2 AND a.name = $3 AND a.removed_at IS NULL";
        let row: Option<(i64, String, i64, Option<i64>, String)> =
            sqlx::query_as(sql).bind(kind).bind(id).bind(user).fetch_optional(&mut *self.0).await?;
        Ok(row.map(|(id, name, epoch, removed, hash)| (account((id, name, epoch, removed)), hash)))
    }

    /// The account's access tokens, oldest first.
    pub(crate) async fn tokens(&mut self, account: i64) -> Result<Vec<TokenRow>, StoreError> {
        let sql = "SELECT id, name, created_at FROM credentials WHERE kind = 'token' AND account_id = $1 \
                   ORDER BY created_at, id";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).bind(account).fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(|(id, name, created_at)| TokenRow { id, name, created_at }).collect())
    }

    /// Owner's name and row of a token.
    pub(crate) async fn token_owner(&mut self, id: &str) -> Result<Option<(i64, String)>, StoreError> {
        let sql = "SELECT a.id, a.name FROM credentials c JOIN accounts a ON a.id = c.account_id \
                   WHERE c.kind = 'token' AND c.id = $1";
        Ok(sqlx::query_as(sql).bind(id).fetch_optional(&mut *self.0).await?)
    }

    /// The account's memberships, by organization.
    pub(crate) async fn memberships(&mut self, account: i64) -> Result<Vec<Membership>, StoreError> {
        let sql = "SELECT o.name, m.role FROM memberships m JOIN organizations o ON o.id = m.organization_id \
                   WHERE m.account_id = $1 ORDER BY o.name";
        let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(account).fetch_all(&mut *self.0).await?;
        let sql = "SELECT o.name, t.team FROM team_members t JOIN organizations o ON o.id = t.organization_id \
                   WHERE t.account_id = $1 ORDER BY o.name, t.team";
        let pairs: Vec<(String, String)> = sqlx::query_as(sql).bind(account).fetch_all(&mut *self.0).await?;
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
    /// A new account, or a removed one that comes back; with this password.
    pub(crate) async fn add_account(&mut self, name: &str, hash: &str, now: i64) -> Result<i64, StoreError> {
        let sql = "INSERT INTO accounts (name, credential_epoch, revision, created_at) \
                   VALUES ($1, 0, 0, $2) ON CONFLICT (name) DO UPDATE SET removed_at = NULL RETURNING id";
        let id = sqlx::query_scalar(sql).bind(name).bind(now).fetch_one(&mut *self.0.0).await?;
        self.set_password(id, name, hash, now).await?;
        Ok(id)
    }

    /// Replaces the password; whoever signed in before has to sign in again.
    pub(crate) async fn set_password(
        &mut self,
        account: i64,
        name: &str,
        hash: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO credentials (id, kind, account_id, name, hash, created_at) \
                   VALUES ($1, 'password', $2, '', $3, $4) ON CONFLICT (kind, id) DO UPDATE \
                   SET account_id = excluded.account_id, hash = excluded.hash, created_at = excluded.created_at";
        sqlx::query(sql).bind(name).bind(account).bind(hash).bind(now).execute(&mut *self.0.0).await?;
        self.bump_epoch(account).await
    }

    /// Adds an access token.
    pub(crate) async fn add_token(
        &mut self,
        account: i64,
        id: &str,
        name: &str,
        hash: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO credentials (id, kind, account_id, name, hash, created_at) \
                   VALUES ($1, 'token', $2, $3, $4, $5)";
        sqlx::query(sql).bind(id).bind(account).bind(name).bind(hash).bind(now).execute(&mut *self.0.0).await?;
        Ok(())
    }

    /// Ends an access token; whoever is signed in as this account has to sign in again.
    pub(crate) async fn revoke_token(&mut self, account: i64, id: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM credentials WHERE kind = 'token' AND id = $1")
            .bind(id)
            .execute(&mut *self.0.0)
            .await?;
        self.bump_epoch(account).await
    }

    /// Ends the account: credentials, memberships and sessions go; the row stays for its generations.
    pub(crate) async fn remove_account(&mut self, account: i64, now: i64) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM credentials WHERE account_id = $1",
            "DELETE FROM memberships WHERE account_id = $1",
            "DELETE FROM agents WHERE account_id = $1",
        ] {
            sqlx::query(sql).bind(account).execute(&mut *self.0.0).await?;
        }
        let sql = "UPDATE accounts SET removed_at = $1 WHERE id = $2";
        sqlx::query(sql).bind(now).bind(account).execute(&mut *self.0.0).await?;
        self.bump_epoch(account).await
    }

    async fn bump_epoch(&mut self, account: i64) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET credential_epoch = credential_epoch + 1 WHERE id = $1";
        sqlx::query(sql).bind(account).execute(&mut *self.0.0).await?;
        self.touch_account(account).await
    }
}
