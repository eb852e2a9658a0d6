//! The bearer's token of these endpoints: ten minutes, and not beyond the credential that was shown.

use proto::jws::{self, JwsError};
use serde::{Deserialize, Serialize};

use crate::{
    acts::Means,
    id,
    identity::Verified,
    key_ring::Keys,
    model::{CredentialKind, Origin, TokenScopes},
};

/// As Docker Hub's.
const SECONDS: i64 = 600;
/// The one use of such a token.
const TYP: &str = "pullgate-hub+jwt";
/// And whom it is for.
const AUDIENCE: &str = "pullgate-hub-api";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    aud: String,
    /// The account.
    pub sub: String,
    /// Its epoch then.
    pub epoch: i64,
    /// Words with spaces between them (RFC 8693).
    scope: String,
    iat: i64,
    exp: i64,
    /// No two tokens are the same, so that what is said of one (`kept`) is said of no other.
    #[serde(default)]
    jti: String,
    /// Docker's own claim, for tools that read names from it.
    #[serde(rename = "https://hub.docker.com")]
    hub: HubClaim,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HubClaim {
    username: String,
    email: String,
    /// `docker_<kind of credential>|<id>`.
    source: String,
}

impl Claims {
    /// What was shown for it.
    pub fn means(&self) -> Means {
        match self.hub.source.split_once('|') {
            Some(("docker_pat" | "docker_oat", id)) => Means::Token(id.to_owned()),
            _ => Means::Password,
        }
    }

    /// When it ends.
    pub fn ends(&self) -> i64 {
        self.exp
    }

    /// What the credential was good for.
    pub fn scopes(&self) -> TokenScopes {
        self.scope.replace(' ', ",").parse().unwrap_or_else(|_| std::iter::empty().collect())
    }
}

/// Makes and reads tokens.
#[derive(Clone)]
pub(super) struct Tokens(Keys);

impl Tokens {
    pub fn new(keys: Keys) -> Self {
        Self(keys)
    }

    pub fn issue(&self, verified: &Verified, now: i64) -> String {
        let account = &verified.account;
        // `<organization>/<token's name>`: Docker names the organization.
        let username = match account.origin {
            Origin::Organization => account.name.split('/').next().unwrap_or_default(),
            _ => &account.name,
        };
        let kind = match verified.credential {
            CredentialKind::OrganizationToken => "oat",
            CredentialKind::PersonalToken => "pat",
            _ => "password",
        };
        let source = format!("docker_{kind}|{}", verified.token_id.as_deref().unwrap_or(&account.name));
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            sub: account.name.clone(),
            epoch: account.credential_epoch,
            scope: verified.scopes.to_string().replace(',', " "),
            iat: now,
            exp: verified.credential_expires_at.unwrap_or(i64::MAX).min(now + SECONDS),
            // Without chance it is as it would be without the claim.
            jti: id::new().unwrap_or_default(),
            hub: HubClaim { username: username.to_owned(), email: String::new(), source },
        };
        jws::sign(TYP, &claims, self.0.now().signer())
    }

    /// The claims of a token that is in force; whether its account still has that epoch is the caller's question.
    pub fn open(&self, token: &str, now: i64) -> Result<Option<Claims>, JwsError> {
        let claims: Claims = jws::verify(TYP, token, self.0.now().trusted())?;
        Ok(Some(claims).filter(|claims| claims.aud == AUDIENCE && now < claims.exp))
    }
}

#[cfg(test)]
mod tests {
    use proto::keys::SigningKey;

    use super::*;
    use crate::model::{Account, TokenScope};

    const NOW: i64 = 1_800_000_000;

    fn tokens(seed: u8) -> Tokens {
        Tokens::new(SigningKey::from_seed(&[seed; 32]).into())
    }

    fn verified(ends: Option<i64>) -> Verified {
        Verified {
            account: Account {
                id: 1,
                name: "alice".to_owned(),
                origin: Origin::Own,
                credential_epoch: 3,
                removed: false,
            },
            credential: CredentialKind::PersonalToken,
            scopes: [TokenScope::OrgRead].into_iter().collect(),
            credential_expires_at: ends,
            agent_token_seconds: None,
            token_id: Some("0011".to_owned()),
        }
    }

    #[test]
    fn a_token_lasts_ten_minutes_and_not_beyond_its_credential() {
        for (ends, last) in [(None, 600), (Some(NOW + 60), 60), (Some(NOW + 6000), 600)] {
            let token = tokens(1).issue(&verified(ends), NOW);
            let claims = tokens(1).open(&token, NOW + last - 1).unwrap().unwrap();
            assert_eq!((claims.sub.as_str(), claims.epoch), ("alice", 3));
            assert!(claims.scopes().contains(TokenScope::OrgRead) && !claims.scopes().contains(TokenScope::SignIn));
            assert_eq!(tokens(1).open(&token, NOW + last), Ok(None));
        }
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        assert_ne!(tokens(1).issue(&verified(None), NOW), tokens(1).issue(&verified(None), NOW));
    }

    #[test]
    fn what_the_same_key_signed_for_another_use_or_another_key_is_no_token() {
        let token = tokens(1).issue(&verified(None), NOW);
        let claims = tokens(1).open(&token, NOW).unwrap().unwrap();
        let login = jws::sign("pullgate-login+jwt", &claims, tokens(1).0.now().signer());
        assert_eq!(tokens(1).open(&login, NOW), Err(JwsError::Foreign));
        assert!(tokens(2).open(&token, NOW).is_err());
        let other = Claims { aud: "somebody".to_owned(), ..claims };
        assert_eq!(tokens(1).open(&jws::sign(TYP, &other, tokens(1).0.now().signer()), NOW), Ok(None));
    }
}
