//! Sign-ins with a browser: a cookie holds 256 random bits, the database their digest.
//!
//! A sign-in ends after an hour without use, after half a day in any case, when the person ends it, and when a
//! credential of the account ends (its epoch), like everything else that came of it. Each sign-in has a new secret,
//! so a cookie that somebody slipped in before opens nothing.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::secret::Secret;
use sha2::{Digest as _, Sha256};

use crate::{
    http::cookies,
    id,
    identity::Verified,
    model::{Account, TokenScopes},
    store::{BrowserSessionRow, NewBrowserSession, Store, StoreError},
};

#[cfg(test)]
mod tests;

/// The cookie's name. The prefix makes browsers refuse one that is not `Secure`, not for the whole host, or that a
/// sibling host or a page without TLS set.
pub const COOKIE: &str = "__Host-pullgate";
/// Without use it ends after this, in seconds.
pub const IDLE: i64 = 3600;
/// And after this in any case.
pub const LONGEST: i64 = 12 * 3600;
/// What is seen is written down this often, in seconds: a page is no write.
const SEEN: i64 = 60;
/// Most of what a browser calls itself, in characters.
const MAX_AGENT_CHARS: usize = 200;

/// Why there is no sign-in.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account or a credential of it ended meanwhile.
    #[error("the account or its credentials changed during the sign-in; sign in again")]
    Ended,
    /// The system does not do its part.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// What a cookie holds.
#[derive(Debug)]
pub struct Cookie(Secret);

/// A sign-in that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// Public.
    pub id: String,
    /// Whose, as it is now.
    pub account: Account,
    /// What it may be used for: all, unless it came of less than a person.
    pub scopes: TokenScopes,
    /// When it ends in any case, seconds since the Unix epoch.
    pub expires_at: i64,
}

/// A sign-in that began.
#[derive(Debug)]
pub struct Begun {
    /// For the browser.
    pub cookie: Cookie,
    /// When it ends in any case, seconds since the Unix epoch.
    pub expires_at: i64,
}

/// Where somebody signs in.
#[derive(Clone, Copy, Debug)]
pub struct From<'a> {
    /// The other end.
    pub peer: IpAddr,
    /// What the browser calls itself.
    pub agent: &'a str,
    /// What it held before: that ends now.
    pub before: Option<&'a Cookie>,
}

impl Cookie {
    fn generate() -> Result<Self, BrowserError> {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut()).map_err(BrowserError::Random)?;
        Ok(Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()))))
    }

    /// From the `Cookie` headers of a request. None where there is none of ours, or more than one: browsers send the
    /// prefix's cookie once.
    #[must_use]
    pub fn read(headers: &http::HeaderMap) -> Option<Self> {
        let mut own = cookies::named(headers, COOKIE);
        let value = own.next()?;
        let whole = value.len() == 43 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (whole && own.next().is_none()).then(|| Self(Secret::new(value.to_owned())))
    }

    /// The `Set-Cookie` header with which a browser keeps it, for so many seconds.
    #[must_use]
    pub fn set(&self, seconds: i64) -> Secret {
        // `Lax`: the link of a refusal, opened from a chat or a ticket, finds the person signed in. No GET changes
        // anything, and whatever else comes from another site is refused.
        Secret::new(format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}", self.0.expose()))
    }

    /// The `Set-Cookie` header with which a browser forgets it.
    #[must_use]
    pub fn clear() -> &'static str {
        "__Host-pullgate=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    }

    /// What a page of this sign-in sends back with whatever it changes. Only who can read the page has it: a cookie
    /// that comes along by itself does not do.
    #[must_use]
    pub fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.digest("pullgate-csrf"))
    }

    /// Whether this is that, in the same time whatever it is.
    #[must_use]
    pub fn is_csrf(&self, text: &str) -> bool {
        // Digests of both: what the time tells says nothing about either.
        Sha256::digest(self.csrf()) == Sha256::digest(text)
    }

    fn digest(&self, purpose: &str) -> [u8; 32] {
        Sha256::new().chain_update(purpose).chain_update([0]).chain_update(self.0.expose()).finalize().into()
    }

    fn stored(&self) -> [u8; 32] {
        self.digest("pullgate-browser")
    }
}

