//! What people ask to have allowed.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller, Refusal,
    answer::{self, Answer},
    input::{Asked, At, Body, at_most},
    page::{Listed, Page},
    path::{Organization, Own, Thing},
    refusal::{ChangeRefusals, Refusals},
    rules::{Rule, RuleScope},
};
use crate::{
    access::{self, Approval, Question},
    acts::Actor,
    clock,
    model::{AccessRequest, AccessState, Account},
    names::Name,
    roles::Deed,
};

/// A request.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Unique.
    id: String,
    /// Who decides.
    organization: String,
    /// Who asks.
    user: String,
    /// As the engine reads it; without a tag and a digest it is the repository.
    image: String,
    /// Why, in the words of the one who asks.
    reason: String,
    /// The decision that it is about; may be empty.
    decision: String,
    /// The machine where it was asked; empty: none.
    machine_id: String,
    /// What became of it.
    state: AccessState,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Seconds since the Unix epoch; null: it waits.
    decided_at: Option<i64>,
    /// Who answered: an account, or `local:<uid>`; empty: nobody yet, or the one who asked.
    decided_by: String,
    /// Their words; may be empty.
    answer: String,
    /// The rule that an approval made, which may be gone; empty: none.
    rule_id: String,
    /// When that rule ends, seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
}

impl From<AccessRequest> for Request {
    fn from(request: AccessRequest) -> Self {
        let AccessRequest { id, organization, user, image, reason, decision, machine_id, state, .. } = request;
        Self {
            id,
            organization,
            user,
            image,
            reason,
            decision,
            machine_id,
            state,
            created_at: request.created_at,
            decided_at: request.decided_at,
            decided_by: request.decided_by,
            answer: request.answer,
            rule_id: request.rule_id,
            expires_at: request.expires_at,
        }
    }
}

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this state.
    state: Option<AccessState>,
    /// Of this user.
    user: Option<Name>,
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Requests to the organization
///
/// Newest first.
#[utoipa::path(get, path = "/organizations/{organization}/requests", tag = "requests", params(Organization, Which),
    responses((status = 200, body = Listed<Request>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(which): Asked<Which>,
) -> Answer {
    let Which { state, user, cursor: after, limit } = which;
    let page = Page { cursor: after, limit };
    let (before, limit) = (page.after::<(i64, String)>()?, page.limit()?);
    let listed = access::Listed { state, user, before };
    let rows = access::list(&api.store, &caller.actor, &at.organization, &listed, limit.saturating_add(1)).await?;
    answer::ok(&Listed::of(rows, limit, |row| (row.created_at, row.id.clone())).map(Request::from))
}

/// One of them
#[utoipa::path(get, path = "/organizations/{organization}/requests/{id}", tag = "requests", params(Thing),
    responses((status = 200, body = Request), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    answer::ok(&Request::from(access::show(&api.store, &caller.actor, &at.organization, &at.id).await?))
}

/// How to approve. Without anything: what was asked for, for the person who asked, for good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedApproval {
    /// Whom the rule concerns; null: the person who asked.
    scope: Option<RuleScope>,
    /// Other images than was asked for, as in the allowlist.
    #[schema(min_length = 1, max_length = 512)]
    pattern: Option<String>,
    /// When it ends, seconds since the Unix epoch; null: never.
    #[schema(maximum = 253_402_300_799_i64)]
    expires_at: Option<i64>,
    /// A word to the person who asked. It is part of the rule's reason, which members may read.
    #[serde(default)]
    #[schema(max_length = 150)]
    note: String,
}

/// What an approval did.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// The request.
    request: Request,
    /// The rule that is in the allowlist now.
    rule: Rule,
    /// Other people's requests for the same image that it answers too.
    also: Vec<Request>,
}

/// Approve
///
/// A rule in the allowlist, which machines that are online have within a second.
#[utoipa::path(post, path = "/organizations/{organization}/requests/{id}/approve", tag = "requests", params(Thing),
    request_body = WantedApproval, responses((status = 200, body = Approved), Refusals, ChangeRefusals))]
