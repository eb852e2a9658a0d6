//! What an organization keeps of its members' decisions, and for how long.

use serde_json::{Map, Value, json};

use super::{ActError, Actor, Condition, Field, Place, Tag, TextError, commit, organizations::Organization};
use crate::{
    model::{ActKind, AllowedPulls, Keeping},
    names::Name,
    roles::Deed,
    store::{Act, Reading, Store},
};

/// What is to be changed. What is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepingChange {
    /// What of allowed ones.
    pub allowed_pulls: Option<AllowedPulls>,
    /// Seconds; none: as the service is set.
    pub keep_records: Option<Option<i64>>,
}

/// What an organization looks like, with all that is said of it.
#[must_use]
pub fn tag(organization: &Organization) -> Tag {
    Tag::of(organization)
}

/// Changes what is given if the organization looks as it is said, and returns it as it is then. What is there already and
/// is not to be kept any more is forgotten within the hour.
///
/// # Errors
/// [`ActError`].
pub async fn set(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    wanted: KeepingChange,
    condition: &Condition,
) -> Result<Organization, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeKeeping).await?;
    let seen = of(&mut change, &place).await?;
    condition.check(|| tag(&seen))?;
    let before = Keeping { allowed_pulls: seen.allowed_pulls, keep_records: seen.keep_records };
    let after = Keeping {
        allowed_pulls: wanted.allowed_pulls.unwrap_or(before.allowed_pulls),
        keep_records: wanted.keep_records.unwrap_or(before.keep_records),
    };
    if after.keep_records.is_some_and(|seconds| !(Keeping::SHORTEST..=Keeping::LONGEST).contains(&seconds)) {
        let fault = "is out of range: at least a day, at most three years".to_owned();
        return Err(TextError { field: Field("keep_records"), fault }.into());
    }
    if after == before {
        return Ok(seen);
    }
    change.set_keeping(place.id, after).await?;
    let mut detail = Map::new();
    if before.allowed_pulls != after.allowed_pulls {
        detail.insert("allowed_pulls".to_owned(), json!({ "from": before.allowed_pulls, "to": after.allowed_pulls }));
    }
    if before.keep_records != after.keep_records {
        detail.insert("keep_records".to_owned(), json!({ "from": before.keep_records, "to": after.keep_records }));
    }
    let now = Organization { allowed_pulls: after.allowed_pulls, keep_records: after.keep_records, ..seen };
    let detail = Value::Object(detail);
    commit(
        change,
        actor,
        &Act { act: ActKind::OrganizationKeep, organization: &place.name, target: &place.name, detail },
    )
    .await?;
    Ok(now)
}

async fn of(view: &mut Reading, place: &Place) -> Result<Organization, ActError> {
    let Keeping { allowed_pulls, keep_records } = view.keeping(place.id).await?;
    let hub = view.hub_links().await?.into_iter().find(|link| link.organization == place.id);
    Ok(Organization {
        allowed_pulls,
        hub_organization: hub.map(|link| link.hub_organization),
        keep_records,
        oidc_groups: view.oidc_links().await?.iter().any(|(linked, _)| *linked == place.id),
        organization: place.name.clone(),
    })
}
