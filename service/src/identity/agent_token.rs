//! Agent tokens: sealed by the service for itself, so that nothing that opens a door is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::{
    document::AgentToken,
    sealed::{self, Document as _, Purpose, SealError},
};

use crate::{key_ring::Keys, model::Account, validity::Validity};

/// Only the service itself answers to this name.
const AUDIENCE: &str = "service";

/// Why an agent token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token at all.
    #[error("the agent token is damaged; sign in again")]
    Encoding,
    /// Forged, foreign or expired.
    #[error("the agent token is not accepted ({0}); sign in again")]
    Seal(#[from] SealError),
}

/// Makes and reads agent tokens.
#[derive(Clone)]
pub struct AgentTokens {
    keys: Keys,
    validity: Validity,
}

/// When an agent token ends, if not by the service's settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// With the credential that was shown, seconds since the Unix epoch.
    pub credential_expires_at: Option<i64>,
    /// So many seconds after the sign-in.
    pub after_seconds: Option<i64>,
}

/// What an accepted token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// User name.
    pub user: String,
    /// Machine it was made for.
    pub machine_id: String,
    /// Local user there.
    pub uid: u32,
    /// The account's epoch then.
    pub credential_epoch: i64,
    /// When the credential ends that was shown at the sign-in; none: it does not.
    pub credential_expires_at: Option<i64>,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
}

impl AgentTokens {
    /// Sealed with the key that signs; taken from each that is trusted.
    #[must_use]
    pub fn new(keys: impl Into<Keys>, validity: Validity) -> Self {
        Self { keys: keys.into(), validity }
    }

    /// A token for a user who just signed in; `generation` is that of the session.
    #[must_use]
    pub fn issue(
        &self,
        account: &Account,
        machine_id: &str,
        uid: u32,
        generation: i64,
        now: i64,
        ends: Ends,
    ) -> String {
        let after = ends.after_seconds.map(|seconds| now.saturating_add(seconds));
        let until = [after, ends.credential_expires_at].into_iter().flatten().min();
        let token = AgentToken {
            header: Some(self.validity.header(&account.name, AUDIENCE.to_owned(), generation, now, until)),
            machine_id: machine_id.to_owned(),
            uid,
            credential_epoch: u64::try_from(account.credential_epoch).unwrap_or_default(),
            credential_expires_at: ends.credential_expires_at.unwrap_or_default(),
        };
        URL_SAFE_NO_PAD.encode(sealed::seal(&token, self.keys.now().signer()))
    }

    /// Reads a token; whether the account still has that epoch is the caller's question.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn open(&self, text: &str, now: i64) -> Result<Agent, TokenError> {
        // Before decoding: base64 is a third longer.
        if text.len() > AgentToken::MAX_BYTES * 4 / 3 + 4 {
            return Err(TokenError::Encoding);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Encoding)?;
        let opened = sealed::open::<AgentToken>(&bytes, self.keys.now().trusted(), &[AUDIENCE], now, Purpose::Receive)?;
        Ok(Agent {
            user: opened.header.subject,
            machine_id: opened.document.machine_id,
            uid: opened.document.uid,
            credential_epoch: i64::try_from(opened.document.credential_epoch).unwrap_or(-1),
            credential_expires_at: Some(opened.document.credential_expires_at).filter(|at| *at != 0),
            expires_at: opened.header.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use proto::{
        document::{Policy, Session},
        keys::SigningKey,
    };

    use super::*;
    use crate::validity::Validities;

    fn tokens(seed: u8) -> AgentTokens {
        AgentTokens::new(SigningKey::from_seed(&[seed; 32]), Validities::default().agent_token)
    }

    fn alice() -> Account {
        Account {
            id: 1,
            name: "alice".to_owned(),
            origin: crate::model::Origin::Own,
            credential_epoch: 3,
            removed: false,
        }
    }

    #[test]
    fn a_token_says_what_was_sealed() {
        let text = tokens(1).issue(&alice(), "m1", 1000, 5, 1_000_000, Ends::default());
        let agent = tokens(1).open(&text, 1_000_010).unwrap();
        assert_eq!((agent.user.as_str(), agent.machine_id.as_str(), agent.uid), ("alice", "m1", 1000));
        assert_eq!(agent.credential_epoch, 3);
    }

    #[test]
    fn a_token_ends_with_the_credential_and_where_somebody_else_has_to_be_asked_again() {
        let (now, week) = (1_000_000, 7 * 86_400);
        let cases = [
            (None, None, now + week),
            (Some(now + 60), None, now + 60),
            (None, Some(3600), now + 3600),
            (Some(now + 60), Some(3600), now + 60),
            (Some(now + 2 * week), Some(3600), now + 3600),
            (Some(now + 2 * week), None, now + week),
        ];
        for (credential_expires_at, after_seconds, expected) in cases {
            let ends = Ends { credential_expires_at, after_seconds };
            let text = tokens(1).issue(&alice(), "m1", 1000, 5, now, ends);
            let agent = tokens(1).open(&text, expected - 1).unwrap();
            assert_eq!((agent.expires_at, agent.credential_expires_at), (expected, credential_expires_at));
            assert!(matches!(tokens(1).open(&text, expected), Err(TokenError::Seal(SealError::Expired { .. }))));
        }
    }

    #[test]
    fn foreign_altered_and_expired_tokens_are_refused() {
        let now = 1_000_000;
        let text = tokens(1).issue(&alice(), "m1", 1000, 5, now, Ends::default());
        assert!(matches!(tokens(2).open(&text, now), Err(TokenError::Seal(SealError::UnknownKey { .. }))));
        assert!(matches!(tokens(1).open(&text, now + 8 * 86400), Err(TokenError::Seal(SealError::Expired { .. }))));
        assert!(matches!(tokens(1).open("no token", now), Err(TokenError::Encoding)));
        assert!(matches!(tokens(1).open(&"A".repeat(1 << 20), now), Err(TokenError::Encoding)));
        let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(tokens(1).open(&URL_SAFE_NO_PAD.encode(&bytes), now).is_err(), "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn other_documents_of_the_same_key_are_no_tokens() {
        let key = SigningKey::from_seed(&[1; 32]);
        let header = Validities::default().session.header("alice", "service".to_owned(), 1, 1_000_000, None);
        let session = sealed::seal(&Session { header: Some(header.clone()), ..Session::default() }, &key);
        let policy = sealed::seal(&Policy { header: Some(header), ..Policy::default() }, &key);
        for bytes in [session, policy] {
            let text = URL_SAFE_NO_PAD.encode(bytes);
            assert!(matches!(tokens(1).open(&text, 1_000_000), Err(TokenError::Seal(SealError::WrongType { .. }))));
        }
    }
}
