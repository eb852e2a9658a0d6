//! What a change of the policy would do, before it is made.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{At, Body, IfMatch},
    path::Organization,
    policy::PolicyPatch,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::preview::{self, Basis, Confirmation, Counted, DAYS, Effects, Shift},
    clock,
    model::{AllowedPulls, Badge},
};

/// What whoever changes a policy says of what that takes away.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Confirm {
    /// How many people lose something by it. It has to be said when they are more than a tenth of the active ones
    /// (`confirmation_required`); `POST …/policy/preview` counts them before.
    #[param(minimum = 0, maximum = 4294967295_u32, format = Int64)]
    confirm: Option<u32>,
}

impl From<Confirm> for Confirmation {
    fn from(said: Confirm) -> Self {
        said.confirm.map_or(Self::None, |people| Self::People(people as usize))
    }
}

/// What a draft of the policy would change.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// Whose policy.
    organization: String,
    /// What the draft was held against, and what that does not tell.
    basis: PreviewBasis,
    /// It would be refused, and is not today.
    refused: PreviewShift,
    /// It would pass and be recorded as one to refuse, and just passes today.
    watched: PreviewShift,
    /// It would pass, and is refused today or recorded as one to refuse.
    allowed: PreviewShift,
    /// To publish it, send this as `confirm`: more than a tenth of the active people would lose something; null:
    /// nothing has to be confirmed.
    confirm: Option<usize>,
}

/// What a draft was held against.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewBasis {
    /// Decisions of so many days, today included.
    days: i64,
    /// The oldest day of which anything is known, since the Unix epoch; null: nothing is.
    first_day: Option<i64>,
    /// People of whom any decision is recorded, owners and the organization's access tokens too.
    active_people: usize,
    /// Distinct things that were looked at, at most 20,000: those that most people did on most days.
    things: usize,
    /// There are more, so all counts are lower bounds.
    cut: bool,
    /// Decisions on something that the record does not name, so nobody can tell.
    unread: i64,
    /// What the organization keeps of what was allowed: nothing is known of what it does not keep.
    allowed_pulls: AllowedPulls,
    /// Namespaces of the publishers' directory that were looked at.
    namespaces: usize,
}

/// What changes in one way. Each list names at most 20; the count beside it is of all.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewShift {
    /// Distinct things.
    things: usize,
    /// Those of most people first.
    #[schema(max_items = 20)]
    thing_examples: Vec<PreviewThing>,
    /// People of whom any of them is recorded.
    people: usize,
    /// Those of most things first.
    #[schema(max_items = 20)]
    people_examples: Vec<PreviewPerson>,
    /// Namespaces of the publishers' directory, for a member of whom no rule knows.
    namespaces: usize,
    /// The first by name.
    #[schema(max_items = 20)]
    namespace_examples: Vec<PreviewNamespace>,
}

/// Something that machines decided on.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewThing {
    /// Word of the action, for example `pull`.
    action: String,
    /// As the engine reads it; empty: none was named.
    image: String,
    /// How often, by everybody.
    times: i64,
    /// For how many people it changes so.
    people: usize,
    /// When last: days since the Unix epoch.
    last_day: i64,
    /// Code of the reason that the draft gives.
    reason: String,
    /// Code of the category; may be empty.
    category: String,
    /// It would be recorded as one to refuse.
    watched: bool,
}

/// Somebody for whom something changes.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewPerson {
    /// Account.
    user: String,
    /// How many distinct things.
    things: usize,
}

/// A namespace of the publishers' directory.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewNamespace {
    /// On Docker Hub.
    namespace: String,
    /// Its badge.
    badge: Badge,
}

impl From<preview::Preview> for Preview {
    fn from(preview: preview::Preview) -> Self {
        let confirm = preview.needs();
        let preview::Preview { organization, basis, effects, .. } = preview;
        let Effects { refused, watched, allowed } = effects;
        let basis = basis.into();
        Self { organization, basis, refused: refused.into(), watched: watched.into(), allowed: allowed.into(), confirm }
    }
}

impl From<Basis> for PreviewBasis {
    fn from(basis: Basis) -> Self {
        let Basis { first_day, active, things, cut, unread, allowed_pulls, namespaces } = basis;
        Self { days: DAYS, first_day, active_people: active, things, cut, unread, allowed_pulls, namespaces }
    }
}

impl From<Shift> for PreviewShift {
    fn from(shift: Shift) -> Self {
        let Shift { things, people, namespaces } = shift;
        Self {
            things: things.count,
            thing_examples: examples(things),
            people: people.count,
            people_examples: examples(people),
            namespaces: namespaces.count,
            namespace_examples: examples(namespaces),
        }
    }
}

fn examples<T, U: From<T>>(counted: Counted<T>) -> Vec<U> {
    counted.examples.into_iter().map(U::from).collect()
}

impl From<preview::ThingChange> for PreviewThing {
    fn from(thing: preview::ThingChange) -> Self {
        let preview::ThingChange { action, image, times, people, last_day, reason, category, watched } = thing;
        let (reason, category) = (reason.code().to_owned(), category.map(policy::Category::code).unwrap_or_default());
        Self { action, image, times, people, last_day, reason, category: category.to_owned(), watched }
    }
}

impl From<preview::PersonChange> for PreviewPerson {
    fn from(person: preview::PersonChange) -> Self {
        let preview::PersonChange { user, things } = person;
        Self { user, things }
    }
}

impl From<preview::NamespaceChange> for PreviewNamespace {
    fn from(namespace: preview::NamespaceChange) -> Self {
        let preview::NamespaceChange { namespace, badge } = namespace;
        Self { namespace, badge }
    }
}

/// See what a change would do
///
/// Changes nothing. The draft is held against the decisions of the last 90 days and against the publishers' directory;
/// the tag is that of the policy as it is, for `If-Match` of the change itself.
#[utoipa::path(post, path = "/organizations/{organization}/policy/preview", tag = "policy",
    params(Organization, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    request_body(content((PolicyPatch = "application/json"), (PolicyPatch = "application/merge-patch+json"))),
    responses((status = 200, body = Preview, headers(("etag" = String))), Refusals, ChangeRefusals))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    IfMatch(condition): IfMatch,
    Body(draft): Body<PolicyPatch>,
) -> Answer {
    let (actor, organization) = (&caller.actor, &at.organization);
    let preview = preview::of_policy(&api.store, actor, organization, &draft.into(), &condition, clock::now()).await?;
    let tag = preview.tag.clone();
    Ok(answer::tagged(answer::ok(&Preview::from(preview))?, &tag))
}
