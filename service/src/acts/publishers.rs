//! Badges of Docker Hub namespaces. They hold for all organizations.

use std::collections::BTreeMap;

use serde_json::json;

use super::{ActError, Actor, commit};
use crate::{
    model::Badge,
    names::Name,
    publish::compile,
    roles::Deed,
    store::{Act, Store},
};

/// All badges, by namespace.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor) -> Result<Vec<(String, Badge)>, ActError> {
    let mut view = store.read().await?;
    actor.in_service(&mut view, Deed::ReadPublishers).await?;
    Ok(view.publishers().await?)
}

/// Gives a namespace its badge. Returns the one that it had.
///
/// # Errors
/// [`ActError`].
pub async fn set(store: &Store, actor: &Actor, namespace: &Name, badge: Badge) -> Result<Option<Badge>, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    if namespace.as_str() == "library" {
        return Err(ActError::BadgeOfficial);
    }
    let before = badge_of(&change.publishers().await?, namespace);
    change.set_publisher(namespace.as_str(), badge).await?;
    compile::check_directory(change.publishers().await?).map_err(ActError::Directory)?;
    let detail = json!({ "badge": badge, "before": before });
    commit(change, actor, &Act { act: "publisher.set", organization: "", target: namespace.as_str(), detail }).await?;
    Ok(before)
}

/// Takes the badge away. Returns it.
///
/// # Errors
/// [`ActError`].
pub async fn remove(store: &Store, actor: &Actor, namespace: &Name) -> Result<Badge, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    let before = badge_of(&change.publishers().await?, namespace);
    let before = before.ok_or_else(|| ActError::NoBadge(namespace.to_string()))?;
    change.remove_publisher(namespace.as_str()).await?;
    let detail = json!({ "before": before });
    let act = Act { act: "publisher.remove", organization: "", target: namespace.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(before)
}

fn badge_of(all: &[(String, Badge)], namespace: &Name) -> Option<Badge> {
    all.iter().find(|(name, _)| name == namespace.as_str()).map(|(_, badge)| *badge)
}

/// Most badges of one import.
pub const MOST_AT_ONCE: usize = 1000;

/// Gives many badges at once. Returns how many are new or have another badge.
///
/// # Errors
/// [`ActError`].
pub async fn import(store: &Store, actor: &Actor, given: &[(Name, Badge)]) -> Result<usize, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    if given.len() > MOST_AT_ONCE {
        let fault = format!("is too long: at most {MOST_AT_ONCE} at once");
        return Err(super::TextError { field: super::Field("publishers"), fault }.into());
    }
    if given.iter().any(|(namespace, _)| namespace.as_str() == "library") {
        return Err(ActError::BadgeOfficial);
    }
    let known: BTreeMap<String, Badge> = change.publishers().await?.into_iter().collect();
    let mut changed = BTreeMap::new();
    for (namespace, badge) in given {
        let before = known.get(namespace.as_str()).copied();
        if before != Some(*badge) {
            change.set_publisher(namespace.as_str(), *badge).await?;
            changed.insert(namespace.as_str(), json!({ "from": before, "to": badge }));
        }
    }
    compile::check_directory(change.publishers().await?).map_err(ActError::Directory)?;
    let (count, detail) = (changed.len(), json!({ "badges": changed }));
    commit(change, actor, &Act { act: "publisher.import", organization: "", target: "", detail }).await?;
    Ok(count)
}
