//! What a change of the policy would do: it is held against what machines reported of the last [`DAYS`] days, and
//! against the publishers' directory.
//!
//! Both policies, the one that is and the one that would be, are asked again by the machines' own function
//! ([`policy::decide()`]) about each distinct thing that was recorded, for everybody whom the policy concerns and who did
//! it. What was decided then does not count: policies and roles changed since.
//!
//! | file | does |
//! |---|---|
//! | `recorded` | from a record to what was asked for |
//! | `crowd` | the people, those together of whom both policies say the same |
//! | `compare` | what differs, pure |
//! | `guard` | nothing is taken from many people by accident |

mod compare;
mod crowd;
mod guard;
mod recorded;
#[cfg(test)]
mod tests;

use policy::{Category, Reason};

pub use self::guard::{Confirmation, needs};
pub(super) use self::guard::{look_ahead, look_ahead_of, note, pass, pass_to};
use self::{
    compare::{Differences, Thing},
    crowd::{Crowd, Judging, Sides},
};
use super::{
    ActError, Actor, Condition, Place, Tag,
    policy::{self as policies, PolicyChange, PolicyView},
};
use crate::{
    model::{AllowedPulls, Badge, PolicyState},
    names::Name,
    roles::Deed,
    store::{Done, Reading, Store},
};

/// How far back, in days, today included.
pub const DAYS: i64 = 90;
/// Most distinct things that are looked at: those that most people did on most days. It bounds what a draft costs,
/// whatever machines report.
pub const MOST_THINGS: usize = 20_000;
/// Most that are named of anything; the rest is counted.
pub const MOST_EXAMPLES: usize = 20;
const DAY: i64 = 86_400;

/// What a draft would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Whose policy.
    pub organization: String,
    /// The policy that the draft was held against.
    pub tag: Tag,
    /// What differs.
    pub effects: Effects<Shift>,
    /// What it was held against.
    pub basis: Basis,
}

/// What a draft was held against, and what that does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The oldest day of which anything is known, since the Unix epoch; none: nothing is.
    pub first_day: Option<i64>,
    /// People of whom any decision is recorded, owners and the organization's access tokens too.
    pub active: usize,
    /// Distinct things that were looked at.
    pub things: usize,
    /// There are more things than are looked at, so all counts are lower bounds.
    pub cut: bool,
    /// Decisions on something that the record does not name, so nobody can tell.
    pub unread: i64,
    /// What the organization keeps of what was allowed: nothing is known of what it does not keep.
    pub allowed_pulls: AllowedPulls,
    /// Namespaces with a badge that were looked at.
    pub namespaces: usize,
}

/// One of each kind of change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects<T> {
    /// It would be refused, and is not today.
    pub refused: T,
    /// It would pass and be recorded as one to refuse, and just passes today.
    pub watched: T,
    /// It would pass, and is refused today or recorded as one to refuse.
    pub allowed: T,
}

/// What changes in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// Distinct things, those of most people first.
    pub things: Counted<ThingChange>,
    /// People of whom any of them is recorded, those of most things first.
    pub people: Counted<PersonChange>,
    /// Namespaces of the publishers' directory, for a member of whom no rule knows.
    pub namespaces: Counted<NamespaceChange>,
}

/// How many, and at most [`MOST_EXAMPLES`] of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted<T> {
    /// All.
    pub count: usize,
    /// The first.
    pub examples: Vec<T>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { count: 0, examples: Vec::new() }
    }
}

/// Something that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThingChange {
    /// Stable word, for example `pull`.
    pub action: String,
    /// Normalised reference; empty: none was named.
    pub image: String,
    /// How often, by everybody.
    pub times: i64,
    /// For how many people it changes so.
    pub people: usize,
    /// When last: days since the Unix epoch.
    pub last_day: i64,
    /// Why the draft says so.
    pub reason: Reason,
    /// The kind of image, where the draft looks at it.
    pub category: Option<Category>,
    /// It would be recorded as one to refuse.
    pub watched: bool,
}

/// Somebody for whom something changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonChange {
    /// Account.
    pub user: String,
    /// How many distinct things.
    pub things: usize,
}

/// A namespace of the publishers' directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceChange {
    /// On Docker Hub.
    pub namespace: String,
    /// Its badge.
    pub badge: Badge,
}

impl Preview {
    /// People who would lose something.
    #[must_use]
    pub fn losing(&self) -> usize {
        self.effects.refused.people.count
    }

    /// The number that has to be confirmed before it is published; none: none has to be.
    #[must_use]
    pub fn needs(&self) -> Option<usize> {
        needs(self.losing(), self.basis.active)
    }
}

/// Says what a draft of the policy would change, if the policy still is as somebody saw it. Changes nothing. `now`:
/// seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`], as [`policies::set`] of the same.
pub async fn of_policy(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    wanted: &PolicyChange,
    condition: &Condition,
    now: i64,
) -> Result<Preview, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::PreviewPolicy).await?;
    let before = PolicyView::read(&mut view, &place).await?;
    let tag = before.tag();
    condition.check(|| tag.clone())?;
    let after = policies::drafted(&before, wanted)?;
    let Held { effects, basis } = hold(&mut view, &place, before.state, after, now).await?;
    Ok(Preview { organization: place.name, tag, effects, basis })
}

/// What holding two policies against what was recorded gives.
struct Held {
    effects: Effects<Shift>,
    basis: Basis,
}

/// Holds both policies against what was recorded.
async fn hold(
    view: &mut Reading,
    place: &Place,
    before: PolicyState,
    after: PolicyState,
    now: i64,
) -> Result<Held, ActError> {
    let sides =
        Sides { before, after, publishers: view.publishers().await?, others: view.others_namespaces(place.id).await? };
    let crowd = Crowd::of(view.subjects(place.id).await?, &sides, now)?;
    let allowed_pulls = view.keeping(place.id).await?.allowed_pulls;
    let lately = view.lately(&place.name, since(now)).await?;
    // Many things and a directory of many thousand lines are nothing for the event loop.
    let compared = tokio::task::spawn_blocking(move || -> Result<Held, ActError> {
        let summary = lately.summary(MOST_THINGS);
        let numbers: Vec<Option<u32>> = summary.accounts.iter().map(|name| crowd.number(name)).collect();
        let things: Vec<Thing<'_>> = summary.things.iter().map(|done| thing(done, &numbers)).collect();
        let Differences { mut effects, unread } = compare::compare(&things, &crowd);
        let judge = Judging::over(&sides, now)?.of_members();
        compare::compare_directory(&sides.publishers, &judge, &mut effects);
        let basis = Basis {
            first_day: summary.first_day,
            active: numbers.iter().flatten().count(),
            things: things.len(),
            cut: summary.cut,
            unread,
            allowed_pulls,
            namespaces: sides.publishers.len(),
        };
        Ok(Held { effects, basis })
    });
    compared.await.map_err(|_| ActError::Stopping)?
}

/// The first day that is looked at.
fn since(now: i64) -> i64 {
    now.div_euclid(DAY) - (DAYS - 1)
}

/// With numbers for the names of those whom the policy still concerns.
fn thing<'a>(done: &'a Done, numbers: &[Option<u32>]) -> Thing<'a> {
    let number = |place: &u32| numbers.get(usize::try_from(*place).ok()?).copied().flatten();
    let people = done.accounts.iter().filter_map(number).collect();
    Thing { action: &done.action, image: &done.image, times: done.times, last_day: done.last_day, people }
}
