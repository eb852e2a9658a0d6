//! *My requests*: asking for an image, and what became of it.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::Fields,
    flash::Flash,
    my_policy,
    view::{
        Here, Own,
        requests::{self as view, MyRequests, NewRequest},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    access::{self, Question},
    clock,
    rest::Api,
    roles::Deed,
};

/// What one asked for.
pub(super) async fn list(State(api): State<Api>, visitor: Visitor) -> Result<Response, Fault> {
    let requests = access::mine(&api.store, &visitor.actor()).await?;
    let page = MyRequests { csrf: &visitor.cookie.csrf(), requests: &requests };
    Ok(visitor.page(StatusCode::OK, Here::Own(Own::MyRequests), "My requests", &view::mine(&page)))
}

/// Where the link of a refusal leads.
pub(super) async fn form(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes());
    show(&api, &visitor, StatusCode::OK, &query, None).await
}

/// Asks whoever refuses it.
pub(super) async fn ask(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let account = visitor.actor().as_self(&mut api.store.read().await?, Deed::Ask).await?;
    let question = Question::new(fields.text("image"), fields.text("reason"), fields.text("decision"), Vec::new());
    let asked = match question {
        // No machine: it is asked here.
        Ok(question) => access::ask(&api.store, &account, "", question, clock::now()).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(asked) if asked.requests.is_empty() => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("image", &asked.image).finish();
            Ok(visitor::see_other_and_say(&format!("/my-policy?{query}"), Flash::NotRefused))
        }
        Ok(_) => Ok(visitor::see_other_and_say("/requests", Flash::Asked)),
        Err(error) => {
            let problem = error.explained()?;
            show(&api, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &fields, Some(problem)).await
        }
    }
}

async fn show(
    api: &Api,
    visitor: &Visitor,
    status: StatusCode,
    fields: &Fields,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let image = fields.text("image");
    // A name that is none is said when it is sent.
    let answer = match image.is_empty() || problem.is_some() {
        true => None,
        false => my_policy::judge(api, visitor, image).await?.ok(),
    };
    let page = NewRequest {
        csrf: &visitor.cookie.csrf(),
        image,
        reason: fields.text("reason"),
        decision: fields.text("decision"),
        answer: answer.as_ref(),
        problem: problem.as_ref(),
    };
    Ok(visitor.page(status, Here::Own(Own::MyRequests), "Ask for an image", &view::new(&page)))
}

/// Takes it back.
pub(super) async fn withdraw(
    State(api): State<Api>,
    Path(id): Path<String>,
    Posted { visitor, .. }: Posted,
) -> Result<Response, Fault> {
    let account = visitor.actor().as_self(&mut api.store.read().await?, Deed::Ask).await?;
    match access::withdraw(&api.store, &account, &id, clock::now()).await {
        Ok(_) => Ok(visitor::see_other_and_say("/requests", Flash::Withdrawn)),
        // Answered meanwhile: the list says what.
        Err(access::AccessError::Decided { .. }) => Ok(visitor::see_other("/requests")),
        Err(error) => Err(error.into()),
    }
}
