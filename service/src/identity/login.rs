//! Sign-ins with the identity provider, which says who somebody is.
//!
//! Here is `pullgate login`: people get an access token of this service, and everything after that is an ordinary
//! sign-in. [`browser`] has the console's.

mod browser;

use std::{
    error::Error as _,
    net::IpAddr,
    time::{Duration, Instant},
};

use proto::{chain, secret::Secret};
use serde_json::json;

use super::{
    AccessToken, Caller, Entry, Hasher, SignInError, TokenKind, Trail,
    external::{self, Claim, Says},
    limiter::{Rate, Throttle},
    oidc::{Begin, Oidc, OidcError, Person, Standing},
};
use crate::{
    address::network,
    clock,
    model::{Account, ActKind, CredentialKind, Outcome, TokenScope, Via},
    names::Name,
    store::{Act, NewToken, Store},
};

/// The name of the tokens that are made here.
pub const TOKEN_NAME: &str = "pullgate login";
/// Most of them that one account has: a person's machines.
const MOST_TOKENS: usize = 10;

/// Sign-ins that one address begins, and all together: each costs the provider a code.
const BEGIN: (Rate, Rate) =
    (Rate { burst: 30, refill: Duration::from_secs(2) }, Rate { burst: 300, refill: Duration::from_millis(100) });
/// Questions whether somebody is done. An office shares an address, and each machine asks every five seconds.
const FINISH: (Rate, Rate) =
    (Rate { burst: 300, refill: Duration::from_millis(50) }, Rate { burst: 1000, refill: Duration::from_millis(10) });
/// Browsers that are sent to the provider. That costs a signature, and whoever is on the way back pays apart.
const DEPART: (Rate, Rate) = FINISH;
/// Browsers that come back: each costs a question to the provider.
const ARRIVE: (Rate, Rate) = FINISH;

/// Why a login goes no further.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Too many from this address, or in all.
    #[error("too many sign-ins are begun; try again in {} s", .0.as_secs().max(1))]
    Limited(Duration),
    /// The provider, or what it says.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// What this service says to it.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// A login that is done.
#[derive(Debug)]
pub struct Login {
    /// Whose.
    pub account: Account,
    /// A personal access token, made for it.
    pub token: Secret,
    /// When that ends, seconds since the Unix epoch.
    pub expires_at: i64,
}

/// How a login stands.
#[derive(Debug)]
pub enum Progress {
    /// Ask again after so many seconds.
    Pending(u32),
    /// Done.
    Done(Login),
}

/// Logins with one identity provider.
pub struct Logins {
    oidc: Oidc,
    store: Store,
    hasher: Hasher,
    trail: Trail,
    validity_seconds: i64,
    begin: Throttle,
    finish: Throttle,
    depart: Throttle,
    arrive: Throttle,
}

impl Logins {
    /// Over this store; tokens last so many seconds.
    #[must_use]
    pub fn new(oidc: Oidc, store: Store, hasher: Hasher, trail: Trail, validity_seconds: i64) -> Self {
        let [begin, finish, depart, arrive] = [BEGIN, FINISH, DEPART, ARRIVE].map(|(one, all)| Throttle::new(one, all));
        Self { oidc, store, hasher, trail, validity_seconds, begin, finish, depart, arrive }
    }

