//! An organization's policy.

use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, Body, MustMatch, given, present},
    path::Organization,
    preview::Confirm,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::policy::{self, PolicyChange, PolicyView, Terms},
    clock,
    model::{
        Builds, ContainerBuilders, Effect, EnginePlugins, LocalContent, Mode, RunUnapproved, Settings, SwarmUse,
        UnknownRequests, WhenExpired,
    },
};

/// A policy.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Whose.
    organization: String,
    /// What is set.
    settings: PolicySettings,
    /// Docker Hub namespaces that the organization owns: their images are always allowed.
    namespaces: Vec<String>,
    /// How many rules the allowlist has.
    allowlist: usize,
    /// How many the denylist has.
    denylist: usize,
    /// The newest generation that machines are given; null: a first one comes in a moment.
    published_generation: Option<i64>,
}

/// Everything that is set. docs/reference/settings.md says what each of them does.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// The switch: off, nobody is restricted.
    enabled: bool,
    /// Refuse, or only record what would be refused.
    mode: Mode,
    /// Docker Official Images are allowed.
    official: bool,
    /// Verified publishers' images are allowed.
    verified_publisher: bool,
    /// Community images are allowed.
    community: bool,
    /// Other registries than Docker Hub are limited to the list.
    registry_control: bool,
    /// That list, in lower case, sorted, each once.
    #[schema(max_items = 1000)]
    registries: Vec<String>,
    /// What machines do with a policy past its end.
    when_expired: WhenExpired,
    /// Words of the owner in a refusal; may be empty.
    #[schema(max_length = 500)]
    message: String,
    /// Page where access is asked for; may be empty.
    #[schema(max_length = 500)]
    request_url: String,
    /// Whom to write to; may be empty.
    #[schema(max_length = 500)]
    email: String,
    /// Seconds that a member's sign-in counts as fresh on a machine that does not reach the service; null: as the
    /// service is set.
    #[schema(minimum = 60, maximum = 2_592_000)]
    session_fresh: Option<i64>,
    /// Seconds that it is valid there; null: as the service is set.
    #[schema(minimum = 60, maximum = 2_592_000)]
    session_valid: Option<i64>,
    /// `docker load`, `docker import`, `docker plugin create`.
    local_content: LocalContent,
    /// Starting a container from an image that is there and would be refused today.
    run_unapproved: RunUnapproved,
    /// Installing and upgrading engine plugins.
    engine_plugins: EnginePlugins,
    /// Swarm.
    swarm: SwarmUse,
    /// Builds.
    builds: Builds,
    /// Builders in containers.
    container_builders: ContainerBuilders,
    /// Requests that change something and that a machine does not know.
    unknown_requests: UnknownRequests,
    /// Patterns of repositories that may be pushed to; null: anywhere, empty: nowhere.
    #[schema(max_items = 1000)]
    push: Option<Vec<String>>,
    /// The tamper guard.
    protect: bool,
    /// Patterns of images that it leaves alone.
    #[schema(max_items = 1000)]
    protect_allow: Vec<String>,
}

/// What is to be changed. What is absent stays; `null` where that means something is a value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyPatch {
    /// The switch.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Refuse or only record.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    mode: Option<Mode>,
    /// Docker Official Images.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    official: Option<bool>,
    /// Verified publishers' images.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    verified_publisher: Option<bool>,
    /// Community images.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    community: Option<bool>,
    /// Limit other registries to the list.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    registry_control: Option<bool>,
    /// The list.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_items = 1000)]
    registries: Option<Vec<String>>,
    /// Past the end of a policy.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    when_expired: Option<WhenExpired>,
    /// Words in a refusal.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 500)]
    message: Option<String>,
    /// Page where access is asked for.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 500)]
    request_url: Option<String>,
    /// Whom to write to.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 500)]
    email: Option<String>,
    /// Seconds, or null for as the service is set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 60, maximum = 2_592_000)]
    session_fresh: Option<Option<i64>>,
    /// Seconds, or null for as the service is set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 60, maximum = 2_592_000)]
    session_valid: Option<Option<i64>>,
    /// `docker load` and its like.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    local_content: Option<LocalContent>,
    /// Starts of what would be refused today.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    run_unapproved: Option<RunUnapproved>,
    /// Engine plugins.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    engine_plugins: Option<EnginePlugins>,
    /// Swarm.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    swarm: Option<SwarmUse>,
    /// Builds.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    builds: Option<Builds>,
    /// Builders in containers.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    container_builders: Option<ContainerBuilders>,
    /// Unknown requests.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    unknown_requests: Option<UnknownRequests>,
    /// Where may be pushed to, or null for anywhere.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    push: Option<Option<Vec<String>>>,
    /// The tamper guard.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    protect: Option<bool>,
    /// What it leaves alone.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_items = 1000)]
    protect_allow: Option<Vec<String>>,
}

