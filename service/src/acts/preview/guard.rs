//! Nothing is taken from many people by accident: whoever publishes says from how many.
//!
//! INVARIANT: people are counted in the transaction that publishes, so what is confirmed is what happens. What they did
//! is mostly read before ([`look_ahead`]); the transaction reads what has changed since.

use serde_json::{Value, json};

use super::{Effects, Shift, hold, since};
use crate::{
    acts::{
        ActError, Actor, Place,
        policy::{self as policies, PolicyChange, PolicyView},
    },
    model::{Mode, PolicyState, Settings, WhenExpired},
    names::Name,
    roles::Deed,
    store::{Store, Writing},
};

/// Examples in a refusal.
const NAMED: usize = 3;

/// What whoever publishes says of what that takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// Nothing.
    #[default]
    None,
    /// So many people lose something.
    People(usize),
    /// They cannot be asked: automation for Docker Hub, which has no word for it. Nobody is counted then.
    NotAsked,
}

/// Reads what [`pass`] is going to need, before a change makes everybody else who writes wait for it: a change that takes
/// something away from the policy as it is. Who may not make it is told so here already.
///
/// # Errors
/// [`ActError`].
pub(in crate::acts) async fn look_ahead(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    deed: Deed,
    confirmation: Confirmation,
    now: i64,
) -> Result<(), ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), deed).await?;
    let state = view.policy(place.id, &place.name).await?;
    if confirmation != Confirmation::NotAsked && !refuses_nothing(&state) {
        view.lately(&place.name, since(now)).await?;
    }
    Ok(())
}

/// The same of a change of the policy itself.
///
/// # Errors
/// [`ActError`].
pub(in crate::acts) async fn look_ahead_of(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    wanted: &PolicyChange,
    confirmation: Confirmation,
    now: i64,
) -> Result<(), ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ChangePolicy).await?;
    let before = PolicyView::read(&mut view, &place).await?;
    // What is wrong with it, the change says, and in which order.
    let Ok(after) = policies::drafted(&before, wanted) else { return Ok(()) };
    if is_guarded(&before.state, &after, confirmation) {
        view.lately(&place.name, since(now)).await?;
    }
    Ok(())
}

/// The number that has to be confirmed when so many of so many active people lose something; none: at most a tenth do.
#[must_use]
pub fn needs(losing: usize, active: usize) -> Option<usize> {
    (losing.saturating_mul(10) > active).then_some(losing)
}

/// Lets a change of the policy pass that was made in this transaction: it takes nothing from more than a tenth of the
/// active people, or as many as it does are confirmed. Returns the number then. `before`: the policy as it was.
///
/// # Errors
/// [`ActError::Unconfirmed`].
pub(in crate::acts) async fn pass(
    change: &mut Writing,
    place: &Place,
    before: PolicyState,
    confirmation: Confirmation,
    now: i64,
) -> Result<Option<usize>, ActError> {
    let after = change.policy(place.id, &place.name).await?;
    pass_to(change, place, (before, after), confirmation, now).await
}

/// The same of what the policy comes to by itself: `after` is what it will be.
///
/// # Errors
/// [`ActError::Unconfirmed`].
pub(in crate::acts) async fn pass_to(
    change: &mut Writing,
    place: &Place,
    (before, after): (PolicyState, PolicyState),
    confirmation: Confirmation,
    now: i64,
) -> Result<Option<usize>, ActError> {
    if !is_guarded(&before, &after, confirmation) {
        return Ok(None);
    }
    let held = hold(change, place, before, after, now).await?;
    let (losing, active) = (held.effects.refused.people.count, held.basis.active);
    match (needs(losing, active), confirmation) {
        (None, _) => Ok(None),
        (Some(losing), Confirmation::People(said)) if said == losing => Ok(Some(losing)),
        (Some(losing), confirmation) => Err(ActError::Unconfirmed {
            organization: place.name.clone(),
            losing,
            active,
            said: match confirmation {
                Confirmation::People(said) => Some(said),
                Confirmation::None | Confirmation::NotAsked => None,
            },
            examples: examples(&held.effects),
        }),
    }
}

/// The confirmed number, into what the trail says of the act.
pub(in crate::acts) fn note(detail: &mut Value, confirmed: Option<usize>) {
    if let (Value::Object(detail), Some(people)) = (detail, confirmed) {
        detail.insert("confirmed".to_owned(), json!(people));
    }
}

/// Whether people are counted at all.
fn is_guarded(before: &PolicyState, after: &PolicyState, confirmation: Confirmation) -> bool {
    confirmation != Confirmation::NotAsked
        && !refuses_nothing(after)
        && what_decides(before.clone()) != what_decides(after.clone())
}

fn refuses_nothing(state: &PolicyState) -> bool {
    !state.settings.enabled || state.settings.mode == Mode::Monitor
}

/// Without what no decision depends on while a policy is fresh.
fn what_decides(state: PolicyState) -> PolicyState {
    let nothing = String::new;
    let settings = Settings {
        when_expired: WhenExpired::Keep,
        message: nothing(),
        request_url: nothing(),
        email: nothing(),
        ..state.settings
    };
    PolicyState { settings, ..state }
}

/// Some of what most people would lose; empty: nothing of it has a name.
fn examples(effects: &Effects<Shift>) -> Vec<String> {
    let images = effects.refused.things.examples.iter().filter(|thing| !thing.image.is_empty());
    images.take(NAMED).map(|thing| thing.image.clone()).collect()
}
