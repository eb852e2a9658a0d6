//! Allowlist and denylist.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller, Refusal,
    answer::{self, Answer},
    input::{Asked, At, Body},
    page::{Listed, Page},
    path::{Organization, Thing},
    preview::Confirm,
    refusal::{ChangeRefusals, ConfirmRefusals, Refusals},
};
use crate::{
    acts::{
        ActError,
        activity::{self, Hits},
        preview::Confirmation,
        rules::{self, Meant, NewRule, PutRule},
    },
    clock,
    model::{self, Effect, Scope},
    names::Name,
    store::MadeRule,
};

/// Whom a rule concerns.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "to", content = "name", deny_unknown_fields)]
pub enum RuleScope {
    /// Everybody in the organization.
    Organization,
    /// One team.
    Team(Name),
    /// One user.
    User(Name),
}

/// A rule.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique.
    id: String,
    /// Which images, see docs/reference/patterns.md.
    pattern: String,
    /// Whom it concerns.
    scope: RuleConcern,
    /// When it ends, seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
    /// Why; may be empty.
    reason: String,
}

/// Whom a rule concerns, as it is kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "to", content = "name")]
pub enum RuleConcern {
    /// Everybody in the organization.
    Organization,
    /// One team.
    Team(String),
    /// One user.
    User(String),
}

/// A rule of a list.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedRule {
    /// Unique.
    id: String,
    /// Which images, see docs/reference/patterns.md.
    pattern: String,
    /// Whom it concerns.
    scope: RuleConcern,
    /// When it ends, seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
    /// Why; may be empty.
    reason: String,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Who made it: an account, or `local:<uid>`; empty: it was not written down.
    created_by: String,
    /// How often it decided, as long as counts are kept; null: the caller does not see everybody's decisions.
    hits: Option<i64>,
    /// When the newest of these decisions was received, milliseconds since the Unix epoch; null: none, or the same.
    last_hit_ms: Option<i64>,
}

/// What became of a rule.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedRule {
    /// As it is now.
    rule: Rule,
    /// The one with the same pattern and scope as it was; null: it is new.
    before: Option<Rule>,
    /// Nobody in the organization is in that team, or is that user.
    concerns_nobody: bool,
}

fn everybody() -> RuleScope {
    RuleScope::Organization
}

/// A rule to make. The one with the same pattern and scope is changed, and keeps its id.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedRule {
    /// Which images: `evil/miner`, `acme/*`, `ghcr.io/acme/*`, `alpine:3.*`, `alpine@sha256:...`
    #[schema(min_length = 1, max_length = 512)]
    pattern: String,
    /// Whom it concerns; absent: everybody.
    #[serde(default = "everybody")]
    scope: RuleScope,
    /// When it ends, seconds since the Unix epoch; null: never.
    #[schema(maximum = 253_402_300_799_i64)]
    expires_at: Option<i64>,
    /// Why. Members may read it.
    #[serde(default)]
    #[schema(max_length = 200)]
    reason: String,
}

impl From<model::Rule> for Rule {
    fn from(rule: model::Rule) -> Self {
        let model::Rule { id, pattern, scope, expires_at, reason, .. } = rule;
        Self { id, pattern, scope: scope.into(), expires_at, reason }
    }
}

impl From<Scope> for RuleConcern {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Organization => Self::Organization,
            Scope::Team(name) => Self::Team(name),
            Scope::User(name) => Self::User(name),
        }
    }
}

impl From<RuleScope> for Scope {
    fn from(scope: RuleScope) -> Self {
        match scope {
            RuleScope::Organization => Self::Organization,
            RuleScope::Team(name) => Self::Team(name.into()),
            RuleScope::User(name) => Self::User(name.into()),
        }
    }
}

impl ListedRule {
    /// `hits`: for who sees everybody's decisions.
    fn of(made: MadeRule, hits: Option<&Hits>) -> Self {
        let MadeRule { rule, created_at, created_by } = made;
        let Rule { id, pattern, scope, expires_at, reason } = rule.into();
        let own = hits.map(|hits| hits.of(&id));
        let last_hit_ms = own.flatten().map(|own| own.last_ms);
        let hits = own.map(|own| own.map_or(0, |own| own.hits));
        Self { id, pattern, scope, expires_at, reason, created_at, created_by, hits, last_hit_ms }
    }
}

