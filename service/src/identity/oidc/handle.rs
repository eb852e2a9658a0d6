//! What a machine holds while a person signs in elsewhere: the service keeps nothing of it.
//!
//! The handle is signed, not encrypted. Of the device code in it nobody has a use without the
//! client secret, which stays with the service; whoever has the handle could ask the service anyway.

use proto::jws::{self, JwsError};
use serde::{Deserialize, Serialize};

use crate::key_ring::Keys;

/// The one use of such a token.
const TYP: &str = "pullgate-login+jwt";

/// A sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::identity) struct Begun {
    /// Which provider: settings may change meanwhile.
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

/// Makes and reads handles.
#[derive(Clone)]
pub(super) struct Handles(Keys);

impl Handles {
    pub fn new(keys: Keys) -> Self {
        Self(keys)
    }

    pub fn seal(&self, begun: &Begun) -> String {
        jws::sign(TYP, begun, self.0.now().signer())
    }

    /// None: too late.
    pub fn open(&self, handle: &str, now: i64) -> Result<Option<Begun>, JwsError> {
        let begun: Begun = jws::verify(TYP, handle, self.0.now().trusted())?;
        Ok(Some(begun).filter(|begun| now < begun.exp))
    }
}
