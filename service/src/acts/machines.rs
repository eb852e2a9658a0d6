//! Machines on which members are signed in.

use super::{ActError, Actor};
use crate::{
    names::Name,
    roles::Deed,
    store::{Kind, MachineRow, Store},
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
}

/// Machines of an organization's members behind a position; `user`: only theirs.
///
/// # Errors
/// [`ActError`].
pub async fn list(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    user: Option<&Name>,
    after: Option<Position>,
    limit: u32,
) -> Result<Machines, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMachines).await?;
    let published = view.publication(Kind::Policy, &place.name).await?.map(|published| published.generation);
    let after = after.unwrap_or((String::new(), String::new(), -1));
    let user = user.map(Name::as_str).unwrap_or_default();
    let rows = view.machines((place.id, &place.name), &after, user, limit).await?;
    Ok(Machines { rows, published })
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
