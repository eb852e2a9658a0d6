//! The list of other registries than Docker Hub, one at a time. It counts where the policy controls registries.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    ActError, Actor, Condition, Field, commit,
    policy::{self, PolicyChange, Terms},
    preview::{self, Confirmation},
    text,
};
use crate::{
    check,
    model::ActKind,
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

/// What somebody says of all of them at once, and of others that are to be refused. What it is called and why
/// it stands there has no effect: it is kept to be said again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Host, with its port, as it was written.
    pub address: String,
    /// What people call it.
    pub friendly_name: String,
    /// In the list.
    pub allowed: bool,
}

/// Most of them: beside those that are allowed, of which the policy bounds the number.
const MAX_NOTED: usize = 1000;
/// Most characters of what people call one.
const MAX_FRIENDLY_NAME_CHARS: usize = 200;

/// All that was said, as far as it holds, and the rest of the list.
///
/// # Errors
/// [`ActError`].
pub async fn noted(store: &Store, actor: &Actor, organization: &Name) -> Result<(bool, Vec<Noted>), ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadPolicy).await?;
    let notes = view.registry_notes(place.id).await?;
    let state = view.policy(place.id, &place.name).await?;
    Ok((state.settings.registry_control, merged(&notes, state.registries)))
}

/// Sets whether they are controlled, and the list, with what is said of each. Whoever says so is not asked from how
/// many people that takes something: Docker Hub's API, which this is for, has no word for it.
///
/// # Errors
/// [`ActError`].
pub async fn set_noted(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    controlled: bool,
    wanted: &[Noted],
    now: i64,
) -> Result<(bool, Vec<Noted>), ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangePolicy).await?;
    if wanted.len() > MAX_NOTED {
        return Err(ActError::TooMany { owner: place.name, most: MAX_NOTED, what: "registries" });
    }
    for Noted { address, friendly_name, .. } in wanted {
        check::registry(&host(address))?;
        text::short(Field("friendly_name"), friendly_name, MAX_FRIENDLY_NAME_CHARS)?;
    }
    let hosts = wanted.iter().filter(|noted| noted.allowed).map(|noted| host(&noted.address)).collect();
    let change_of =
        PolicyChange { registry_control: Some(controlled), registries: Some(hosts), ..PolicyChange::default() };
    let terms = Terms { condition: Condition::Any, confirmation: Confirmation::NotAsked };
    let before: Vec<Noted> = serde_json::from_str(&change.registry_notes(place.id).await?).unwrap_or_default();
    let (view, mut detail) = policy::apply(&mut change, &place, &change_of, &terms, now).await?;
    if before != wanted {
        detail["registry_notes"] = json!({ "from": before, "to": wanted });
    }
    let notes = serde_json::to_string(wanted).unwrap_or_default();
    if detail == json!({}) {
        return Ok((controlled, merged(&notes, view.state.registries)));
    }
    change.set_registry_notes(place.id, &notes).await?;
    commit(change, actor, &Act { act: ActKind::PolicySet, organization: &place.name, target: &place.name, detail })
        .await?;
    Ok((controlled, merged(&notes, view.state.registries)))
}

/// The host of an address, which may be written with the scheme that registries have: Docker's own examples are.
fn host(address: &str) -> String {
    let address = address.to_ascii_lowercase();
    let bare = address.strip_prefix("https://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    bare.map_or_else(|| address.clone(), str::to_owned)
}

/// The list is what counts: a note of a host that is gone from it is not said again.
fn merged(notes: &str, mut hosts: Vec<String>) -> Vec<Noted> {
    let mut all: Vec<Noted> = serde_json::from_str(notes).unwrap_or_default();
    all.retain_mut(|noted| {
        let host = host(&noted.address);
        let listed = hosts.iter().position(|listed| *listed == host).map(|at| hosts.remove(at)).is_some();
        let holds = listed || !noted.allowed;
        noted.allowed = listed;
        holds
    });
    let unsaid = |host: String| Noted { friendly_name: host.clone(), address: host, allowed: true };
    all.extend(hosts.into_iter().map(unsaid));
    all
}

/// Adds one. False: it was there.
///
/// # Errors
/// [`ActError`].
pub async fn add(store: &Store, actor: &Actor, organization: &Name, host: &str) -> Result<bool, ActError> {
    change(store, actor, organization, host, None).await
}

/// Takes one away. `now`: seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Unconfirmed`].
pub async fn remove(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    host: &str,
    confirmation: Confirmation,
    now: i64,
) -> Result<(), ActError> {
    match change(store, actor, organization, host, Some((confirmation, now))).await? {
        true => Ok(()),
        false => {
            // Longer than any host: what is said of it is its beginning.
            let host = host.chars().take(256).collect();
            Err(ActError::NoRegistry { organization: organization.to_string(), host })
        }
    }
}

/// Adds one, or takes it away: then with what is confirmed, and when.
async fn change(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    host: &str,
    away: Option<(Confirmation, i64)>,
) -> Result<bool, ActError> {
    let (host, wanted) = (host.to_ascii_lowercase(), away.is_none());
    if let Some((confirmation, now)) = away {
        preview::look_ahead(store, actor, organization, Deed::ChangePolicy, confirmation, now).await?;
    }
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangePolicy).await?;
    if wanted {
        check::registry(&host)?;
    }
    let before = change.policy(place.id, &place.name).await?;
    let mut hosts = before.registries.clone();
    hosts.retain(|known| *known != host);
    if wanted {
        hosts.push(host.clone());
        hosts.sort_unstable();
    }
    if hosts == before.registries {
        return Ok(false);
    }
    change.set_registries(place.id, &hosts).await?;
    policy::check(&mut change, &place).await?;
    let act = if wanted { ActKind::RegistryAdd } else { ActKind::RegistryRemove };
    let mut detail = json!({ "registries": { "from": before.registries, "to": hosts } });
    if let Some((confirmation, now)) = away {
        preview::note(&mut detail, preview::pass(&mut change, &place, before, confirmation, now).await?);
    }
    commit(change, actor, &Act { act, organization: &place.name, target: &host, detail }).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_holds_as_far_as_the_list_does() {
        let noted = |address: &str, allowed: bool| Noted {
            address: address.to_owned(),
            friendly_name: format!("our {address}"),
            allowed,
        };
        let notes =
            [noted("GHCR.io", true), noted("gone.example", true), noted("quay.io", false), noted("x.io", false)];
        let notes = serde_json::to_string(&notes).unwrap();
        let hosts = ["ghcr.io", "new.example", "x.io"].map(str::to_owned).to_vec();
        let mut new = noted("new.example", true);
        new.friendly_name = "new.example".to_owned();
        let expected = [noted("GHCR.io", true), noted("quay.io", false), noted("x.io", true), new];
        assert_eq!(merged(&notes, hosts), expected);
        assert!(merged("", Vec::new()).is_empty());
    }
}
