//! Personal access tokens: `pg_pat_<id>_<secret>`. The id finds the row, the secret is hashed.

use std::fmt::Write as _;

use proto::secret::Secret;

const PREFIX: &str = "pg_pat_";
/// 8 random bytes as hex.
const ID_CHARS: usize = 16;
/// 32 random bytes as hex.
const SECRET_CHARS: usize = 64;

/// A token in the clear, in its two parts.
#[derive(Debug)]
pub struct AccessToken {
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
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 40]);
        getrandom::fill(bytes.as_mut())?;
        let (id, secret) = bytes.split_at(8);
        Ok(Self { id: hex(id), secret: Secret::new(hex(secret)) })
    }

    /// The whole token, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}_{}", self.id, self.secret.expose()))
    }

    /// Takes a token apart; none when the text is an ordinary password.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let whole = id.len() == ID_CHARS && secret.len() == SECRET_CHARS && is_hex(id) && is_hex(secret);
        whole.then(|| Self { id: id.to_owned(), secret: Secret::new(secret.to_owned()) })
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
        let token = AccessToken::generate().unwrap();
        let parsed = AccessToken::parse(token.reveal().expose()).unwrap();
        assert_eq!((parsed.id.as_str(), parsed.secret.expose()), (token.id.as_str(), token.secret.expose()));
        assert_ne!(token.id, AccessToken::generate().unwrap().id);
    }

    #[test]
    fn passwords_are_no_tokens() {
        for text in ["", "hunter42", "pg_pat_", "pg_pat_x_y", "pg_pat_0011223344556677_short"] {
            assert!(AccessToken::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let token = AccessToken::generate().unwrap();
        assert!(!format!("{token:?}").contains(token.secret.expose()));
    }
}
