//! Passwords and access tokens of accounts. Only hashes are here.

use serde::Serialize;

use super::{
    Reading, StoreError, Writing,
    accounts::{AccountRow, account},
    sql::{query, query_as, query_scalar},
};
use crate::model::{Account, TokenScopes};

/// An access token, without anything that opens a door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenRow {
    /// Public part.
    pub id: String,
    /// The owner's word for it.
    pub name: String,
    /// What it may be used for.
    pub scopes: TokenScopes,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
    /// The first second of the day (UTC) of the last sign-in; none: never used.
    pub last_used_at: Option<i64>,
}

/// A token that is made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Public part.
    pub id: &'a str,
    /// The owner's word for it.
    pub name: &'a str,
    /// Of its secret part.
    pub hash: &'a str,
    /// What it may be used for.
    pub scopes: TokenScopes,
    /// Seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
}

/// An access token with what a sign-in needs of it.
#[derive(Debug)]
pub struct StoredToken {
    /// Public part.
    pub id: String,
    /// Whom it opens.
    pub account: Account,
    /// Of its secret part.
    pub hash: String,
    /// What it may be used for.
    pub scopes: TokenScopes,
    /// Seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
}

/// `id, name, scopes, created_at, expires_at, last_used_at`.
type Row = (String, String, String, i64, Option<i64>, Option<i64>);

pub(super) fn scopes(words: &str) -> Result<TokenScopes, StoreError> {
    words.parse().map_err(StoreError::unknown("the scope of a token"))
}

impl Reading {
    /// The account with the hash of its password.
    pub(crate) async fn password(&mut self, user: &str) -> Result<Option<(Account, String)>, StoreError> {
        let sql = "SELECT c.hash, a.id, a.name, a.origin, a.credential_epoch, a.removed_at FROM credentials c \
                   JOIN accounts a ON a.id = c.account_id \
                   WHERE c.kind = 'password' AND c.id = $1 AND a.name = $1 AND a.removed_at IS NULL";
        let row: Option<(String, i64, String, String, i64, Option<i64>)> =
            query_as(sql).bind(user).fetch_optional(&mut self.0).await?;
        row.map(|(hash, id, name, origin, epoch, removed)| Ok((account((id, name, origin, epoch, removed))?, hash)))
            .transpose()
    }

    /// An access token by its public part.
    pub(crate) async fn token(&mut self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let sql = "SELECT hash, scopes, expires_at, account_id FROM credentials WHERE kind = 'token' AND id = $1";
        let row: Option<(String, String, Option<i64>, i64)> =
            query_as(sql).bind(id).fetch_optional(&mut self.0).await?;
        let Some((hash, words, expires_at, owner)) = row else { return Ok(None) };
        let sql = "SELECT id, name, origin, credential_epoch, removed_at FROM accounts \
                   WHERE id = $1 AND removed_at IS NULL";
        let row: Option<AccountRow> = query_as(sql).bind(owner).fetch_optional(&mut self.0).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredToken { id: id.to_owned(), account: account(row)?, hash, scopes: scopes(&words)?, expires_at }))
    }

    /// The account's access tokens, oldest first.
    pub(crate) async fn tokens(&mut self, account: i64) -> Result<Vec<TokenRow>, StoreError> {
        let sql = "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM credentials \
                   WHERE kind = 'token' AND account_id = $1 ORDER BY created_at, id";
        let rows: Vec<Row> = query_as(sql).bind(account).fetch_all(&mut self.0).await?;
        rows.into_iter()
            .map(|(id, name, words, created_at, expires_at, last_used_at)| {
                Ok(TokenRow { id, name, scopes: scopes(&words)?, created_at, expires_at, last_used_at })
            })
            .collect()
    }
}

impl Writing {
    /// Replaces the password; whoever signed in before has to sign in again.
    pub(crate) async fn set_password(
        &mut self,
        account: i64,
        name: &str,
        hash: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        self.put_password(account, name, hash, now).await?;
        self.bump_epoch(account).await
    }

    pub(super) async fn put_password(
        &mut self,
        account: i64,
        name: &str,
        hash: &str,
        now: i64,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO credentials (id, kind, account_id, name, hash, created_at) \
                   VALUES ($1, 'password', $2, '', $3, $4) ON CONFLICT (kind, id) DO UPDATE \
                   SET account_id = excluded.account_id, hash = excluded.hash, created_at = excluded.created_at";
        query(sql).bind(name).bind(account).bind(hash).bind(now).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Adds an access token.
    pub(crate) async fn add_token(&mut self, account: i64, token: &NewToken<'_>, now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO credentials (id, kind, account_id, name, hash, scopes, expires_at, created_at) \
                   VALUES ($1, 'token', $2, $3, $4, $5, $6, $7)";
        query(sql)
            .bind(token.id)
            .bind(account)
            .bind(token.name)
            .bind(token.hash)
            .bind(token.scopes.to_string())
            .bind(token.expires_at)
            .bind(now)
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }

    /// Makes room for one more token of this name, of which the account has at most `most`: ended ones go,
    /// then the oldest. Returns those that were still in force.
    pub(crate) async fn make_room_for_token(
        &mut self,
        account: i64,
        name: &str,
        most: usize,
        now: i64,
    ) -> Result<Vec<String>, StoreError> {
        // Nothing that came of an ended token is still in force: nobody has to sign in again.
        let sql = "DELETE FROM credentials WHERE kind = 'token' AND account_id = $1 AND name = $2 AND expires_at <= $3";
        query(sql).bind(account).bind(name).bind(now).execute(&mut self.0.0).await?;
        let sql = "SELECT id FROM credentials WHERE kind = 'token' AND account_id = $1 AND name = $2 \
                   ORDER BY created_at DESC, id LIMIT 9223372036854775807 OFFSET $3";
        let keep = i64::try_from(most.saturating_sub(1)).unwrap_or(i64::MAX);
        let old: Vec<String> = query_scalar(sql).bind(account).bind(name).bind(keep).fetch_all(&mut self.0.0).await?;
        for id in &old {
            self.revoke_token(account, id).await?;
        }
        Ok(old)
    }

    /// Writes down that a token was used on the day that begins at this second.
    pub(crate) async fn used_token(&mut self, id: &str, day: i64) -> Result<(), StoreError> {
        let sql = "UPDATE credentials SET last_used_at = $1 \
                   WHERE kind = 'token' AND id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
        query(sql).bind(day).bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Ends an access token; whoever is signed in as this account has to sign in again.
    pub(crate) async fn revoke_token(&mut self, account: i64, id: &str) -> Result<(), StoreError> {
        query("DELETE FROM credentials WHERE kind = 'token' AND id = $1").bind(id).execute(&mut self.0.0).await?;
        self.bump_epoch(account).await
    }
}

#[cfg(test)]
mod tests;
