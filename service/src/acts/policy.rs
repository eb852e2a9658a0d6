//! An organization's policy: its settings, its list of registries, and how long its members' sessions last.

use serde_json::{Map, Value, json};

use super::{
    ActError, Actor, Condition, Field, Place, Tag, commit,
    preview::{self, Confirmation},
    text,
};
use crate::{
    check,
    model::{
        ActKind, Beyond, Builds, ContainerBuilders, Effect, EnginePlugins, LocalContent, Mode, PolicyState,
        RunUnapproved, Settings, SwarmUse, UnknownRequests, WhenExpired,
    },
    names::Name,
    publish::compile,
    roles::Deed,
    store::{Act, Kind, Reading, Store, Writing},
    validity::SessionTimes,
};

/// A policy as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyView {
    /// Whose, with everything that makes it.
    pub state: PolicyState,
    /// How long its members' sessions last.
    pub times: SessionTimes,
    /// The newest that was published; none: it will be in a moment.
    pub published: Option<Published>,
}

/// Which generation of a policy machines are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub generation: i64,
    /// When it was sealed, seconds since the Unix epoch.
    pub at: i64,
}

impl PolicyView {
    pub(super) async fn read(view: &mut Reading, place: &Place) -> Result<Self, ActError> {
        let state = view.policy(place.id, &place.name).await?;
        let times = view.session_times(place.id).await?;
        let newest = view.publication(Kind::Policy, &place.name).await?;
        let published = newest.map(|newest| Published { generation: newest.generation, at: newest.issued_at });
        Ok(Self { state, times, published })
    }

    /// Of what [`set`] sets: lists and namespaces are things of their own.
    #[must_use]
    pub fn tag(&self) -> Tag {
        let PolicyState { settings, registries, .. } = &self.state;
        Tag::of(&(settings, registries, self.times.fresh, self.times.valid))
    }

    /// Rules of a list.
    #[must_use]
    pub fn count(&self, effect: Effect) -> usize {
        self.state.rules.iter().filter(|rule| rule.effect == effect).count()
    }
}

/// What is to be changed of a policy. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyChange {
    /// The switch.
    pub enabled: Option<bool>,
    /// Refuse or only record.
    pub mode: Option<Mode>,
    /// Docker Official Images.
    pub official: Option<bool>,
    /// Verified publishers' images.
    pub verified_publisher: Option<bool>,
    /// Community images.
    pub community: Option<bool>,
    /// Limit other registries to the list.
    pub registry_control: Option<bool>,
    /// The list.
    pub registries: Option<Vec<String>>,
    /// Past the end of the document.
    pub when_expired: Option<WhenExpired>,
    /// The owner's words in a refusal.
    pub message: Option<String>,
    /// Page where access is asked for.
    pub request_url: Option<String>,
    /// Whom to write to.
    pub email: Option<String>,
    /// Seconds that a session is fresh; none: as the service is set.
    pub session_fresh: Option<Option<i64>>,
    /// Seconds that it is valid; none: as the service is set.
    pub session_valid: Option<Option<i64>>,
    /// Content that no registry vouches for.
    pub local_content: Option<LocalContent>,
    /// Starts of what is here and would be refused today.
    pub run_unapproved: Option<RunUnapproved>,
    /// Managed engine plugins.
    pub engine_plugins: Option<EnginePlugins>,
    /// Swarm.
    pub swarm: Option<SwarmUse>,
    /// Builds.
    pub builds: Option<Builds>,
    /// Containers of BuildKit.
    pub container_builders: Option<ContainerBuilders>,
    /// What is not known.
    pub unknown_requests: Option<UnknownRequests>,
    /// Where may be pushed to; none: anywhere.
    pub push: Option<Option<Vec<String>>>,
    /// The tamper guard.
    pub protect: Option<bool>,
    /// What it leaves alone.
    pub protect_allow: Option<Vec<String>>,
}

/// The policy.
///
/// # Errors
/// [`ActError`].
pub async fn show(store: &Store, actor: &Actor, organization: &Name) -> Result<PolicyView, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadPolicy).await?;
    PolicyView::read(&mut view, &place).await
}