/// Sign-ins with browsers.
#[derive(Clone)]
pub struct Browsers {
    store: Store,
}

impl Browsers {
    /// Over this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Begins one for who just showed a credential. It does not outlast what came of that.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn begin(&self, verified: &Verified, from: From<'_>, now: i64) -> Result<Begun, BrowserError> {
        let ends = verified.ends();
        let after = ends.after_seconds.map(|seconds| now.saturating_add(seconds));
        let longest = now.saturating_add(LONGEST);
        let expires_at = [after, ends.credential_expires_at].into_iter().flatten().fold(longest, i64::min);
        self.write((&verified.account, &verified.scopes), from, now, expires_at).await
    }

    /// A new secret for one that counts, with the account's epoch of now: its owner just changed the password.
    ///
    /// # Errors
    /// [`BrowserError`].
    pub async fn rotate(&self, resumed: &Resumed, from: From<'_>, now: i64) -> Result<Begun, BrowserError> {
        let account = self.store.read().await?.account(&resumed.account.name).await?;
        let account = account.filter(|now| now.id == resumed.account.id && !now.removed).ok_or(BrowserError::Ended)?;
        self.write((&account, &resumed.scopes), from, now, resumed.expires_at).await
    }

    async fn write(
        &self,
        (account, scopes): (&Account, &TokenScopes),
        from: From<'_>,
        now: i64,
        expires_at: i64,
    ) -> Result<Begun, BrowserError> {
        let cookie = Cookie::generate()?;
        let id = id::new().map_err(BrowserError::Random)?;
        let agent: String = crate::plain::plain(from.agent.chars().take(MAX_AGENT_CHARS).collect());
        let mut change = self.store.write().await?;
        if let Some(before) = from.before {
            change.end_browser_session(&before.stored()).await?;
        }
        // Hashing took a while: whatever ended since then ended this too.
        let current = change.account(&account.name).await?;
        let same =
            |now: &Account| now.id == account.id && !now.removed && now.credential_epoch == account.credential_epoch;
        let account = current.filter(same).ok_or(BrowserError::Ended)?;
        let new = NewBrowserSession {
            secret_sha256: cookie.stored(),
            id: &id,
            account: &account,
            scopes,
            now,
            expires_at,
            peer: &from.peer.to_canonical().to_string(),
            agent: &agent,
        };
        change.add_browser_session(&new).await?;
        change.commit().await?;
        Ok(Begun { cookie, expires_at })
    }

    /// The sign-in that a cookie stands for, if it still counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resume(&self, cookie: &Cookie, now: i64) -> Result<Option<Resumed>, StoreError> {
        let Some(stored) = self.store.read().await?.browser_session(&cookie.stored()).await? else { return Ok(None) };
        let counts = !stored.account.removed
            && stored.account.credential_epoch == stored.credential_epoch
            && now < stored.expires_at
            && now < stored.seen_at.saturating_add(IDLE);
        if !counts {
            return Ok(None);
        }
        if now >= stored.seen_at.saturating_add(SEEN) {
            let mut change = self.store.write().await?;
            change.saw_browser_session(&stored.id, now).await?;
            change.commit().await?;
        }
        Ok(Some(Resumed {
            id: stored.id,
            account: stored.account,
            scopes: stored.scopes,
            expires_at: stored.expires_at,
        }))
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end(&self, cookie: &Cookie) -> Result<(), StoreError> {
        let mut change = self.store.write().await?;
        change.end_browser_session(&cookie.stored()).await?;
        change.commit().await
    }

    /// Where the account is signed in, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, account: &Account, now: i64) -> Result<Vec<BrowserSessionRow>, StoreError> {
        self.store.read().await?.browser_sessions(account, now, now.saturating_sub(IDLE)).await
    }
}
