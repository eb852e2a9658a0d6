//! Who calls: the bearer of one of our tokens ([`super::token`]), and nobody else. No cookie opens these endpoints, so
//! no page of another site does.

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::{HubApi, refused::Refused};
use crate::{
    acts::{Actor, SignedIn},
    clock,
    listener::Peer,
    rest::{Code, Refusal},
};

/// Who calls.
pub(super) struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// The token, as it was sent.
    bearer: String,
    /// Its end.
    ends: i64,
}

impl FromRequestParts<HubApi> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, hub: &HubApi) -> Result<Self, Refused> {
        let Some(Peer(peer)) = parts.extensions.get::<Peer>().copied() else {
            return Err(Refusal::new(Code::Internal, "no peer address").into());
        };
        let Some(caller) = by_token(hub, parts, peer.ip()).await? else {
            hub.api.pay_unknown(peer.ip())?;
            return Err(Refused::unauthorized());
        };
        hub.api.pay(caller.actor.account().map(|account| account.id))?;
        Ok(caller)
    }
}

/// None: no token of ours, or the account or a credential of it ended since.
async fn by_token(hub: &HubApi, parts: &Parts, peer: std::net::IpAddr) -> Result<Option<Caller>, Refused> {
    let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, bearer)) = value.and_then(|value| value.split_once(' ')) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let bearer = bearer.trim();
    let Some(claims) = hub.tokens.open(bearer, clock::now()).ok().flatten() else { return Ok(None) };
    let found = hub.api.store.read().await?.account(&claims.sub).await?;
    let epoch = hub.kept.epoch(bearer).unwrap_or(claims.epoch);
    let Some(account) = found.filter(|account| !account.removed && account.credential_epoch == epoch) else {
        return Ok(None);
    };
    let (scopes, means) = (claims.scopes(), claims.means());
    let actor = Actor::Account(SignedIn { account, scopes, means, peer });
    Ok(Some(Caller { actor, bearer: bearer.to_owned(), ends: claims.ends() }))
}

impl Caller {
    /// Lets the token count on although its owner just ended another credential with it. Not where something else
    /// ended too meanwhile: then it is as for everybody.
    pub async fn keep(&self, hub: &HubApi) -> Result<(), Refused> {
        let Some(then) = self.actor.account() else { return Ok(()) };
        let now = hub.api.store.read().await?.account(&then.name).await?;
        if let Some(now) = now.filter(|now| now.credential_epoch == then.credential_epoch + 1) {
            hub.kept.keep(&self.bearer, now.credential_epoch, self.ends, clock::now());
        }
        Ok(())
    }
}
