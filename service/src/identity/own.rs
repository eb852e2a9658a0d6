//! Passwords, personal and organization access tokens: what this service knows by itself.

use std::{net::IpAddr, time::Instant};

use proto::secret::Secret;

use super::{AccessToken, Identity, Seen, SignInError, Verified, With, access_token::Kind};
use crate::{
    clock,
    model::{Account, CredentialKind, Origin, TokenScopes},
    names::token_organization,
    store::{Reading, StoreError},
};

/// The user name that says "the secret says who", as Docker's tools use it.
const ANYBODY: &str = "<token>";

/// A credential of an account that exists; whether the secret fits it is still open.
#[derive(Clone)]
struct Found {
    account: Account,
    hash: String,
    scopes: TokenScopes,
    expires_at: Option<i64>,
    token_id: Option<String>,
}

pub(super) async fn verify(
    identity: &Identity,
    username: &str,
    secret: Secret,
    peer: IpAddr,
    seen: &mut Seen,
) -> Result<Verified, SignInError> {
    let mut view = identity.store.read().await?;
    let (found, credential, secret) = match AccessToken::parse(secret.expose()) {
        Some(token) => {
            let credential = match token.kind {
                Kind::Personal => CredentialKind::PersonalToken,
                Kind::Organization => CredentialKind::OrganizationToken,
            };
            (by_token(&mut view, username, &token).await?, credential, token.secret)
        }
        None => (by_password(&mut view, username).await?, CredentialKind::Password, secret),
    };
    // Asked for in any case: who exists costs as much as who does not.
    let named = view.account(username).await?.filter(|account| !account.removed);
    seen.credential = credential;
    seen.elsewhere = found.is_none() && named.as_ref().is_some_and(|account| account.origin != Origin::Own);
    seen.account =
        found.as_ref().map(|found| &found.account).or(named.as_ref()).map_or_else(String::new, |a| a.name.clone());
    drop(view);
    let known = found.as_ref().filter(|found| found.token_id.is_some());
    let seal = known.map(|found| identity.recent.seal(&secret, &found.hash));
    if let (Some(seal), Some(found)) = (&seal, known)
        && identity.recent.knows(seal, Instant::now())
        && found.expires_at.is_none_or(|at| at > clock::now())
    {
        return Ok(verified(found.clone(), credential));
    }
    let token_id = found.as_ref().and_then(|found| found.token_id.as_deref());
    let with = token_id.map_or(With::Guess { user: username }, |id| With::Token { id });
    let attempt = identity.limiter.begin(with, peer, Instant::now()).map_err(SignInError::Limited)?;
    let hash = found.as_ref().map(|found| found.hash.clone());
    let fits = identity.hasher.verify(attempt.asker(), secret, hash).await.inspect_err(|_| {
        // Nothing was learned about the credentials.
        identity.limiter.refund(&attempt);
    })?;
    let Some(found) = found.filter(|_| fits) else { return Err(SignInError::Wrong) };
    // Paid all the same: a script that never stops trying is to slow down.
    if found.expires_at.is_some_and(|at| at <= clock::now()) {
        return Err(SignInError::Expired);
    }
    identity.limiter.succeeded(&attempt, Instant::now());
    if let Some(seal) = seal {
        identity.recent.learn(seal, Instant::now());
    }
    Ok(verified(found, credential))
}

fn verified(found: Found, credential: CredentialKind) -> Verified {
    Verified {
        account: found.account,
        credential,
        scopes: found.scopes,
        credential_expires_at: found.expires_at,
        agent_token_seconds: None,
        token_id: found.token_id,
    }
}

async fn by_password(view: &mut Reading, username: &str) -> Result<Option<Found>, StoreError> {
    let found = view.password(username).await?.filter(|(account, _)| account.origin == Origin::Own);
    Ok(found.map(|(account, hash)| Found {
        account,
        hash,
        scopes: TokenScopes::all(),
        expires_at: None,
        token_id: None,
    }))
}

async fn by_token(view: &mut Reading, username: &str, token: &AccessToken) -> Result<Option<Found>, StoreError> {
    let Some(stored) = view.token(&token.id).await? else { return Ok(None) };
    let account = &stored.account;
    let (of_its_kind, owner) = match account.origin {
        Origin::Own | Origin::Oidc => (token.kind == Kind::Personal, account.name.as_str()),
        Origin::Organization => {
            (token.kind == Kind::Organization, token_organization(&account.name).unwrap_or_default())
        }
        // Docker Hub is asked each time: no token of this service stands for its users.
        Origin::DockerHub => (false, ""),
    };
    let theirs = of_its_kind && !owner.is_empty() && (username == ANYBODY || username == owner);
    Ok(theirs.then_some(Found {
        account: stored.account,
        hash: stored.hash,
        scopes: stored.scopes,
        expires_at: stored.expires_at,
        token_id: Some(stored.id),
    }))
}
