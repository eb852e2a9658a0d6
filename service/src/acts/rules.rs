//! Allowlist and denylist.

use serde_json::json;

use super::{
    ActError, Actor, Field, check_end, commit, policy,
    preview::{self, Confirmation},
    text,
};
use crate::{
    check, id,
    model::{ActKind, Effect, Rule, Scope},
    names::Name,
    roles::Deed,
    store::{Act, MadeRule, Store, Writing},
};

/// A rule that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRule {
    /// Which list.
    pub effect: Effect,
    /// Which images.
    pub pattern: String,
    /// Whom it concerns.
    pub scope: Scope,
    /// Seconds since the Unix epoch; none: never.
    pub expires_at: Option<i64>,
    /// Why; may be empty.
    pub reason: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutRule {
    /// As it is now.
    pub rule: Rule,
    /// The one with the same pattern and scope, as it was; none: it is new.
    pub before: Option<Rule>,
    /// Nobody in the organization is in that team, or is that user.
    pub concerns_nobody: bool,
}

/// The rules of a list, by id.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name, effect: Effect) -> Result<Vec<Rule>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadPolicy).await?;
    Ok(view.rules(place.id, Some(effect)).await?)
}

/// Rules behind this id, with who made them, by id.
///
/// # Errors
/// [`ActError`].
pub async fn page(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    effect: Effect,
    after: &str,
    limit: u32,
) -> Result<Vec<MadeRule>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadPolicy).await?;
    Ok(view.rules_after(place.id, effect, after, limit).await?)
}

/// One rule.
///
/// # Errors
/// [`ActError`].
pub async fn show(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    effect: Effect,
    id: &str,
) -> Result<MadeRule, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadPolicy).await?;
    let rule = id.chars().take(200).collect();
    let found = view.rule(place.id, effect, id).await?;
    found.ok_or(ActError::NoRule { list: name(effect), organization: place.name, rule })
}

/// Adds a rule, or changes the one with the same pattern and scope. `now`: seconds since the Unix epoch.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Unconfirmed`].
pub async fn put(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    new: NewRule,
    confirmation: Confirmation,
    now: i64,
) -> Result<PutRule, ActError> {
    let NewRule { effect, pattern, scope, expires_at, reason } = new;
    let id = id::new().map_err(|error| ActError::Random(error.to_string()))?;
    if effect == Effect::Deny {
        preview::look_ahead(store, actor, organization, Deed::ChangeLists, confirmation, now).await?;
    }
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeLists).await?;
    text::short(Field("reason"), &reason, text::MAX_RULE_REASON_CHARS)?;
    if let Err(source) = check::pattern(&pattern) {
        return Err(ActError::Pattern { field: Field("pattern"), pattern, source });
    }
    check_end(expires_at, now)?;
    let same = |rule: &Rule| rule.pattern == pattern && rule.scope == scope;
    let policy = change.policy(place.id, &place.name).await?;
    let before = policy.rules.iter().filter(|rule| rule.effect == effect).find(|rule| same(rule)).cloned();
    let rule = Rule { id, effect, pattern, scope, expires_at, reason };
    let rule = change.put_rule(place.id, &rule, now).await?;
    if before.is_none() {
        change.rule_is_by(&rule.id, &actor.name()).await?;
    }
    policy::check(&mut change, &place).await?;
    let confirmed = match effect {
        Effect::Deny => preview::pass(&mut change, &place, policy, confirmation, now).await?,
        // What ends earlier than it did is taken away then.
        Effect::Allow if before.as_ref().is_some_and(|before| ends_later(before, rule.expires_at, now)) => {
            let mut then = change.policy(place.id, &place.name).await?;
            then.rules.retain(|other| other.id != rule.id);
            preview::pass_to(&mut change, &place, (policy, then), confirmation, now).await?
        }
        Effect::Allow => None,
    };
    let concerns_nobody = concerns_nobody(&mut change, place.id, &rule.scope).await?;
    if before.as_ref() == Some(&rule) {
        return Ok(PutRule { rule, before, concerns_nobody });
    }
    let mut detail = json!(rule);
    detail["before"] = json!(before);
    preview::note(&mut detail, confirmed);
    let act = if effect == Effect::Allow { ActKind::AllowlistAdd } else { ActKind::DenylistAdd };
    commit(change, actor, &Act { act, organization: &place.name, target: &rule.pattern, detail }).await?;
    Ok(PutRule { rule, before, concerns_nobody })
}

/// Whether a rule is in force, and longer than until `end`.
pub(crate) fn ends_later(rule: &Rule, end: Option<i64>, now: i64) -> bool {
    match (rule.expires_at, end) {
        (None, end) => end.is_some(),
        (Some(at), end) => at > now && end.is_some_and(|end| end < at),
    }
}

async fn concerns_nobody(change: &mut Writing, organization: i64, scope: &Scope) -> Result<bool, ActError> {
    let members = change.members(organization).await?;
    Ok(match scope {
        Scope::Organization => false,
        Scope::Team(team) => !members.iter().any(|member| member.teams.contains(team)),
        Scope::User(user) => !members.iter().any(|member| member.user == *user),
    })
}

/// Which rules.
#[derive(Clone, Copy, Debug)]
pub enum Meant<'a> {
    /// The one with this id.
    Id(&'a str),
    /// That one, or all with this pattern.
    IdOrPattern(&'a str),
}

/// Removes the rules that are meant from a list. Returns what they were, at least one. `now`: seconds since the Unix
/// epoch.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Unconfirmed`].
pub async fn remove(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    effect: Effect,
    meant: Meant<'_>,
    confirmation: Confirmation,
    now: i64,
) -> Result<Vec<Rule>, ActError> {
    if effect == Effect::Allow {
        preview::look_ahead(store, actor, organization, Deed::ChangeLists, confirmation, now).await?;
    }
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeLists).await?;
    let (Meant::Id(text) | Meant::IdOrPattern(text)) = meant;
    let is_meant = |rule: &Rule| rule.id == text || (matches!(meant, Meant::IdOrPattern(_)) && rule.pattern == text);
    let policy = change.policy(place.id, &place.name).await?;
    let of_list = policy.rules.iter().filter(|rule| rule.effect == effect);
    let gone: Vec<Rule> = of_list.filter(|rule| is_meant(rule)).cloned().collect();
    if gone.is_empty() {
        let rule = text.chars().take(200).collect();
        return Err(ActError::NoRule { list: name(effect), organization: place.name, rule });
    }
    for rule in &gone {
        change.remove_rules(place.id, effect, &rule.id).await?;
    }
    let ids: Vec<&String> = gone.iter().map(|rule| &rule.id).collect();
    let act = if effect == Effect::Allow { ActKind::AllowlistRemove } else { ActKind::DenylistRemove };
    let mut detail = json!({ "ids": ids, "before": gone });
    if effect == Effect::Allow {
        preview::note(&mut detail, preview::pass(&mut change, &place, policy, confirmation, now).await?);
    }
    commit(change, actor, &Act { act, organization: &place.name, target: text, detail }).await?;
    Ok(gone)
}

/// As people call it.
#[must_use]
pub fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allowlist",
        Effect::Deny => "denylist",
    }
}
