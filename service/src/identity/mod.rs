//! Who is this? Passwords and access tokens of this service's own accounts.
//!
//! Later kinds of identity answer the same question: a name and a secret in, an account out.

mod access_token;
mod agent_token;
mod hasher;
mod limiter;

use std::{net::IpAddr, time::Duration, time::Instant};

pub use self::{
    access_token::AccessToken,
    agent_token::{Agent, AgentTokens, TokenError},
    hasher::{Hasher, HasherError},
    limiter::{Attempt, Limiter, With},
};
use crate::{
    model::Account,
    store::{Store, StoreError},
};
use proto::secret::Secret;

/// Why a sign-in was not accepted. The three first texts are for the person; none says
/// whether the account exists.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown user, wrong password, ended token: all the same.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// Too many failed attempts for this user or from this address.
    #[error("too many failed sign-ins; try again in {} s", .0.as_secs())]
    Limited(Duration),
    /// More sign-ins at once than this service hashes.
    #[error("the service is busy with other sign-ins; try again in a moment")]
    Busy,
    /// The database.
    #[error("the accounts cannot be read")]
    Store(#[from] StoreError),
    /// A damaged hash, or another fault of the service itself.
    #[error("the credentials cannot be compared: {0}")]
    Internal(String),
}

/// What [`SignInError::Busy`] tells the caller to wait.
pub const BUSY_RETRY: Duration = Duration::from_secs(2);

/// Checks credentials.
pub struct Identity {
    store: Store,
    hasher: Hasher,
    limiter: Limiter,
}

impl Identity {
    /// Over this store.
    #[must_use]
    pub fn new(store: Store, hasher: Hasher) -> Self {
        Self { store, hasher, limiter: Limiter::default() }
    }

    /// The account that these credentials open.
    ///
    /// Every attempt that is not limited costs exactly one hash, whether or not the account exists.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn verify(&self, username: &str, secret: Secret, peer: IpAddr) -> Result<Account, SignInError> {
        // Docker Hub's user names are lower case, and people type them as they like.
        let username = username.trim().to_ascii_lowercase();
        if secret.expose().is_empty() || secret.expose().len() > MAX_SECRET_BYTES || username.is_empty() {
            return Err(SignInError::Wrong);
        }
        let (found, token, secret) = match AccessToken::parse(secret.expose()) {
            Some(token) => {
                let found = self.store.read().await?.token(&username, &token.id).await?;
                let existing = found.is_some().then_some(token.id);
                (found, existing, token.secret)
            }
            None => (self.store.read().await?.password(&username).await?, None, secret),
        };
        let with = match &token {
            Some(id) => With::Token { id },
            None => With::Guess { user: &username },
        };
        let attempt = self.limiter.begin(with, peer, Instant::now()).map_err(SignInError::Limited)?;
        let (account, hash) = found.unzip();
        match (self.hasher.verify(secret, hash).await, account) {
            (Ok(true), Some(account)) => {
                self.limiter.succeeded(&attempt, Instant::now());
                Ok(account)
            }
            (Ok(_), _) => Err(SignInError::Wrong),
            // Nothing was learned about the credentials.
            (Err(error), _) => {
                self.limiter.refund(&attempt);
                Err(match error {
                    HasherError::Busy => SignInError::Busy,
                    HasherError::Hash(why) => SignInError::Internal(why),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;

/// Longest password or token that is looked at, in bytes.
pub const MAX_SECRET_BYTES: usize = 1024;
