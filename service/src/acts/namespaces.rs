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

/// Gives a namespace that nobody owns to the organization. False: it owned it already. Where there are several
/// organizations, that is for who owns all of them.
///
/// # Errors
/// [`ActError`].
pub async fn add(store: &Store, actor: &Actor, organization: &Name, namespace: &Name) -> Result<bool, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeNamespaces).await?;
    for_all(&mut change, actor, &place, namespace).await?;
    if !own(&mut change, &place, namespace).await? {
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

/// The images of a namespace are its owner's own under the policies of all organizations that somebody belongs to: whoever
/// owns one of several could else take any namespace out of the policies of the others.
async fn for_all(change: &mut Writing, actor: &Actor, place: &Place, namespace: &Name) -> Result<(), ActError> {
    match actor.in_service(change, Deed::AddNamespaces).await {
        Err(ActError::Forbidden { .. }) => {
            Err(ActError::NamespaceOfAll { namespace: namespace.to_string(), organization: place.name.clone() })
        }
        answer => answer,
    }
}

/// For who may do that in the whole service. False: it is theirs already.
pub(super) async fn own(change: &mut Writing, place: &Place, namespace: &Name) -> Result<bool, ActError> {
    if namespace.as_str() == "library" {
        return Err(ActError::NamespaceOfficial);
    }
    match change.namespace_owner(namespace.as_str()).await? {
        Some(owner) if owner == place.name => Ok(false),
        Some(owner) => Err(ActError::NamespaceOwned { namespace: namespace.to_string(), owner }),
        None => {
            change.add_namespace(place.id, namespace.as_str()).await?;
            Ok(true)
        }
    }
}
