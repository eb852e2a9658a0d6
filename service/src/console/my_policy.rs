//! *My policy*: what one may pull, and a box to try a name.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use policy::ImageRef;

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::Fields,
    view::{
        Here, Own,
        my_policy::{self as view, Judged, MyPolicy, Of},
    },
    visitor::Visitor,
};
use crate::{
    access::{AccessError, Case},
    acts, clock,
    rest::Api,
    roles::Deed,
};

/// Longest name that is tried, in bytes.
const MOST: usize = 1024;

/// Shows it.
pub(super) async fn page(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes());
    let image = query.text("image");
    let (mut status, mut judged, mut problem) = (StatusCode::OK, None, None);
    if !image.is_empty() {
        match judge(&api, &visitor, image).await? {
            Ok(answer) => judged = Some(answer),
            Err(what) => (status, problem) = (StatusCode::UNPROCESSABLE_ENTITY, Some(what)),
        }
    }
    let mut organizations = Vec::with_capacity(visitor.memberships.len());
    for membership in &visitor.memberships {
        let (_, name) = visitor.member_of(&membership.organization)?;
        let shown = acts::policy::show(&api.store, &visitor.actor(), &name).await?;
        organizations.push(Of { membership, state: shown.state });
    }
    let page = MyPolicy {
        user: &visitor.resumed.account.name,
        organizations: &organizations,
        image,
        judged: judged.as_ref(),
        problem: problem.as_ref(),
        now: clock::now(),
    };
    Ok(visitor.page(status, Here::Own(Own::MyPolicy), "My policy", &view::content(&page)))
}

/// What the policies say of a pull by oneself: the machines' own function. Err: it is no image's name.
pub(super) async fn judge(api: &Api, visitor: &Visitor, text: &str) -> Result<Result<Judged, Problem>, Fault> {
    let short: String = text.chars().take(200).collect();
    if text.len() > MOST {
        return Ok(Err(Problem {
            text: format!("`{short}…` is too long for an image's name"), field: Some("image")
        }));
    }
    let image = match ImageRef::parse_any(text) {
        Ok(image) => image,
        Err(source) => {
            let error = AccessError::Image { image: crate::plain::plain(short), source };
            return Ok(Err(error.explained()?));
        }
    };
    let mut view = api.store.read().await?;
    let account = visitor.actor().as_self(&mut view, Deed::ReadOwn).await?;
    let case = Case::read(&mut view, &account, clock::now()).await?;
    drop(view);
    let name = image.to_string();
    // A directory and some policies of many thousand lines are nothing for the event loop.
    let refusals = tokio::task::spawn_blocking(move || case.refusals(&image)).await;
    match refusals.map_err(|error| Fault::broken(&error))? {
        Ok(refusals) => Ok(Ok(Judged { image: name, refusals })),
        Err(error) => Ok(Err(error.explained()?)),
    }
}