    /// Begins one.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn begin(&self, peer: IpAddr) -> Result<Begin, LoginError> {
        self.begin.pay(network(peer), Instant::now()).map_err(LoginError::Limited)?;
        self.oidc.begin().await.map_err(logged)
    }

    /// Asks once how it stands.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn finish(&self, login: &str, peer: IpAddr) -> Result<Progress, LoginError> {
        // What was not begun here costs nobody a place: strangers would keep people from finishing.
        let begun = self.oidc.begun(login)?;
        self.finish.pay(network(peer), Instant::now()).map_err(LoginError::Limited)?;
        let person = match self.oidc.finish(&begun).await.map_err(logged) {
            Ok(Standing::Pending(interval)) => return Ok(Progress::Pending(interval)),
            Ok(Standing::Done(person)) => person,
            Err(error) => {
                if let LoginError::Oidc(OidcError::Denied | OidcError::IdToken(_)) = error {
                    self.note(Via::Login, String::new(), Outcome::Wrong, peer, None);
                }
                return Err(error);
            }
        };
        let done = self.done(&person).await;
        match &done {
            Ok((login, id)) => self.note(Via::Login, login.account.name.clone(), Outcome::Accepted, peer, Some(id)),
            Err(error) => self.note_refused(Via::Login, &person, error, peer),
        }
        Ok(Progress::Done(done?.0))
    }

    /// The account of a person whom the provider named.
    async fn account(&self, person: &Person) -> Result<Account, SignInError> {
        let name: Name = person.username.parse().map_err(|_| {
            SignInError::Unfit(format!(
                "`{}` of the identity provider is no user name here (`a-z`, `0-9`, `_`, `.`, `-`); your administrator \
                 can choose another claim for it (`usernameClaim`)",
                person.username.chars().filter(|c| !c.is_control()).take(80).collect::<String>()
            ))
        })?;
        let says = Says::Oidc { subject: &person.subject, groups: &person.groups };
        external::settle(&self.store, Claim { name: &name, says }).await
    }

    async fn done(&self, person: &Person) -> Result<(Login, String), SignInError> {
        let account = self.account(person).await?;
        let token = AccessToken::generate(TokenKind::Personal)
            .map_err(|error| SignInError::Internal(format!("the system gives no random bytes: {error}")))?;
        let hash = self.hasher.hash(token.secret.clone()).await?;
        let expires_at = clock::now().saturating_add(self.validity_seconds);
        let row = NewToken {
            id: &token.id,
            name: TOKEN_NAME,
            hash: &hash,
            scopes: [TokenScope::SignIn].into_iter().collect(),
            expires_at: Some(expires_at),
        };
        add_token(&self.store, account.id, &person.subject, &row).await?;
        let revealed = token.reveal();
        Ok((Login { account, token: revealed, expires_at }, token.id))
    }

    fn note_refused(&self, via: Via, person: &Person, error: &SignInError, peer: IpAddr) {
        tracing::warn!(subject = %person.subject, name = ?person.username, error = %chain(error), "a login was refused");
        let account = match error {
            SignInError::Origin { user, .. } => user.clone(),
            _ => String::new(),
        };
        self.note(via, account, error.outcome(), peer, None);
    }

    fn note(&self, via: Via, account: String, outcome: Outcome, peer: IpAddr, token_id: Option<&str>) {
        let caller = Caller { peer, via, machine_id: "" };
        self.trail.note(Entry { account, credential: CredentialKind::Oidc, outcome, caller }, token_id);
    }
}

/// Stores the token of a login. Hashing took a while: an account that an administrator ended meanwhile gets none, or
/// whoever has the name next would have a stranger's token.
async fn add_token(store: &Store, account: i64, subject: &str, row: &NewToken<'_>) -> Result<(), SignInError> {
    let mut change = store.write().await?;
    let Some(owner) = change.account_by_subject(subject).await?.filter(|owner| owner.id == account) else {
        return Err(SignInError::NotMember("the account was ended during this sign-in".to_owned()));
    };
    let now = clock::now();
    let mut acts = Vec::new();
    for gone in change.make_room_for_token(account, TOKEN_NAME, MOST_TOKENS, now).await? {
        acts.push((ActKind::TokenRevoke, gone, json!({ "user": owner.name, "name": TOKEN_NAME })));
    }
    change.add_token(account, row, now).await?;
    let detail = json!({ "user": owner.name, "name": TOKEN_NAME, "expires_at": row.expires_at });
    acts.push((ActKind::TokenCreate, row.id.to_owned(), detail));
    for (act, target, detail) in acts {
        change.audit("oidc", &Act { act, organization: "", target: &target, detail }).await?;
    }
    Ok(change.commit().await?)
}

/// What is the operator's business is in the log once.
fn logged(error: OidcError) -> LoginError {
    if let (OidcError::Unavailable(_) | OidcError::IdToken(_), Some(cause)) = (&error, error.source()) {
        tracing::warn!(error = %chain(cause), "the identity provider is of no help");
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_that_ended_during_its_login_gets_no_token() {
        use crate::{
            model::Origin,
            store::{Missing, Place},
        };
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Create).await.unwrap();
        let mut change = store.write().await.unwrap();
        let alice = change.new_account("alice", Origin::Oidc, Some("https://id 1"), 1).await.unwrap();
        change.commit().await.unwrap();
        let row = |id| NewToken {
            id,
            name: TOKEN_NAME,
            hash: "$argon2id$",
            scopes: [TokenScope::SignIn].into_iter().collect(),
            expires_at: None,
        };
        add_token(&store, alice, "https://id 1", &row("t1")).await.unwrap();
        let mut change = store.write().await.unwrap();
        change.remove_account(alice, 2).await.unwrap();
        change.commit().await.unwrap();
        for next_owner in [None, Some(Origin::Own), Some(Origin::Oidc)] {
            if let Some(origin) = next_owner {
                let mut change = store.write().await.unwrap();
                assert_eq!(change.new_account("alice", origin, None, 3).await.unwrap(), alice, "the same row");
                change.commit().await.unwrap();
            }
            let late = add_token(&store, alice, "https://id 1", &row("t2")).await;
            assert!(matches!(late, Err(SignInError::NotMember(_))), "{next_owner:?}: {late:?}");
            assert_eq!(store.read().await.unwrap().tokens(alice).await.unwrap(), []);
        }
    }
}
