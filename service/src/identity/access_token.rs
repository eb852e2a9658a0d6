//! Access tokens: `pg_pat_<id>_<secret>` of a person, `pg_oat_<id>_<secret>` of an organization.
//! The id finds the row, the secret is hashed.

use std::fmt::Write as _;

use proto::secret::Secret;

/// 8 random bytes as hex.
const ID_CHARS: usize = 16;
/// 32 random bytes as hex.
const SECRET_CHARS: usize = 64;

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One account's.
    Personal,
    /// An organization's: nobody's in particular.
    Organization,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Personal, Self::Organization];

    /// What its tokens begin with: scanners for leaked secrets know them by it.
    fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "pg_pat_",
            Self::Organization => "pg_oat_",
        }
    }
}

/// A token in the clear, in its parts.
#[derive(Debug)]
pub struct AccessToken {
    /// Whose it says it is.
    pub kind: Kind,
    /// Public; shown in lists and used to revoke it.
    pub id: String,
    /// Known to its owner only.
    pub secret: Secret,
}

impl AccessToken {
    /// A new one from the system's random source.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn generate(kind: Kind) -> Result<Self, getrandom::Error> {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 40]);
        getrandom::fill(bytes.as_mut())?;
        let (id, secret) = bytes.split_at(8);
        Ok(Self { kind, id: hex(id), secret: Secret::new(hex(secret)) })
    }

    /// The whole token, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Secret {
        Secret::new(format!("{}{}_{}", self.kind.prefix(), self.id, self.secret.expose()))
    }

    /// Takes a token apart; none when the text is an ordinary password.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = Kind::ALL.into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
        let (id, secret) = rest.split_once('_')?;
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let whole = id.len() == ID_CHARS && secret.len() == SECRET_CHARS && is_hex(id) && is_hex(secret);
        whole.then(|| Self { kind, id: id.to_owned(), secret: Secret::new(secret.to_owned()) })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_apart_as_it_was_made() {
        for kind in Kind::ALL {
            let token = AccessToken::generate(kind).unwrap();
            let parsed = AccessToken::parse(token.reveal().expose()).unwrap();
            assert_eq!((parsed.id.as_str(), parsed.secret.expose()), (token.id.as_str(), token.secret.expose()));
            assert_eq!(parsed.kind, kind);
            assert_ne!(token.id, AccessToken::generate(kind).unwrap().id);
        }
    }

    #[test]
    fn passwords_are_no_tokens() {
        for text in ["", "hunter42", "pg_pat_", "pg_pat_x_y", "pg_pat_0011223344556677_short", "pg_xat_0_0", "pg_oat_"]
        {
            assert!(AccessToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let token = AccessToken::generate(Kind::Personal).unwrap();
        assert!(!format!("{token:?}").contains(token.secret.expose()));
    }
}
