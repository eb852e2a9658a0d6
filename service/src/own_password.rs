//! One's own password, changed in a browser that is signed in: the same for the API and for the console.

use std::sync::Arc;

use proto::secret::Secret;

use crate::{
    acts::{self, ActError, Actor, accounts},
    browser::{Begun, BrowserError, Browsers, From, Resumed},
    clock,
    identity::{AccessToken, Answer, Caller, Hasher, Identity, Realm, SignIn, SignInError},
    model::{Origin, Via},
    roles::Deed,
    store::Store,
};

/// Why the password is the same as before, or nobody is signed in with the new one.
#[derive(Debug, thiserror::Error)]
pub enum OwnPasswordError {
    /// They may not, have none here, or the new one cannot be one.
    #[error(transparent)]
    Act(#[from] ActError),
    /// Not the password of now.
    #[error("the current password is wrong")]
    Wrong,
    /// An access token may do less than its owner.
    #[error("the current password is needed, and this is an access token")]
    Token,
    /// Whether it is the password of now was not found out.
    #[error(transparent)]
    Unchecked(SignInError),
    /// The password is changed, and this browser signs in with it.
    #[error(transparent)]
    Browser(#[from] BrowserError),
}

/// One password in the place of another.
#[derive(Debug)]
pub struct NewPassword<'a> {
    /// Whose.
    pub actor: &'a Actor,
    /// The sign-in that goes on.
    pub resumed: &'a Resumed,
    /// Its browser.
    pub from: From<'a>,
    /// The password of now.
    pub current: Secret,
    /// The one from now on.
    pub new: Secret,
}

/// What a change of one's own password takes.
pub struct OwnPassword {
    store: Store,
    identity: Arc<Identity>,
    hasher: Hasher,
    browsers: Browsers,
}

impl OwnPassword {
    /// Over this store; the password of now is checked by `identity`.
    #[must_use]
    pub fn new(store: Store, identity: Arc<Identity>, hasher: Hasher, browsers: Browsers) -> Self {
        Self { store, identity, hasher, browsers }
    }

    /// Changes it. Whoever is signed in with the account has to sign in again everywhere, but for this browser: its
    /// sign-in has a new secret.
    ///
    /// # Errors
    /// [`OwnPasswordError`].
    pub async fn change(&self, change: NewPassword<'_>) -> Result<Begun, OwnPasswordError> {
        let NewPassword { actor, resumed, from, current, new } = change;
        let account = actor.as_self(&mut self.store.read().await.map_err(ActError::from)?, Deed::ChangeOwn).await?;
        acts::password(new.expose())?;
        if account.origin != Origin::Own {
            return Err(ActError::NoPassword { user: account.name, origin: account.origin }.into());
        }
        // Before it is verified: a token changes nothing here, and is written down as no sign-in.
        if AccessToken::parse(current.expose()).is_some() {
            return Err(OwnPasswordError::Token);
        }
        // Whoever finds an open browser does not have the account.
        let caller = Caller { peer: from.peer, via: Via::Browser, machine_id: "" };
        let sign_in =
            SignIn { realm: Realm::Service, username: &account.name, secret: current, code: "", needs: None, caller };
        self.identity.verify(sign_in).await.map_err(|error| match error.answer() {
            Answer::Refused => OwnPasswordError::Wrong,
            Answer::Later(_) | Answer::Unavailable | Answer::Fault => OwnPasswordError::Unchecked(error),
        })?;
        let hash = self.hasher.hash(new).await.map_err(ActError::from)?;
        accounts::own_password(&self.store, actor, &hash, clock::now()).await?;
        Ok(self.browsers.rotate(resumed, from, clock::now()).await?)
    }
}
