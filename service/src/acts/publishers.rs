//! Badges of Docker Hub namespaces. They hold for all organizations.

mod plan;
mod refresh;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use self::refresh::{BadgeChange, Refreshed, Wanted, refresh};
use super::{ActError, Actor, Condition, Tag, commit};
use crate::{
    model::{ActKind, Badge, BadgeSource, Publisher},
    names::Name,
    publish::compile,
    roles::Deed,
    store::{Act, Store},
};

/// All badges, by namespace.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor) -> Result<Vec<Publisher>, ActError> {
    let mut view = store.read().await?;
    actor.in_service(&mut view, Deed::ReadPublishers).await?;
    Ok(view.directory().await?)
}

/// What a namespace's badge looks like, and who says so.
#[must_use]
pub fn tag(publisher: &Publisher) -> Tag {
    Tag::of(&(&publisher.namespace, publisher.badge, publisher.source))
}

/// Gives a namespace its badge if that of now looks as it is said, by hand: no refresh changes it from then on. Returns
/// the one that it had.
///
/// # Errors
/// [`ActError`].
pub async fn set(
    store: &Store,
    actor: &Actor,
    namespace: &Name,
    badge: Badge,
    condition: &Condition,
) -> Result<Option<Badge>, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    if namespace.as_str() == "library" {
        return Err(ActError::BadgeOfficial);
    }
    let before = change.directory().await?.into_iter().find(|one| one.namespace == namespace.as_str());
    condition.check(|| before.as_ref().map(tag).unwrap_or_default())?;
    let given = Publisher { namespace: namespace.to_string(), badge, source: BadgeSource::Hand };
    if before.as_ref() == Some(&given) {
        return Ok(Some(badge));
    }
    change.set_publisher(namespace.as_str(), badge).await?;
    compile::check_directory(change.publishers().await?).map_err(ActError::Directory)?;
    let mut detail = noted(badge, BadgeSource::Hand);
    detail["before"] = json!(before.as_ref().map(|one| noted(one.badge, one.source)));
    commit(change, actor, &Act { act: ActKind::PublisherSet, organization: "", target: namespace.as_str(), detail })
        .await?;
    Ok(before.map(|one| one.badge))
}

/// Takes the badge away if it looks as it is said. Returns it. A refresh gives it anew where Docker Hub still shows it.
///
/// # Errors
/// [`ActError`].
pub async fn remove(store: &Store, actor: &Actor, namespace: &Name, condition: &Condition) -> Result<Badge, ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    let before = change.directory().await?.into_iter().find(|one| one.namespace == namespace.as_str());
    let before = before.ok_or_else(|| ActError::NoBadge(namespace.to_string()))?;
    condition.check(|| tag(&before))?;
    change.remove_publisher(namespace.as_str()).await?;
    let detail = json!({ "before": noted(before.badge, before.source) });
    let act = Act { act: ActKind::PublisherRemove, organization: "", target: namespace.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(before.badge)
}

/// A badge as the trail has it: who says so is a part of it, since no refresh changes what was given by hand.
fn noted(badge: Badge, source: BadgeSource) -> Value {
    json!({ "badge": badge, "source": source })
}

/// Most badges of one import.
pub const MOST_AT_ONCE: usize = 1000;

/// Gives many badges at once, by hand. Returns how many are new, have another badge, or were Docker Hub's.
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
    let directory = change.directory().await?.into_iter();
    let known: BTreeMap<String, (Badge, BadgeSource)> =
        directory.map(|one| (one.namespace, (one.badge, one.source))).collect();
    let mut changed = BTreeMap::new();
    for (namespace, badge) in given {
        let before = known.get(namespace.as_str()).copied();
        // Docker Hub's badge that is given by hand too is another's word from then on.
        if before != Some((*badge, BadgeSource::Hand)) {
            change.set_publisher(namespace.as_str(), *badge).await?;
            let before = before.map(|(badge, source)| noted(badge, source));
            changed.insert(namespace.as_str(), json!({ "from": before, "to": noted(*badge, BadgeSource::Hand) }));
        }
    }
    if changed.is_empty() {
        return Ok(0);
    }
    compile::check_directory(change.publishers().await?).map_err(ActError::Directory)?;
    let (count, detail) = (changed.len(), json!({ "badges": changed }));
    commit(change, actor, &Act { act: ActKind::PublisherImport, organization: "", target: "", detail }).await?;
    Ok(count)
}
