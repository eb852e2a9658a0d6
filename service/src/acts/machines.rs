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

/// Which machines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Of this user.
    pub user: Option<&'a Name>,
    /// Guarded like this.
    pub guard: Option<Guard>,
}

/// The generation of an organization's policy that a machine enforces, by the newest that it let us know: what its agent
/// said of it, or a decision. None: it said that there is none, or nothing.
#[must_use]
pub fn in_force(row: &MachineRow, organization: &str) -> Option<i64> {
    let Some(posture) = &row.posture else { return row.generation };
    let told = posture.policies.get(organization).copied().filter(|_| !posture.plugin_version.is_empty());
    match row.last_record_at_ms > row.posture_at_ms {
        // It may have been made before; a machine never goes back.
        true => row.generation.max(told),
        false => told,
    }
}

/// How many of them are guarded like this.
#[must_use]
pub fn guarded(guards: &[(Guard, i64)], guard: Guard) -> i64 {
    guards.iter().find(|(one, _)| *one == guard).map_or(0, |(_, machines)| *machines)
}

/// Machines of an organization's members behind a position, at `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`].
pub async fn list(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    which: Which<'_>,
    after: Option<Position>,
    limit: u32,
    now: i64,
) -> Result<Machines, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMachines).await?;
    let published = view.publication(Kind::Policy, &place.name).await?.map(|published| published.generation);
    let after = after.unwrap_or((String::new(), String::new(), -1));
    let which = WhichMachines { user: which.user.map(Name::as_str).unwrap_or_default(), guard: which.guard };
    let mut rows = view.machines((place.id, &place.name), &after, which, limit, now).await?;
    // What is in force there of other organizations is theirs to know.
    for posture in rows.iter_mut().filter_map(|row| row.posture.as_mut()) {
        posture.policies.retain(|organization, _| *organization == place.name);
    }
    let guards = view.guards(place.id, now).await?;
    Ok(Machines { rows, published, guards })
}

/// One's own machines, at `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`].
pub async fn mine(store: &Store, actor: &Actor, now: i64) -> Result<Vec<MachineRow>, ActError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ReadOwn).await?;
    Ok(view.machines_of(account.id, now).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Posture;

    #[test]
    fn what_was_heard_last_says_which_policy_is_in_force() {
        let posture = |plugin: &str, at: Option<i64>| {
            let policies = at.map(|at| ("acme".to_owned(), at)).into_iter().chain([("beta".to_owned(), 99)]);
            Some(Posture { plugin_version: plugin.to_owned(), policies: policies.collect(), ..Posture::default() })
        };
        // What it said and when, the newest decision and when, and what is in force.
        let cases = [
            (None, None, None, None, None),
            (None, None, Some(7), Some(10), Some(7)),
            (posture("1", Some(7)), Some(10), None, None, Some(7)),
            (posture("1", None), Some(10), None, None, None),
            // It was turned off since the decision.
            (posture("1", None), Some(10), Some(7), Some(9), None),
            (posture("1", Some(8)), Some(10), Some(7), Some(9), Some(8)),
            (posture("1", Some(7)), Some(10), Some(8), Some(11), Some(8)),
            // It lay in the spool.
            (posture("1", Some(8)), Some(10), Some(7), Some(11), Some(8)),
            // The plugin is gone, and what an agent holds is not in force; or it is back.
            (posture("", None), Some(10), Some(7), Some(9), None),
            (posture("", Some(7)), Some(10), Some(7), Some(10), None),
            (posture("", None), Some(10), Some(7), Some(11), Some(7)),
        ];
        for (posture, posture_at_ms, generation, last_record_at_ms, expected) in cases {
            let row = MachineRow {
                user: "alice".to_owned(),
                machine_id: "m".to_owned(),
                uid: 1000,
                agent_version: String::new(),
                session_issued_at: 0,
                session_expires_at: 0,
                records_dropped: 0,
                records_refused: 0,
                disputed: false,
                generation,
                last_record_at_ms,
                posture,
                posture_at_ms,
                guard: Guard::Untold,
            };
            assert_eq!(in_force(&row, "acme"), expected, "{row:?}");
        }
    }
}
