//! People who signed in with a browser.

use sqlx::FromRow;

use super::{
    Reading, StoreError, Writing,
    accounts::{AccountRow, account},
    credentials::scopes as scopes_of,
    sql::{query, query_as},
};
use crate::model::{Account, TokenScopes};

/// Most of one account; the oldest goes first.
const KEPT: i64 = 20;

/// A sign-in that begins.
#[derive(Clone, Debug)]
pub(crate) struct NewBrowserSession<'a> {
    /// Of the cookie's secret.
    pub secret_sha256: [u8; 32],
    /// ULID.
    pub id: &'a str,
    /// Whose, with the epoch that counts.
    pub account: &'a Account,
    /// What it may be used for.
    pub scopes: &'a TokenScopes,
    /// Seconds since the Unix epoch.
    pub now: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
    /// IP address.
    pub peer: &'a str,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// A sign-in that is there; whether it still counts is the caller's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredBrowserSession {
    /// Public.
    pub id: String,
    /// As it is now.
    pub account: Account,
    /// What it may be used for.
    pub scopes: TokenScopes,
    /// The epoch then.
    pub credential_epoch: i64,
    /// Seconds since the Unix epoch.
    pub seen_at: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct BrowserSessionRow {
    /// Public.
    pub id: String,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Seconds since the Unix epoch, to a minute.
    pub seen_at: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
    /// Where it began.
    pub peer: String,
    /// What the browser called itself.
    pub agent: String,
}

impl Reading {
    /// The sign-in whose secret has this digest.
    pub(crate) async fn browser_session(&mut self, sha256: &[u8]) -> Result<Option<StoredBrowserSession>, StoreError> {
        let sql = "SELECT id, account_id, scopes, credential_epoch, seen_at, expires_at FROM browser_sessions \
                   WHERE secret_sha256 = $1";
        let row: Option<(String, i64, String, i64, i64, i64)> =
            query_as(sql).bind(sha256).fetch_optional(&mut self.0).await?;
        let Some((id, owner, scopes, credential_epoch, seen_at, expires_at)) = row else { return Ok(None) };
        let sql = "SELECT id, name, origin, credential_epoch, removed_at FROM accounts WHERE id = $1";
        let row: AccountRow = query_as(sql).bind(owner).fetch_one(&mut self.0).await?;
        let (account, scopes) = (account(row)?, scopes_of(&scopes)?);
        Ok(Some(StoredBrowserSession { id, account, scopes, credential_epoch, seen_at, expires_at }))
    }

    /// The account's sign-ins that could still count, newest first.
    pub(crate) async fn browser_sessions(
        &mut self,
        account: &Account,
        now: i64,
        idle_since: i64,
    ) -> Result<Vec<BrowserSessionRow>, StoreError> {
        let sql = "SELECT id, created_at, seen_at, expires_at, peer, agent FROM browser_sessions \
                   WHERE account_id = $1 AND credential_epoch = $2 AND expires_at > $3 AND seen_at > $4 \
                   ORDER BY created_at DESC, id DESC";
        query_as(sql)
            .bind(account.id)
            .bind(account.credential_epoch)
            .bind(now)
            .bind(idle_since)
            .fetch_all(&mut self.0)
            .await
    }
}

impl Writing {
    /// Adds a sign-in; the oldest of the account make room.
    pub(crate) async fn add_browser_session(&mut self, new: &NewBrowserSession<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO browser_sessions (secret_sha256, id, account_id, credential_epoch, created_at, seen_at, \
                   expires_at, peer, agent, scopes) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)";
        query(sql)
            .bind(new.secret_sha256.as_slice())
            .bind(new.id)
            .bind(new.account.id)
            .bind(new.account.credential_epoch)
            .bind(new.now)
            .bind(new.expires_at)
            .bind(new.peer)
            .bind(new.agent)
            .bind(new.scopes.to_string())
            .execute(&mut self.0.0)
            .await?;
        // Among its like: an access token that somebody found signs nobody out who came with a password.
        let sql = "DELETE FROM browser_sessions WHERE account_id = $1 AND scopes = $3 AND id NOT IN \
                   (SELECT id FROM browser_sessions WHERE account_id = $1 AND scopes = $3 \
                   ORDER BY created_at DESC, id DESC LIMIT $2)";
        query(sql).bind(new.account.id).bind(KEPT).bind(new.scopes.to_string()).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Writes down that it was used.
    pub(crate) async fn saw_browser_session(&mut self, id: &str, now: i64) -> Result<(), StoreError> {
        let sql = "UPDATE browser_sessions SET seen_at = $2 WHERE id = $1 AND seen_at < $2";
        query(sql).bind(id).bind(now).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Lets it count on although a credential of its account ended: it was the one that ended it.
    pub(crate) async fn keep_browser_session(&mut self, id: &str) -> Result<(), StoreError> {
        let sql = "UPDATE browser_sessions SET credential_epoch = (SELECT credential_epoch FROM accounts a \
                   WHERE a.id = browser_sessions.account_id) WHERE id = $1";
        query(sql).bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Ends the one whose secret has this digest.
    pub(crate) async fn end_browser_session(&mut self, sha256: &[u8]) -> Result<(), StoreError> {
        let sql = "DELETE FROM browser_sessions WHERE secret_sha256 = $1";
        query(sql).bind(sha256).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Ends one of the account's, and returns it; none: it has no such one.
    pub(crate) async fn end_browser_session_of(
        &mut self,
        account: i64,
        id: &str,
    ) -> Result<Option<BrowserSessionRow>, StoreError> {
        let sql = "DELETE FROM browser_sessions WHERE account_id = $1 AND id = $2 \
                   RETURNING id, created_at, seen_at, expires_at, peer, agent";
        query_as(sql).bind(account).bind(id).fetch_optional(&mut self.0.0).await
    }

    /// Forgets those that count no more. Returns how many.
    pub(crate) async fn forget_browser_sessions(&mut self, now: i64, idle_since: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM browser_sessions WHERE expires_at <= $1 OR seen_at <= $2";
        query(sql).bind(now).bind(idle_since).execute(&mut self.0.0).await
    }
}