/// What must hold when a change is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Of the policy as it is.
    pub condition: Condition,
    /// Of what the change takes away.
    pub confirmation: Confirmation,
}

/// Changes what is given, when it still is as somebody saw it, and takes no more from people than they said. `now`:
/// seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Unconfirmed`].
pub async fn set(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    wanted: &PolicyChange,
    terms: &Terms,
    now: i64,
) -> Result<PolicyView, ActError> {
    preview::look_ahead_of(store, actor, organization, wanted, terms.confirmation, now).await?;
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangePolicy).await?;
    let (view, detail) = apply(&mut change, &place, wanted, terms, now).await?;
    if detail == json!({}) {
        return Ok(view);
    }
    let act = Act { act: ActKind::PolicySet, organization: &place.name, target: &place.name, detail };
    commit(change, actor, &act).await?;
    Ok(view)
}

/// Makes the change, with what it is for the trail.
pub(super) async fn apply(
    change: &mut Writing,
    place: &Place,
    wanted: &PolicyChange,
    terms: &Terms,
    now: i64,
) -> Result<(PolicyView, Value), ActError> {
    let before = PolicyView::read(change, place).await?;
    terms.condition.check(|| before.tag())?;
    let Draft { settings, registries, times } = Draft::of(&before, wanted)?;
    let mut detail = differences(&before, &settings, &registries, times);
    if times != before.times {
        change.set_session_times(place.id, times).await?;
    }
    if settings != before.state.settings {
        change.set_settings(place.id, &settings).await?;
    }
    if registries != before.state.registries {
        change.set_registries(place.id, &registries).await?;
    }
    check(change, place).await?;
    let published = before.published;
    preview::note(&mut detail, preview::pass(change, place, before.state, terms.confirmation, now).await?);
    let state = change.policy(place.id, &place.name).await?;
    Ok((PolicyView { state, times, published }, detail))
}

/// What a change makes of what it can change.
struct Draft {
    settings: Settings,
    registries: Vec<String>,
    times: SessionTimes,
}

impl Draft {
    fn of(before: &PolicyView, wanted: &PolicyChange) -> Result<Self, ActError> {
        Ok(Self {
            times: times(before.times, wanted)?,
            settings: settings(&before.state.settings, wanted)?,
            registries: match &wanted.registries {
                None => before.state.registries.clone(),
                Some(hosts) => registries(hosts)?,
            },
        })
    }
}

/// The policy as a change would make it, if it could be published then.
pub(super) fn drafted(before: &PolicyView, wanted: &PolicyChange) -> Result<PolicyState, ActError> {
    let Draft { settings, registries, .. } = Draft::of(before, wanted)?;
    let state = PolicyState { settings, registries, ..before.state.clone() };
    let organization = &state.organization;
    compile::check_policy(state.clone())
        .map_err(|source| ActError::Policy { organization: organization.clone(), source })?;
    Ok(state)
}

/// Refuses a change after which the policy could not be published.
pub(super) async fn check(change: &mut Writing, place: &Place) -> Result<(), ActError> {
    let state = change.policy(place.id, &place.name).await?;
    compile::check_policy(state).map_err(|source| ActError::Policy { organization: place.name.clone(), source })
}

fn times(before: SessionTimes, wanted: &PolicyChange) -> Result<SessionTimes, ActError> {
    let times = SessionTimes {
        fresh: wanted.session_fresh.unwrap_or(before.fresh),
        valid: wanted.session_valid.unwrap_or(before.valid),
    };
    for (field, seconds) in [("session_fresh", times.fresh), ("session_valid", times.valid)] {
        if seconds.is_some_and(|seconds| !(SessionTimes::SHORTEST..=SessionTimes::LONGEST).contains(&seconds)) {
            let fault = "is out of range: at least a minute, at most 30 days".to_owned();
            return Err(text::TextError { field: Field(field), fault }.into());
        }
    }
    match times {
        SessionTimes { fresh: Some(fresh), valid: Some(valid) } if fresh > valid => {
            Err(ActError::SessionTimes { fresh, valid })
        }
        times => Ok(times),
    }
}

