//! The publishers' directory, refreshed from Docker Hub's search.

use axum::{
    extract::State,
    routing::{MethodRouter, delete},
};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller, Code, Refusal,
    answer::{self, Answer},
    input::{Asked, At, Body, IfMatch},
    path, publishers as namespaces,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::{
        preview::Counted,
        publishers::{self, BadgeChange, Wanted},
    },
    hub_search::Short,
    model::Badge,
};

/// What is wanted of a refresh.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Refresh {
    /// Say what it would change, and change nothing.
    #[serde(default)]
    #[param(default = false)]
    dry_run: bool,
    /// How many namespaces lose their badge by it. It has to be said when they are more than a tenth of those that the
    /// directory has from Docker Hub (`confirmation_required`); `dry_run` counts them before.
    #[param(minimum = 0)]
    confirm: Option<i32>,
}

/// What a refresh changed, or would change. Each list names at most 20; the count beside it is of all.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refreshed {
    /// Who was asked.
    address: String,
    /// False: it only would, by a `dry_run`.
    made: bool,
    /// Results that Docker Hub showed.
    results: usize,
    /// Those of them that are none of an image with a badge.
    passed_over: usize,
    /// Namespaces with a badge there.
    namespaces: usize,
    /// Both searches were read to their end. If not, nothing is removed.
    complete: bool,
    /// Searches that were not.
    incomplete: Vec<IncompleteSearch>,
    /// New namespaces.
    added: usize,
    /// The first by name.
    #[schema(max_items = 20)]
    added_examples: Vec<ChangedBadge>,
    /// Namespaces with another badge than before.
    changed: usize,
    /// The first by name.
    #[schema(max_items = 20)]
    changed_examples: Vec<ChangedBadge>,
    /// Namespaces that Docker Hub shows no more.
    removed: usize,
    /// The first by name.
    #[schema(max_items = 20)]
    removed_examples: Vec<ChangedBadge>,
    /// Shown there, and as they were given by hand.
    by_hand: usize,
    /// Docker Hub's of before that stay, though they were not seen, because not everything was read.
    unseen: usize,
    /// To make it, send this as `confirm`: more than a tenth of Docker Hub's namespaces would lose their badge; null:
    /// nothing has to be confirmed.
    confirm: Option<usize>,
}

/// A search that was not read to its end.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncompleteSearch {
    /// For this badge.
    badge: Badge,
    /// Why.
    why: Short,
}

/// A namespace whose badge changes.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedBadge {
    /// Docker Hub namespace.
    namespace: String,
    /// Null: it was not in the directory.
    from: Option<Badge>,
    /// Null: it is not any more.
    to: Option<Badge>,
}

impl From<publishers::Refreshed> for Refreshed {
    fn from(refreshed: publishers::Refreshed) -> Self {
        let complete = refreshed.short.is_empty();
        let incomplete = refreshed.short.into_iter().map(|(badge, why)| IncompleteSearch { badge, why }).collect();
        let (added, changed, removed) = (refreshed.added, refreshed.changed, refreshed.removed);
        Self {
            address: refreshed.address,
            made: refreshed.made,
            results: refreshed.results,
            passed_over: refreshed.passed_over,
            namespaces: refreshed.namespaces,
            complete,
            incomplete,
            added: added.count,
            added_examples: examples(added),
            changed: changed.count,
            changed_examples: examples(changed),
            removed: removed.count,
            removed_examples: examples(removed),
            by_hand: refreshed.by_hand,
            unseen: refreshed.unseen,
            confirm: refreshed.needs.filter(|_| !refreshed.made),
        }
    }
}

fn examples(counted: Counted<BadgeChange>) -> Vec<ChangedBadge> {
    let changed = |BadgeChange { namespace, from, to }| ChangedBadge { namespace, from, to };
    counted.examples.into_iter().map(changed).collect()
}

/// Refresh from Docker Hub
///
/// Asks Docker Hub's search which namespaces have a badge, which may take most of a minute, and makes the directory so.
/// What was given by hand stays as it is.
#[utoipa::path(post, path = "/publishers/refresh", tag = "publishers", params(Refresh),
    responses((status = 200, body = Refreshed), Refusals, ChangeRefusals))]
pub async fn refresh(State(api): State<Api>, caller: Caller, Asked(asked): Asked<Refresh>) -> Answer {
    let said = asked.confirm.map(usize::try_from).transpose();
    let said = said.map_err(|_| Refusal::new(Code::Malformed, "`confirm` is out of range: 0 or more"))?;
    let wanted = if asked.dry_run { Wanted::DryRun } else { Wanted::Change(said) };
    let refreshed = publishers::refresh(&api.store, &caller.actor, &api.search, wanted, |_| ()).await?;
    answer::ok(&Refreshed::from(refreshed))
}

/// A namespace of that name has its address too.
fn namespace() -> Result<At<path::Publisher>, Refusal> {
    "refresh".parse().map(|namespace| At(path::Publisher { namespace })).map_err(|_| Refusal::not_found())
}

/// What can be done with the namespace `refresh`, as with every other one.
pub fn of_the_namespace() -> MethodRouter<Api> {
    delete(async |api: State<Api>, caller: Caller, seen: IfMatch| {
        namespaces::remove(api, caller, namespace()?, seen).await
    })
    .get(async |api: State<Api>, caller: Caller, headers: HeaderMap| {
        namespaces::show(api, caller, namespace()?, headers).await
    })
    .put(async |api: State<Api>, caller: Caller, seen: IfMatch, badge: Body<namespaces::WantedBadge>| {
        namespaces::put(api, caller, namespace()?, seen, badge).await
    })
}