/// How often these rules decided; none: that is not for the caller's eyes.
async fn hits(api: &Api, caller: &Caller, organization: &Name, rules: &[MadeRule]) -> Result<Option<Hits>, Refusal> {
    let ids: Vec<&str> = rules.iter().map(|made| made.rule.id.as_str()).collect();
    match activity::hits(&api.store, &caller.actor, organization, &ids).await {
        Ok(hits) => Ok(Some(hits)),
        Err(ActError::Forbidden { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn list(api: &Api, caller: &Caller, at: &Organization, page: &Page, effect: Effect) -> Answer {
    let (after, limit) = (page.after::<String>()?.unwrap_or_default(), page.limit()?);
    let rows =
        rules::page(&api.store, &caller.actor, &at.organization, effect, &after, limit.saturating_add(1)).await?;
    let hits = hits(api, caller, &at.organization, &rows).await?;
    let listed = Listed::of(rows, limit, |made| made.rule.id.clone());
    answer::ok(&listed.map(|made| ListedRule::of(made, hits.as_ref())))
}

async fn show(api: &Api, caller: &Caller, at: &Thing, effect: Effect) -> Answer {
    let rule = rules::show(&api.store, &caller.actor, &at.organization, effect, &at.id).await?;
    let hits = hits(api, caller, &at.organization, std::slice::from_ref(&rule)).await?;
    answer::ok(&ListedRule::of(rule, hits.as_ref()))
}

async fn put(
    api: &Api,
    caller: &Caller,
    at: &Organization,
    wanted: WantedRule,
    effect: Effect,
    confirmation: Confirmation,
) -> Answer {
    let WantedRule { pattern, scope, expires_at, reason } = wanted;
    let new = NewRule { effect, pattern, scope: scope.into(), expires_at, reason };
    let put = rules::put(&api.store, &caller.actor, &at.organization, new, confirmation, clock::now()).await?;
    let PutRule { rule, before, concerns_nobody } = put;
    let is_new = before.is_none();
    answer::put(is_new, &ChangedRule { rule: rule.into(), before: before.map(Rule::from), concerns_nobody })
}

async fn remove(api: &Api, caller: &Caller, at: &Thing, effect: Effect, confirmation: Confirmation) -> Answer {
    let (actor, meant) = (&caller.actor, Meant::Id(&at.id));
    rules::remove(&api.store, actor, &at.organization, effect, meant, confirmation, clock::now()).await?;
    answer::done()
}

/// The allowlist
#[utoipa::path(get, path = "/organizations/{organization}/allowlist", tag = "lists", params(Organization, Page),
    responses((status = 200, body = Listed<ListedRule>), Refusals))]
pub async fn allowed(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    list(&api, &caller, &at, &page, Effect::Allow).await
}

/// Allow images
#[utoipa::path(post, path = "/organizations/{organization}/allowlist", tag = "lists", params(Organization, Confirm),
    request_body = WantedRule,
    responses((status = 200, body = ChangedRule), (status = 201, body = ChangedRule), Refusals, ChangeRefusals))]
pub async fn allow(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(confirm): Asked<Confirm>,
    Body(wanted): Body<WantedRule>,
) -> Answer {
    put(&api, &caller, &at, wanted, Effect::Allow, confirm.into()).await
}

/// One rule of the allowlist
#[utoipa::path(get, path = "/organizations/{organization}/allowlist/{id}", tag = "lists", params(Thing),
    responses((status = 200, body = ListedRule), Refusals))]
pub async fn allowed_one(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    show(&api, &caller, &at, Effect::Allow).await
}

/// Take it away
#[utoipa::path(delete, path = "/organizations/{organization}/allowlist/{id}", tag = "lists", params(Thing, Confirm),
    responses((status = 204), Refusals, ConfirmRefusals))]
pub async fn disallow(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Thing>,
    Asked(confirm): Asked<Confirm>,
) -> Answer {
    remove(&api, &caller, &at, Effect::Allow, confirm.into()).await
}

/// The denylist
#[utoipa::path(get, path = "/organizations/{organization}/denylist", tag = "lists", params(Organization, Page),
    responses((status = 200, body = Listed<ListedRule>), Refusals))]
pub async fn denied(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    list(&api, &caller, &at, &page, Effect::Deny).await
}

/// Refuse images
#[utoipa::path(post, path = "/organizations/{organization}/denylist", tag = "lists", params(Organization, Confirm),
    request_body = WantedRule,
    responses((status = 200, body = ChangedRule), (status = 201, body = ChangedRule), Refusals, ChangeRefusals))]
pub async fn deny(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(confirm): Asked<Confirm>,
    Body(wanted): Body<WantedRule>,
) -> Answer {
    put(&api, &caller, &at, wanted, Effect::Deny, confirm.into()).await
}

/// One rule of the denylist
#[utoipa::path(get, path = "/organizations/{organization}/denylist/{id}", tag = "lists", params(Thing),
    responses((status = 200, body = ListedRule), Refusals))]
pub async fn denied_one(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    show(&api, &caller, &at, Effect::Deny).await
}

/// Take it away
#[utoipa::path(delete, path = "/organizations/{organization}/denylist/{id}", tag = "lists", params(Thing),
    responses((status = 204), Refusals))]
pub async fn undeny(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    remove(&api, &caller, &at, Effect::Deny, Confirmation::None).await
}