impl From<PolicyView> for Policy {
    fn from(view: PolicyView) -> Self {
        let (allowlist, denylist) = (view.count(Effect::Allow), view.count(Effect::Deny));
        let PolicyView { state, times, published } = view;
        let Settings { beyond, .. } = state.settings;
        let settings = PolicySettings {
            enabled: state.settings.enabled,
            mode: state.settings.mode,
            official: state.settings.official,
            verified_publisher: state.settings.verified_publisher,
            community: state.settings.community,
            registry_control: state.settings.registry_control,
            registries: state.registries,
            when_expired: state.settings.when_expired,
            message: state.settings.message,
            request_url: state.settings.request_url,
            email: state.settings.email,
            session_fresh: times.fresh,
            session_valid: times.valid,
            local_content: beyond.local_content,
            run_unapproved: beyond.run_unapproved,
            engine_plugins: beyond.engine_plugins,
            swarm: beyond.swarm,
            builds: beyond.builds,
            container_builders: beyond.container_builders,
            unknown_requests: beyond.unknown_requests,
            push: beyond.push,
            protect: beyond.protect,
            protect_allow: beyond.protect_allow,
        };
        Self {
            organization: state.organization,
            settings,
            namespaces: state.namespaces,
            allowlist,
            denylist,
            published_generation: published.map(|published| published.generation),
        }
    }
}

impl From<PolicySettings> for PolicyChange {
    /// All of it is given.
    fn from(all: PolicySettings) -> Self {
        Self {
            enabled: Some(all.enabled),
            mode: Some(all.mode),
            official: Some(all.official),
            verified_publisher: Some(all.verified_publisher),
            community: Some(all.community),
            registry_control: Some(all.registry_control),
            registries: Some(all.registries),
            when_expired: Some(all.when_expired),
            message: Some(all.message),
            request_url: Some(all.request_url),
            email: Some(all.email),
            session_fresh: Some(all.session_fresh),
            session_valid: Some(all.session_valid),
            local_content: Some(all.local_content),
            run_unapproved: Some(all.run_unapproved),
            engine_plugins: Some(all.engine_plugins),
            swarm: Some(all.swarm),
            builds: Some(all.builds),
            container_builders: Some(all.container_builders),
            unknown_requests: Some(all.unknown_requests),
            push: Some(all.push),
            protect: Some(all.protect),
            protect_allow: Some(all.protect_allow),
        }
    }
}

impl From<PolicyPatch> for PolicyChange {
    fn from(some: PolicyPatch) -> Self {
        Self {
            enabled: some.enabled,
            mode: some.mode,
            official: some.official,
            verified_publisher: some.verified_publisher,
            community: some.community,
            registry_control: some.registry_control,
            registries: some.registries,
            when_expired: some.when_expired,
            message: some.message,
            request_url: some.request_url,
            email: some.email,
            session_fresh: some.session_fresh,
            session_valid: some.session_valid,
            local_content: some.local_content,
            run_unapproved: some.run_unapproved,
            engine_plugins: some.engine_plugins,
            swarm: some.swarm,
            builds: some.builds,
            container_builders: some.container_builders,
            unknown_requests: some.unknown_requests,
            push: some.push,
            protect: some.protect,
            protect_allow: some.protect_allow,
        }
    }
}

fn shown(view: PolicyView) -> Answer {
    let tag = view.tag();
    Ok(answer::tagged(answer::ok(&Policy::from(view))?, &tag))
}

/// The policy
///
/// The tag is of what is set: lists and namespaces have addresses of their own.
#[utoipa::path(get, path = "/organizations/{organization}/policy", tag = "policy", params(Organization),
    responses((status = 200, body = Policy, headers(("etag" = String))), (status = 304), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<Organization>, headers: HeaderMap) -> Answer {
    let view = policy::show(&api.store, &caller.actor, &at.organization).await?;
    let tag = view.tag();
    answer::thing(&headers, &tag, &Policy::from(view))
}

/// Set all of it
///
/// Machines that are online have it within a second.
#[utoipa::path(put, path = "/organizations/{organization}/policy", tag = "policy",
    params(Organization, Confirm, ("If-Match" = String, Header, description = "The `ETag` of what was looked at, or `*`.")),
    request_body = PolicySettings,
    responses((status = 200, body = Policy, headers(("etag" = String))), Refusals, ChangeRefusals))]
pub async fn replace(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    MustMatch(condition): MustMatch,
    Asked(confirm): Asked<Confirm>,
    Body(settings): Body<PolicySettings>,
) -> Answer {
    let terms = Terms { condition, confirmation: confirm.into() };
    let (actor, organization) = (&caller.actor, &at.organization);
    shown(policy::set(&api.store, actor, organization, &settings.into(), &terms, clock::now()).await?)
}

/// Set some of it
#[utoipa::path(patch, path = "/organizations/{organization}/policy", tag = "policy",
    params(Organization, Confirm, ("If-Match" = String, Header, description = "The `ETag` of what was looked at, or `*`.")),
    request_body(content((PolicyPatch = "application/json"), (PolicyPatch = "application/merge-patch+json"))),
    responses((status = 200, body = Policy, headers(("etag" = String))), Refusals, ChangeRefusals))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    MustMatch(condition): MustMatch,
    Asked(confirm): Asked<Confirm>,
    Body(patch): Body<PolicyPatch>,
) -> Answer {
    let terms = Terms { condition, confirmation: confirm.into() };
    let (actor, organization) = (&caller.actor, &at.organization);
    shown(policy::set(&api.store, actor, organization, &patch.into(), &terms, clock::now()).await?)
}
