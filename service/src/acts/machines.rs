//! Machines on which members are signed in.

use super::{ActError, Actor};
use crate::{
    model::Guard,
    names::Name,
    roles::Deed,
    store::{Kind, MachineRow, Store, WhichMachines},
};

/// Where a page begins: user, machine, local user.
pub type Position = (String, String, i64);

/// Machines of an organization's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machines {
    /// By user, machine and local user.
    pub rows: Vec<MachineRow>,
    /// The newest generation of the policy; none: it will be published in a moment.
    pub published: Option<i64>,
    /// How many of all of them are guarded how.
    pub guards: Vec<(Guard, i64)>,
}

/// How many of them are guarded like this.
#[must_use]
pub fn guarded(guards: &[(Guard, i64)], guard: Guard) -> i64 {
    guards.iter().find(|(one, _)| *one == guard).map_or(0, |(_, machines)| *machines)
}

/// Machines of an organization's members behind a position; `user`: only theirs; `guard`: only those guarded like it.
///
/// # Errors
/// [`ActError`].
pub async fn list(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    user: Option<&Name>,
    guard: Option<Guard>,
    after: Option<Position>,
    limit: u32,
) -> Result<Machines, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMachines).await?;
    let published = view.publication(Kind::Policy, &place.name).await?.map(|published| published.generation);
    let after = after.unwrap_or((String::new(), String::new(), -1));
    let which = WhichMachines { user: user.map(Name::as_str).unwrap_or_default(), guard };
    let mut rows = view.machines((place.id, &place.name), &after, which, limit).await?;
    // What is in force there of other organizations is theirs to know.
    for posture in rows.iter_mut().filter_map(|row| row.posture.as_mut()) {
        posture.policies.retain(|organization, _| *organization == place.name);
    }
    let guards = view.guards(place.id).await?;
    Ok(Machines { rows, published, guards })
}

/// One's own machines.
///
/// # Errors
/// [`ActError`].
pub async fn mine(store: &Store, actor: &Actor) -> Result<Vec<MachineRow>, ActError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ReadOwn).await?;
    Ok(view.machines_of(account.id).await?)
}
