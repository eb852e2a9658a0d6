//! Where the link of an invitation leads: an account with a password, and a member.

use std::{net::IpAddr, time::Instant};

use axum::{
    extract::{Request, State},
    response::{Html, IntoResponse as _, Response},
};
use http::StatusCode;
use proto::secret::Secret;

use super::{
    fault::{Explained as _, Fault, Problem},
    view::sign_in::{self as view, JoinPage},
    visitor,
};
use crate::{
    acts::{self, ActError, invitations},
    address::network,
    clock,
    rest::Api,
    store::Invitation,
};

/// The form. The secret stands behind `#`, which no browser sends: it is in no log of whatever is between.
pub(super) async fn page() -> Response {
    Html(view::join(&JoinPage::default()).into_string()).into_response()
}

/// Joins.
pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let peer = visitor::peer(&parts)?;
    api.strangers.pay(network(peer), Instant::now()).map_err(Fault::Later)?;
    let fields = visitor::read(&parts.headers, Request::from_parts(parts.clone(), body)).await?;
    // A whole link does too.
    let code = fields.text("code");
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code).to_owned();
    let passwords = (Secret::new(fields.raw("password").to_owned()), Secret::new(fields.raw("again").to_owned()));
    drop(fields);
    match join(&api, &code, passwords, peer).await {
        Ok(joined) => {
            let page = JoinPage { joined: Some(&joined), ..JoinPage::default() };
            Ok(Html(view::join(&page).into_string()).into_response())
        }
        Err(error) => {
            let problem = error?;
            let page = JoinPage { code: &code, problem: Some(&problem), joined: None };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(view::join(&page).into_string())).into_response())
        }
    }
}

async fn join(
    api: &Api,
    code: &str,
    (password, again): (Secret, Secret),
    peer: IpAddr,
) -> Result<Invitation, Result<Problem, Fault>> {
    let code = Secret::new(code.to_owned());
    acts::password(password.expose()).map_err(ActError::explained)?;
    if password.expose() != again.expose() {
        let text = "the two passwords are not the same".to_owned();
        return Err(Ok(Problem { text, field: Some("again") }));
    }
    // Before a hash is made for whoever types anything.
    invitations::look(&api.store, &code, clock::now()).await.map_err(ActError::explained)?;
    let hash = api.hasher.hash(password).await.map_err(|error| ActError::from(error).explained())?;
    invitations::accept_as_new(&api.store, &code, &hash, peer, clock::now()).await.map_err(ActError::explained)
}
