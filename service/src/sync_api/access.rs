//! `RequestAccess`, `ListAccess`, `WithdrawAccess`.

use std::time::Instant;

use proto::{
    chain,
    sync::{
        AccessRequest, AccessState, ListAccessResponse, RequestAccessRequest, RequestAccessResponse,
        WithdrawAccessResponse,
    },
};
use tonic::Status;

use super::{account, budget::Budgets, exhausted, unavailable};
use crate::{
    access::{self, AccessError, Question},
    clock,
    identity::Agent,
    model,
    store::{AccessFilter, Store},
};

/// Most requests of a list.
const MOST_LISTED: u32 = 100;
/// Most organizations that a question may name.
const MOST_NAMED: usize = 100;
/// What a call costs of the account's hour of records: 200 questions compile as much as they may.
const QUESTION_COST: u64 = 100;
const LIST_COST: u64 = 10;

pub(super) async fn request(
    store: &Store,
    budgets: &Budgets,
    agent: &Agent,
    request: RequestAccessRequest,
) -> Result<RequestAccessResponse, Status> {
    spend(budgets, agent, QUESTION_COST)?;
    if request.organizations.len() > MOST_NAMED {
        return Err(Status::invalid_argument(format!("`organizations` names more than {MOST_NAMED}")));
    }
    let account = caller(store, agent).await?;
    let question = Question::new(&request.image, &request.reason, &request.decision, request.organizations)
        .map_err(|error| status(&error))?;
    let asked = access::ask(store, &account, &agent.machine_id, question, clock::now());
    let asked = asked.await.map_err(|error| status(&error))?;
    for (request, is_new) in &asked.requests {
        let (user, organization, image) = (&request.user, &request.organization, &request.image);
        tracing::info!(%user, %organization, %image, id = %request.id, is_new, "access was asked for");
    }
    let requests = asked.requests.into_iter().map(|(request, is_new)| wire(request, is_new)).collect();
    Ok(RequestAccessResponse { image: asked.image, requests })
}

pub(super) async fn list(store: &Store, budgets: &Budgets, agent: &Agent) -> Result<ListAccessResponse, Status> {
    spend(budgets, agent, LIST_COST)?;
    let mut view = store.read().await.map_err(|error| unavailable(&error))?;
    let account = account(&mut view, agent).await?;
    let filter = AccessFilter { account: Some(account.id), ..AccessFilter::default() };
    let requests = view.access_requests(&filter, MOST_LISTED).await.map_err(|error| unavailable(&error))?;
    Ok(ListAccessResponse { requests: requests.into_iter().map(|request| wire(request, false)).collect() })
}

pub(super) async fn withdraw(
    store: &Store,
    budgets: &Budgets,
    agent: &Agent,
    id: &str,
) -> Result<WithdrawAccessResponse, Status> {
    spend(budgets, agent, LIST_COST)?;
    let account = caller(store, agent).await?;
    let request = access::withdraw(store, &account, id, clock::now()).await.map_err(|error| status(&error))?;
    Ok(WithdrawAccessResponse { request: Some(wire(request, false)) })
}

async fn caller(store: &Store, agent: &Agent) -> Result<model::Account, Status> {
    let mut view = store.read().await.map_err(|error| unavailable(&error))?;
    account(&mut view, agent).await
}

fn spend(budgets: &Budgets, agent: &Agent, cost: u64) -> Result<(), Status> {
    budgets
        .spend(&agent.user, cost, 0, Instant::now())
        .map_err(|wait| exhausted("this account asked more than it may in an hour; try again later", wait))
}

fn wire(request: model::AccessRequest, is_new: bool) -> AccessRequest {
    AccessRequest {
        id: request.id,
        organization: request.organization,
        image: request.image,
        reason: request.reason,
        state: match request.state {
            model::AccessState::Pending => AccessState::Pending,
            model::AccessState::Approved => AccessState::Approved,
            model::AccessState::Denied => AccessState::Denied,
            model::AccessState::Withdrawn => AccessState::Withdrawn,
        }
        .into(),
        created_at: request.created_at,
        decided_at: request.decided_at.unwrap_or_default(),
        decided_by: request.decided_by,
        answer: request.answer,
        expires_at: request.expires_at.unwrap_or_default(),
        is_new,
    }
}

fn status(error: &AccessError) -> Status {
    let text = error.to_string();
    match error {
        AccessError::Image { .. }
        | AccessError::Nowhere(_)
        | AccessError::NoReason
        | AccessError::TooLong { .. }
        | AccessError::Pattern { .. }
        | AccessError::Decision(_) => Status::invalid_argument(text),
        AccessError::TooManyADay | AccessError::TooManyPending => Status::resource_exhausted(text),
        AccessError::NoSuch(_) => Status::not_found(text),
        AccessError::NotAPerson(_)
        | AccessError::NoOrganization(_)
        | AccessError::Decided { .. }
        | AccessError::NotAMember { .. }
        | AccessError::NotInTeam { .. }
        | AccessError::Denied { .. }
        | AccessError::StillRefused { .. } => Status::failed_precondition(text),
        AccessError::Policy { .. } => {
            tracing::error!(error = %chain(error), "a request cannot be judged");
            Status::failed_precondition(text)
        }
        AccessError::Actor(_) => Status::permission_denied(text),
        AccessError::Store(_) | AccessError::System(_) => unavailable(error),
    }
}
