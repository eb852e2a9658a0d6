//! What was administered, and who signed in.

use super::{ActError, Actor};
use crate::{
    names::Name,
    roles::Deed,
    store::{SignInFilter, SignInRow, Store, TrailFilter, TrailLine},
};

/// Which acts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acts {
    /// Before this one; none: from the newest on.
    pub before: Option<i64>,
    /// By them, as the trail names them; empty: by anybody.
    pub actor: String,
    /// This one, or those whose word begins so and a dot; empty: any.
    pub act: String,
    /// Milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Milliseconds since the Unix epoch, exclusive.
    pub until_ms: Option<i64>,
}

/// Which sign-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// Before this one; none: from the newest on.
    pub before: Option<i64>,
    /// Of this account; empty: of any.
    pub account: String,
    /// That ended so; empty: any.
    pub outcome: String,
}

/// Acts in an organization, or those of none, newest first.
///
/// # Errors
/// [`ActError`].
pub async fn acts(
    store: &Store,
    actor: &Actor,
    organization: Option<&Name>,
    which: &Acts,
    limit: u32,
) -> Result<Vec<TrailLine>, ActError> {
    let mut view = store.read().await?;
    match organization {
        Some(name) => drop(actor.in_organization(&mut view, name.as_str(), Deed::ReadAudit).await?),
        None => actor.in_service(&mut view, Deed::ReadService).await?,
    }
    let filter = TrailFilter {
        organization: organization.map(Name::as_str).unwrap_or_default(),
        before: which.before.unwrap_or(i64::MAX),
        actor: &which.actor,
        act: &which.act,
        since_ms: which.since_ms.unwrap_or(i64::MIN),
        until_ms: which.until_ms.unwrap_or(i64::MAX),
    };
    Ok(view.trail(&filter, limit).await?)
}

/// Sign-ins of an organization's members and access tokens, or of everybody and nobody, newest first.
///
/// # Errors
/// [`ActError`].
pub async fn sign_ins(
    store: &Store,
    actor: &Actor,
    organization: Option<&Name>,
    which: &SignIns,
    limit: u32,
) -> Result<Vec<SignInRow>, ActError> {
    let mut view = store.read().await?;
    let filter =
        SignInFilter { before: which.before.unwrap_or(i64::MAX), account: &which.account, outcome: &which.outcome };
    match organization {
        Some(name) => {
            let place = actor.in_organization(&mut view, name.as_str(), Deed::ReadSignIns).await?;
            Ok(view.sign_ins_of(place.id, &filter, limit).await?)
        }
        None => {
            actor.in_service(&mut view, Deed::ReadService).await?;
            Ok(view.all_sign_ins(&filter, limit).await?)
        }
    }
}
