//! Who is this? A name, a secret and a realm in, an account out.
//!
//! One room for each realm: `own` knows this service's passwords and access tokens,
//! `docker_hub` asks Docker Hub. A sign-in of one realm opens no account of another.
//! `login` turns an identity provider's word ([`oidc`]) into an access token of this service, or lets a browser in.

mod access_token;
mod agent_token;
mod belongs;
mod docker_hub;
mod error;
mod external;
mod hasher;
mod limiter;
mod login;
pub mod oidc;
mod own;
mod recent;
#[cfg(test)]
mod tests;
mod trail;

use std::{net::IpAddr, time::Instant};

use proto::secret::Secret;

pub(crate) use self::limiter::{Rate, Throttle};
use self::recent::Recent;
pub use self::{
    access_token::{AccessToken, Kind as TokenKind},
    agent_token::{Agent, AgentTokens, Ends, TokenError},
    docker_hub::{DockerHub, HubError, Question},
    error::{Answer, BUSY_RETRY, SignInError},
    hasher::{Hasher, HasherError},
    limiter::{Attempt, Limiter, With},
    login::{Login, LoginError, Logins, Progress},
    trail::{Entry, Trail},
};
use crate::{
    model::{Account, CredentialKind, Outcome, TokenScope, TokenScopes, Via},
    store::Store,
};

/// Longest password or token that is looked at, in bytes.
pub const MAX_SECRET_BYTES: usize = 1024;
/// Longest code of a second factor that is handed on, in bytes.
const MAX_CODE_BYTES: usize = 64;
/// Attempts that a wrong code counts for.
const CODE_COSTS: u32 = 5;

/// Whose credential it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// This service's own: passwords and access tokens.
    Service,
    /// Docker Hub's.
    DockerHub,
}

impl Realm {
    /// As an agent says it; none for a realm that this version does not know.
    #[must_use]
    pub fn from_wire(realm: i32) -> Option<Self> {
        match proto::sync::Realm::try_from(realm).ok()? {
            proto::sync::Realm::Unspecified | proto::sync::Realm::Service => Some(Self::Service),
            proto::sync::Realm::DockerHub => Some(Self::DockerHub),
        }
    }
}

/// Who asks, for limits and for the trail.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Which door.
    pub via: Via,
    /// What it calls itself; empty: it named none.
    pub machine_id: &'a str,
}

/// A name and a secret that somebody shows.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// Who knows whether it is right.
    pub realm: Realm,
    /// As typed.
    pub username: &'a str,
    /// As typed.
    pub secret: Secret,
    /// As typed, of the second factor; empty: none.
    pub code: &'a str,
    /// What the credential must be good for; none: the caller looks at [`Verified::scopes`].
    pub needs: Option<TokenScope>,
    /// Who asks.
    pub caller: Caller<'a>,
}

/// A sign-in that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The account that it opens.
    pub account: Account,
    /// What was shown.
    pub credential: CredentialKind,
    /// What it may be used for.
    pub scopes: TokenScopes,
    /// When the credential ends, seconds since the Unix epoch: nothing that comes of it lasts longer.
    pub credential_expires_at: Option<i64>,
    /// Longest life of an agent token, in seconds, where somebody else has to be asked again.
    pub agent_token_seconds: Option<i64>,
    /// Public part of the access token that was shown.
    pub token_id: Option<String>,
}

impl Verified {
    /// When an agent token that comes of it ends at the latest.
    #[must_use]
    pub fn ends(&self) -> Ends {
        Ends { credential_expires_at: self.credential_expires_at, after_seconds: self.agent_token_seconds }
    }
}

/// What was found of an attempt on the way, for the trail.
struct Seen {
    /// Empty: no account has the name.
    account: String,
    credential: CredentialKind,
    /// Somebody else would have to say whether a sign-in of that account is right.
    elsewhere: bool,
}

/// Checks credentials.
pub struct Identity {
    store: Store,
    hasher: Hasher,
    limiter: Limiter,
    docker_hub: Option<DockerHub>,
    logins: bool,
    trail: Trail,
    recent: Recent,
}

impl Identity {
    /// Over this store; attempts are written into the trail.
    #[must_use]
    pub fn new(store: Store, hasher: Hasher, docker_hub: Option<DockerHub>, trail: Trail) -> Self {
        Self { store, hasher, limiter: Limiter::default(), docker_hub, logins: false, trail, recent: Recent::default() }
    }

    /// Says that people can sign in with the identity provider: who types its password here is told so.
    #[must_use]
    pub fn beside_logins(self, logins: bool) -> Self {
        Self { logins, ..self }
    }