/// In lower case, sorted, each once.
fn registries(hosts: &[String]) -> Result<Vec<String>, ActError> {
    let mut hosts: Vec<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    for host in &hosts {
        check::registry(host)?;
    }
    Ok(hosts)
}

/// Sorted, each once.
fn patterns(field: &'static str, given: &[String]) -> Result<Vec<String>, ActError> {
    let mut patterns = Vec::with_capacity(given.len());
    for pattern in given {
        check::pattern(pattern).map_err(|source| ActError::Pattern {
            field: Field(field),
            pattern: pattern.clone(),
            source,
        })?;
        patterns.push(pattern.trim().to_owned());
    }
    patterns.sort_unstable();
    patterns.dedup();
    Ok(patterns)
}

fn settings(before: &Settings, wanted: &PolicyChange) -> Result<Settings, ActError> {
    let message = wanted.message.as_ref().unwrap_or(&before.message);
    let request_url = wanted.request_url.as_ref().unwrap_or(&before.request_url);
    let email = wanted.email.as_ref().unwrap_or(&before.email);
    // What was taken once stands in the way of no other change.
    if *message != before.message {
        text::short(Field("message"), message, text::MAX_MESSAGE_CHARS)?;
    }
    if *request_url != before.request_url {
        text::page(Field("request_url"), request_url)?;
    }
    if *email != before.email {
        text::address(Field("email"), email)?;
    }
    Ok(Settings {
        enabled: wanted.enabled.unwrap_or(before.enabled),
        mode: wanted.mode.unwrap_or(before.mode),
        official: wanted.official.unwrap_or(before.official),
        verified_publisher: wanted.verified_publisher.unwrap_or(before.verified_publisher),
        community: wanted.community.unwrap_or(before.community),
        registry_control: wanted.registry_control.unwrap_or(before.registry_control),
        when_expired: wanted.when_expired.unwrap_or(before.when_expired),
        message: message.clone(),
        request_url: request_url.clone(),
        email: email.clone(),
        beyond: beyond(&before.beyond, wanted)?,
    })
}

fn beyond(before: &Beyond, wanted: &PolicyChange) -> Result<Beyond, ActError> {
    Ok(Beyond {
        local_content: wanted.local_content.unwrap_or(before.local_content),
        run_unapproved: wanted.run_unapproved.unwrap_or(before.run_unapproved),
        engine_plugins: wanted.engine_plugins.unwrap_or(before.engine_plugins),
        swarm: wanted.swarm.unwrap_or(before.swarm),
        builds: wanted.builds.unwrap_or(before.builds),
        container_builders: wanted.container_builders.unwrap_or(before.container_builders),
        unknown_requests: wanted.unknown_requests.unwrap_or(before.unknown_requests),
        push: match &wanted.push {
            None => before.push.clone(),
            Some(None) => None,
            Some(Some(given)) => Some(patterns("push", given)?),
        },
        protect: wanted.protect.unwrap_or(before.protect),
        protect_allow: match &wanted.protect_allow {
            None => before.protect_allow.clone(),
            Some(given) => patterns("protect_allow", given)?,
        },
    })
}

/// What changed, from and to, for the trail.
fn differences(before: &PolicyView, settings: &Settings, registries: &[String], times: SessionTimes) -> Value {
    let all = |settings: &Settings, registries: &[String], times: SessionTimes| {
        let mut all = match serde_json::to_value(settings) {
            Ok(Value::Object(all)) => all,
            _ => Map::new(),
        };
        all.insert("registries".to_owned(), json!(registries));
        all.insert("session_fresh".to_owned(), json!(times.fresh));
        all.insert("session_valid".to_owned(), json!(times.valid));
        all
    };
    let mut from = all(&before.state.settings, &before.state.registries, before.times);
    let changed = all(settings, registries, times).into_iter().filter_map(|(key, to)| {
        let from = from.remove(&key).unwrap_or_default();
        (from != to).then(|| (key, json!({ "from": from, "to": to })))
    });
    Value::Object(changed.collect())
}
