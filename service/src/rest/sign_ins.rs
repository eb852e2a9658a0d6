//! Sign-ins and refused attempts. The same within a minute are one line.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, at_most},
    page::{Listed, Page},
    path::Organization,
    refusal::Refusals,
};
use crate::{
    acts::trail::{self, SignIns},
    names::Name,
    store::SignInRow,
};

/// Attempts of one kind within a minute.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Rising.
    id: i64,
    /// The first of them, milliseconds since the Unix epoch.
    at_ms: i64,
    /// Account; empty: none that exists.
    account: String,
    /// Door: `agent`, `docker-login`, `hub-api`, `login`, `api`, `browser`.
    via: String,
    /// What was shown.
    credential: String,
    /// `accepted`, or why not.
    outcome: String,
    /// IP address; empty: of many.
    peer: String,
    /// Empty: none was named, or nobody proved who named it.
    machine_id: String,
    /// How many.
    count: i64,
}

impl From<SignInRow> for SignIn {
    fn from(row: SignInRow) -> Self {
        let SignInRow { id, at_ms, account, via, credential, outcome, peer, machine_id, count } = row;
        Self { id, at_ms, account, via, credential, outcome, peer, machine_id, count }
    }
}

/// Which attempts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this account.
    #[serde(default, deserialize_with = "at_most::<127, _>")]
    #[param(max_length = 127)]
    account: Option<String>,
    /// That ended so.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    outcome: Option<String>,
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

async fn list(api: &Api, caller: &Caller, organization: Option<&Name>, which: Which) -> Answer {
    let page = Page { cursor: which.cursor, limit: which.limit };
    let (before, limit) = (page.after::<i64>()?, page.limit()?);
    let (account, outcome) = (which.account.unwrap_or_default(), which.outcome.unwrap_or_default());
    let which = SignIns { before, account, outcome };
    let rows = trail::sign_ins(&api.store, &caller.actor, organization, &which, limit.saturating_add(1)).await?;
    answer::ok(&Listed::of(rows, limit, |row| row.id).map(SignIn::from))
}

/// Sign-ins of members and access tokens
///
/// Newest first. Of who is a member now, those from before they joined too, and at every door.
#[utoipa::path(get, path = "/organizations/{organization}/sign-ins", tag = "audit", params(Organization, Which),
    responses((status = 200, body = Listed<SignIn>), Refusals))]
pub async fn of_organization(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(which): Asked<Which>,
) -> Answer {
    list(&api, &caller, Some(&at.organization), which).await
}

/// Sign-ins of everybody, and of nobody known
///
/// Newest first. For who owns or audits every organization of this service.
#[utoipa::path(get, path = "/sign-ins", tag = "audit", params(Which),
    responses((status = 200, body = Listed<SignIn>), Refusals))]
pub async fn of_service(State(api): State<Api>, caller: Caller, Asked(which): Asked<Which>) -> Answer {
    list(&api, &caller, None, which).await
}
