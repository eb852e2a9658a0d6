//! The list of other registries than Docker Hub, one at a time. It counts where the policy controls registries.

use serde_json::json;

use super::{ActError, Actor, commit, policy};
use crate::{
    check,
    names::Name,
    roles::Deed,
    store::{Act, Store},
};

/// The hosts, sorted.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name) -> Result<Vec<String>, ActError> {
    Ok(policy::show(store, actor, organization).await?.state.registries)
}

/// Adds one. False: it was there.
///
/// # Errors
/// [`ActError`].
pub async fn add(store: &Store, actor: &Actor, organization: &Name, host: &str) -> Result<bool, ActError> {
    change(store, actor, organization, host, true).await
}

/// Takes one away.
///
/// # Errors
/// [`ActError`].
pub async fn remove(store: &Store, actor: &Actor, organization: &Name, host: &str) -> Result<(), ActError> {
    match change(store, actor, organization, host, false).await? {
        true => Ok(()),
        false => Err(ActError::NoRegistry { organization: organization.to_string(), host: host.to_owned() }),
    }
}

async fn change(store: &Store, actor: &Actor, organization: &Name, host: &str, wanted: bool) -> Result<bool, ActError> {
    let host = host.to_ascii_lowercase();
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangePolicy).await?;
    if wanted {
        check::registry(&host)?;
    }
    let before = change.policy(place.id, &place.name).await?.registries;
    let mut hosts = before.clone();
    hosts.retain(|known| *known != host);
    if wanted {
        hosts.push(host.clone());
        hosts.sort_unstable();
    }
    if hosts == before {
        return Ok(false);
    }
    change.set_registries(place.id, &hosts).await?;
    policy::check(&mut change, &place).await?;
    let act = if wanted { "registry.add" } else { "registry.remove" };
    let detail = json!({ "registries": { "from": before, "to": hosts } });
    commit(change, actor, &Act { act, organization: &place.name, target: &host, detail }).await?;
    Ok(true)
}
