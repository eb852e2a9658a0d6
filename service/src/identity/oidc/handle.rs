//! What somebody holds while they sign in elsewhere: the service keeps nothing of it.
//!
//! A handle is signed, not encrypted. Nobody has a use for what is in it without the client secret, which stays with the
//! service; and whoever holds it could ask the service anyway.

use proto::jws::{self, JwsError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::key_ring::Keys;

/// Something to hold.
pub(super) trait Held: Serialize + DeserializeOwned {
    /// The one use of such a token.
    const TYP: &'static str;

    /// Which provider: settings may change meanwhile.
    fn issuer(&self) -> &str;

    /// Seconds since the Unix epoch.
    fn exp(&self) -> i64;
}

/// A machine's sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::identity) struct Begun {
    /// Which provider.
    pub issuer: String,
    /// What the provider knows it by.
    pub device_code: String,
    /// What its identity token has to hold, if the provider repeats it.
    pub nonce: String,
    /// Seconds between two questions.
    pub interval: u32,
    /// Seconds since the Unix epoch.
    pub exp: i64,
}

impl Held for Begun {
    const TYP: &'static str = "pullgate-login+jwt";

    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn exp(&self) -> i64 {
        self.exp
    }
}

/// A browser that is at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Which provider.
    pub issuer: String,
    /// What the provider gives back: whoever comes with another was sent by somebody else.
    pub state: String,
    /// What the identity token has to hold.
    pub nonce: String,
    /// What the code is worth nothing without (RFC 7636).
    pub verifier: String,
    /// Where to go on.
    pub next: String,
    /// Seconds since the Unix epoch.
    pub exp: i64,
}

impl Held for Away {
    const TYP: &'static str = "pullgate-away+jwt";

    fn issuer(&self) -> &str {
        &self.issuer
    }

    fn exp(&self) -> i64 {
        self.exp
    }
}

/// Makes and reads handles.
#[derive(Clone)]
pub(super) struct Handles(Keys);

impl Handles {
    pub fn new(keys: Keys) -> Self {
        Self(keys)
    }

    pub fn seal<T: Held>(&self, held: &T) -> String {
        jws::sign(T::TYP, held, self.0.now().signer())
    }

    /// None: too late.
    pub fn open<T: Held>(&self, handle: &str, now: i64) -> Result<Option<T>, JwsError> {
        let held: T = jws::verify(T::TYP, handle, self.0.now().trusted())?;
        Ok(Some(held).filter(|held| now < held.exp()))
    }
}
