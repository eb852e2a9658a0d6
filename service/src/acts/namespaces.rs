//! Docker Hub namespaces of an organization: their images are always allowed.

use serde_json::json;

use super::{
    ActError, Actor, Place, commit, policy,
    preview::{self, Confirmation},
};
use crate::{
    model::ActKind,
    names::Name,
    roles::Deed,
    store::{Act, Store, Writing},
};

/// Gives a namespace that nobody owns to the organization. False: it owned it already.
///
/// # Errors
/// [`ActError`].
pub async fn add(store: &Store, actor: &Actor, organization: &Name, namespace: &Name) -> Result<bool, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeNamespaces).await?;
    if !own(&mut change, actor, &place, namespace).await? {
        return Ok(false);
    }
    policy::check(&mut change, &place).await?;
    let act =
        Act { act: ActKind::NamespaceAdd, organization: &place.name, target: namespace.as_str(), detail: json!({}) };
    commit(change, actor, &act).await?;
    Ok(true)
}

/// Takes a namespace away: its images are judged as anybody's. `now`: seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Unconfirmed`].
pub async fn remove(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    namespace: &Name,
    confirmation: Confirmation,
    now: i64,
) -> Result<(), ActError> {
    preview::look_ahead(store, actor, organization, Deed::ChangeNamespaces, confirmation, now).await?;
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeNamespaces).await?;
    let before = change.policy(place.id, &place.name).await?;
    if !change.remove_namespace(place.id, namespace.as_str()).await? {
        return Err(ActError::NoNamespace { organization: place.name, namespace: namespace.to_string() });
    }
    let mut detail = json!({});
    preview::note(&mut detail, preview::pass(&mut change, &place, before, confirmation, now).await?);
    let act = Act { act: ActKind::NamespaceRemove, organization: &place.name, target: namespace.as_str(), detail };
    commit(change, actor, &act).await
}

/// False: it is theirs already.
pub(super) async fn own(
    change: &mut Writing,
    actor: &Actor,
    place: &Place,
    namespace: &Name,
) -> Result<bool, ActError> {
    if namespace.as_str() == "library" {
        return Err(ActError::NamespaceOfficial);
    }
    match change.namespace_owner(namespace.as_str()).await? {
        Some(owner) if owner == place.name => Ok(false),
        Some(owner) => {
            let owner = actor.is_local().then_some(owner);
            Err(ActError::NamespaceOwned { namespace: namespace.to_string(), owner })
        }
        None => {
            change.add_namespace(place.id, namespace.as_str()).await?;
            Ok(true)
        }
    }
}
