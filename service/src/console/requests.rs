//! *Requests*: what people ask the organization to allow, and the answers.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::Fields,
    flash::Flash,
    view::{
        Here, Tab,
        requests::{self as view, Answering, OneRequest, Requests, Whom},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    access::{self, AccessError, Approval, Listed},
    acts::{ActError, members},
    clock,
    model::{AccessRequest, AccessState, Scope},
    names::Name,
    rest::Api,
    roles::Deed,
    validity::parse_seconds,
};

/// Requests of one page.
const PAGE: usize = 50;

/// What waits, or all of them.
pub(super) async fn list(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(&organization)?;
    let query = Fields::parse(query.unwrap_or_default().as_bytes());
    let all = query.text("state") == "all";
    let before = query.text("before").split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    let listed = Listed { state: (!all).then_some(AccessState::Pending), user: None, before };
    let more = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let mut requests = access::list(&api.store, &visitor.actor(), &name, &listed, more).await?;
    let older = requests.len() > PAGE;
    requests.truncate(PAGE);
    let page = Requests {
        organization: &organization,
        answers: visitor.may(membership, Deed::AnswerRequests),
        csrf: &visitor.cookie.csrf(),
        all,
        requests: &requests,
        older,
    };
    Ok(visitor.page(StatusCode::OK, Here::Of(membership, Tab::Requests), "Requests", &view::list(&page)))
}

/// One of them.
pub(super) async fn one(
    State(api): State<Api>,
    Path((organization, id)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    show(&api, &visitor, &organization, &id, StatusCode::OK, &Answering::default(), None).await
}

/// Allows it.
pub(super) async fn approve(
    State(api): State<Api>,
    Path((organization, id)): Path<(String, String)>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let now = clock::now();
    let typed = Answering::read(&fields);
    let approved = match approval(&typed, now) {
        Ok(approval) => access::approve(&api.store, &visitor.actor(), (Some(&name), &id), approval, now)
            .await
            .map_err(AccessError::explained),
        Err(problem) => Err(Ok(problem)),
    };
    match approved {
        Ok(_) => Ok(visitor::see_other_and_say(&format!("/orgs/{name}/requests"), Flash::Approved)),
        Err(problem) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            show(&api, &visitor, &organization, &id, status, &typed, Some(problem?)).await
        }
    }
}

/// Says no.
pub(super) async fn deny(
    State(api): State<Api>,
    Path((organization, id)): Path<(String, String)>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let typed = Answering::read(&fields);
    match access::deny(&api.store, &visitor.actor(), (Some(&name), &id), &typed.reason, clock::now()).await {
        Ok(_) => Ok(visitor::see_other_and_say(&format!("/orgs/{name}/requests"), Flash::Denied)),
        Err(error) => {
            let (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, error.explained()?);
            show(&api, &visitor, &organization, &id, status, &typed, Some(problem)).await
        }
    }
}

/// The request, if it is one to this organization and theirs to see.
async fn of(api: &Api, visitor: &Visitor, name: &Name, id: &str) -> Result<AccessRequest, Fault> {
    Ok(access::show(&api.store, &visitor.actor(), name, id).await?)
}

async fn show(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    id: &str,
    status: StatusCode,
    typed: &Answering,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(organization)?;
    let request = of(api, visitor, &name, id).await?;
    let teams = match members::list(&api.store, &visitor.actor(), &name).await {
        Ok(members) => members.into_iter().find(|member| member.user == request.user).map(|member| member.teams),
        // Who may answer and see no members approves for the person or for everybody.
        Err(ActError::Forbidden { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let page = OneRequest {
        answers: visitor.may(membership, Deed::AnswerRequests) && request.state == AccessState::Pending,
        csrf: &visitor.cookie.csrf(),
        request: &request,
        teams: &teams.unwrap_or_default(),
        typed,
        problem: problem.as_ref(),
    };
    Ok(visitor.page(status, Here::Of(membership, Tab::Requests), "Request", &view::one(&page)))
}

impl Answering {
    fn read(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            lasts: text("lasts"),
            whom: match fields.text("whom") {
                "" | "person" => Whom::Person,
                "organization" => Whom::Organization,
                other => Whom::Team(other.strip_prefix("team:").unwrap_or(other).to_owned()),
            },
            pattern: text("pattern"),
            note: text("note"),
            reason: text("reason"),
        }
    }
}

fn approval(typed: &Answering, now: i64) -> Result<Approval, Problem> {
    let expires_at = match typed.lasts.as_str() {
        "good" => None,
        lasts => {
            let seconds = parse_seconds(lasts).map_err(|text| Problem { text, field: Some("lasts") })?;
            Some(now.saturating_add(seconds))
        }
    };
    let scope = match &typed.whom {
        Whom::Person => None,
        Whom::Team(team) => Some(Scope::Team(team.clone())),
        Whom::Organization => Some(Scope::Organization),
    };
    let pattern = (!typed.pattern.is_empty()).then(|| typed.pattern.clone());
    Ok(Approval { scope, pattern, expires_at, note: typed.note.clone() })
}