    /// Whether Docker Hub is asked about its users.
    #[must_use]
    pub fn takes_docker_hub(&self) -> bool {
        self.docker_hub.is_some()
    }

    /// Where attempts at other doors are written down.
    #[must_use]
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// The account that these credentials open.
    ///
    /// An attempt that is not limited costs exactly one hash, or one question to Docker Hub,
    /// whether or not the account exists; an access token that was right a moment ago costs none.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn verify(&self, sign_in: SignIn<'_>) -> Result<Verified, SignInError> {
        let SignIn { realm, username, secret, code, needs, caller } = sign_in;
        // Docker Hub's user names are lower case, and people type them as they like.
        let username = username.trim().to_ascii_lowercase();
        let mut seen = Seen { account: String::new(), credential: CredentialKind::Unknown, elsewhere: false };
        // Authenticators show them in groups.
        let code: String = code.split_whitespace().collect();
        let nobodys = username.is_empty() || username.contains('\0');
        let unusable = secret.is_empty() || secret.expose().len() > MAX_SECRET_BYTES || nobodys;
        let verified = match realm {
            _ if unusable => Err(SignInError::Wrong),
            _ if code.len() > MAX_CODE_BYTES => Err(SignInError::Code(HubError::Code.to_string())),
            Realm::Service => own::verify(self, &username, secret, caller.peer, &mut seen).await,
            Realm::DockerHub => {
                self.at_docker_hub(Question { identifier: &username, secret, code: &code }, caller.peer, &mut seen)
                    .await
            }
        };
        let verified = verified.and_then(|verified| match needs {
            Some(scope) if !verified.scopes.contains(scope) => Err(SignInError::Scope(scope)),
            _ => Ok(verified),
        });
        self.write_down(&verified, seen, caller);
        // In a browser the form says which ways there are.
        let hint = self.hint().filter(|_| caller.via != Via::Browser && realm == Realm::Service);
        match (verified, hint) {
            (Err(SignInError::Wrong), Some(hint)) => Err(SignInError::WrongHere(hint)),
            (verified, _) => verified,
        }
    }

    /// Where else people of this service may have their password. Says nothing of any account.
    fn hint(&self) -> Option<&'static str> {
        match (self.docker_hub.is_some(), self.logins) {
            (false, false) => None,
            (true, false) => Some("an account of Docker Hub signs in with `docker login`, without a host name"),
            (false, true) => Some("an account of the identity provider signs in with `pullgate login`"),
            (true, true) => Some(
                "an account of Docker Hub signs in with `docker login` without a host name, one of the identity \
                 provider with `pullgate login`",
            ),
        }
    }

    async fn at_docker_hub(
        &self,
        question: Question<'_>,
        peer: IpAddr,
        seen: &mut Seen,
    ) -> Result<Verified, SignInError> {
        let Some(docker_hub) = &self.docker_hub else { return Err(SignInError::Realm) };
        seen.credential = CredentialKind::DockerHub;
        // No name of this service: guessing there must not lock anybody out here.
        let user = format!("docker-hub:{}", question.identifier);
        let attempt =
            self.limiter.begin(With::Guess { user: &user }, peer, Instant::now()).map_err(SignInError::Limited)?;
        let verified = docker_hub.verify(&self.store, question).await;
        match &verified {
            Ok(_) => self.limiter.succeeded(&attempt, Instant::now()),
            // There are a million codes, and whoever tries them has the password.
            Err(SignInError::Code(_)) => {
                for _ in 1..CODE_COSTS {
                    let _ = self.limiter.begin(With::Guess { user: &user }, peer, Instant::now());
                }
            }
            Err(SignInError::Origin { user, .. }) => seen.account.clone_from(user),
            // Each question makes Docker Hub say no for longer, to everybody here: a stranger's is not free.
            Err(SignInError::Later(..)) if !attempt.asker().known => {}
            // Nothing was learned about the credentials.
            Err(error) if error.answer() != Answer::Refused => self.limiter.refund(&attempt),
            Err(_) => {}
        }
        verified
    }

    fn write_down(&self, verified: &Result<Verified, SignInError>, seen: Seen, caller: Caller<'_>) {
        let (account, credential, outcome, token_id) = match verified {
            Ok(verified) => {
                (verified.account.name.clone(), verified.credential, Outcome::Accepted, verified.token_id.as_deref())
            }
            // The person is told no more than that it is wrong; the administrator, what is the matter.
            Err(SignInError::Wrong) if seen.elsewhere => (seen.account, seen.credential, Outcome::Origin, None),
            Err(error) => (seen.account, seen.credential, error.outcome(), None),
        };
        self.trail.note(Entry { account, credential, outcome, caller }, token_id);
    }
}