pub async fn approve(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Thing>,
    Body(wanted): Body<WantedApproval>,
) -> Answer {
    let WantedApproval { scope, pattern, expires_at, note } = wanted;
    let (which, now) = ((Some(&at.organization), at.id.as_str()), clock::now());
    let approval = Approval { scope: scope.map(Into::into), pattern, expires_at, note };
    let done = access::approve(&api.store, &caller.actor, which, approval, now).await?;
    answer::ok(&Approved {
        request: done.request.into(),
        rule: done.rule.into(),
        also: done.also.into_iter().map(Request::from).collect(),
    })
}

/// Why not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// For the person who asked.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Deny
#[utoipa::path(post, path = "/organizations/{organization}/requests/{id}/deny", tag = "requests", params(Thing),
    request_body = Denial, responses((status = 200, body = Request), Refusals, ChangeRefusals))]
pub async fn deny(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Thing>,
    Body(Denial { reason }): Body<Denial>,
) -> Answer {
    let which = (Some(&at.organization), at.id.as_str());
    let denied = access::deny(&api.store, &caller.actor, which, &reason, clock::now()).await?;
    answer::ok(&Request::from(denied))
}

/// One's own requests
///
/// Newest first.
#[utoipa::path(get, path = "/me/requests", tag = "me", params(Page),
    responses((status = 200, body = Listed<Request>), Refusals))]
pub async fn mine(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = access::mine(&api.store, &caller.actor).await?;
    let key = |row: &AccessRequest| std::cmp::Reverse((row.created_at, row.id.clone()));
    answer::ok(&page.cut(rows, key)?.map(Request::from))
}

/// What somebody asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// As people type it behind `docker pull`; without a tag and a digest it is the repository.
    #[schema(min_length = 1, max_length = 1024)]
    image: String,
    /// Why; whoever decides reads it.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// The decision that it is about, as a refusal names it.
    #[serde(default)]
    #[schema(max_length = 26)]
    decision: String,
    /// Only these organizations; empty: all of one's own.
    #[serde(default)]
    #[schema(max_items = 100)]
    organizations: Vec<Name>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wished {
    /// The image as the engine reads it.
    image: String,
    /// One for each organization that refuses it; empty: none does.
    requests: Vec<WishedRequest>,
}

/// A request, and whether it was made now.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WishedRequest {
    /// The request.
    request: Request,
    /// False: the same was asked before and still waits.
    is_new: bool,
}

async fn person(api: &Api, actor: &Actor) -> Result<Account, Refusal> {
    Ok(actor.as_self(&mut api.store.read().await?, Deed::Ask).await?)
}

/// Ask for an image
///
/// Every organization that refuses it is asked.
#[utoipa::path(post, path = "/me/requests", tag = "me", request_body = Wish,
    responses((status = 200, body = Wished), (status = 201, body = Wished), Refusals, ChangeRefusals))]
pub async fn ask(State(api): State<Api>, caller: Caller, Body(wish): Body<Wish>) -> Answer {
    let Wish { image, reason, decision, organizations } = wish;
    let account = person(&api, &caller.actor).await?;
    if image.len() > 1024 || organizations.len() > 100 {
        return Err(Refusal::new(super::Code::Invalid, "`image` or `organizations` is too long"));
    }
    let organizations = organizations.into_iter().map(Into::into).collect();
    let question = Question::new(&image, &reason, &decision, organizations)?;
    let asked = access::ask(&api.store, &account, "", question, clock::now()).await?;
    let made = asked.requests.iter().any(|(_, is_new)| *is_new);
    let requests =
        asked.requests.into_iter().map(|(request, is_new)| WishedRequest { request: request.into(), is_new });
    answer::put(made, &Wished { image: asked.image, requests: requests.collect() })
}

/// Take one back
#[utoipa::path(delete, path = "/me/requests/{id}", tag = "me", params(Own),
    responses((status = 204), Refusals, ChangeRefusals))]
pub async fn withdraw(State(api): State<Api>, caller: Caller, At(Own { id }): At<Own>) -> Answer {
    let account = person(&api, &caller.actor).await?;
    access::withdraw(&api.store, &account, &id, clock::now()).await?;
    answer::done()
}
