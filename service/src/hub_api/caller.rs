//! Who calls: the bearer of one of our tokens ([`super::token`]), and nobody else. No cookie opens these endpoints, so
//! no page of another site does.

use std::{net::IpAddr, sync::Arc};

use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::{HubApi, refused::Refused, token::Claims};
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
    bearer: Bearer,
    /// Until the call is over.
    beside: Beside,
}

/// A token of ours, as it was sent.
struct Bearer {
    token: String,
    claims: Claims,
    peer: IpAddr,
}

/// Which other calls with this token may go on.
enum Beside {
    All { _held: OwnedRwLockReadGuard<()> },
    None { _held: OwnedRwLockWriteGuard<()> },
}

impl FromRequestParts<HubApi> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, hub: &HubApi) -> Result<Self, Refused> {
        let Some(Peer(peer)) = parts.extensions.get::<Peer>().copied() else {
            return Err(Refusal::new(Code::Internal, "no peer address").into());
        };
        let caller = match Bearer::of(hub, parts, peer.ip()) {
            Some(bearer) => {
                let beside = Beside::All { _held: bearer.calls(hub).read_owned().await };
                bearer.caller(hub, beside).await?
            }
            None => None,
        };
        let Some(caller) = caller else {
            hub.api.pay_unknown(peer.ip())?;
            return Err(Refused::unauthorized());
        };
        hub.api.pay(caller.actor.account().map(|account| account.id))?;
        Ok(caller)
    }
}

impl Bearer {
    /// None: no token of ours.
    fn of(hub: &HubApi, parts: &Parts, peer: IpAddr) -> Option<Self> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = value?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let token = token.trim().to_owned();
        let claims = hub.tokens.open(&token, clock::now()).ok().flatten()?;
        Some(Self { token, claims, peer })
    }

    fn calls(&self, hub: &HubApi) -> Arc<RwLock<()>> {
        hub.kept.calls(&self.token, self.claims.ends(), clock::now())
    }

    /// None: the account or a credential of it ended since.
    async fn caller(self, hub: &HubApi, beside: Beside) -> Result<Option<Caller>, Refused> {
        let found = hub.api.store.read().await?.account(&self.claims.sub).await?;
        let epoch = hub.kept.epoch(&self.token).unwrap_or(self.claims.epoch);
        let Some(account) = found.filter(|account| !account.removed && account.credential_epoch == epoch) else {
            return Ok(None);
        };
        let (scopes, means) = (self.claims.scopes(), self.claims.means());
        let actor = Actor::Account(SignedIn { account, scopes, means, peer: self.peer });
        Ok(Some(Caller { actor, bearer: self, beside }))
    }
}

impl Caller {
    /// Once all other calls with this token are over, and until this one is.
    pub async fn alone(self, hub: &HubApi) -> Result<Self, Refused> {
        let Self { bearer, beside, .. } = self;
        drop(beside);
        let beside = Beside::None { _held: bearer.calls(hub).write_owned().await };
        bearer.caller(hub, beside).await?.ok_or_else(Refused::unauthorized)
    }

    /// Lets the token count on in this epoch of the account: its owner just ended another credential with it,
    /// [alone](Self::alone).
    pub fn keep(&self, hub: &HubApi, epoch: i64) {
        debug_assert!(matches!(self.beside, Beside::None { .. }), "others would see the account without the token");
        hub.kept.keep(&self.bearer.token, epoch);
    }
}
