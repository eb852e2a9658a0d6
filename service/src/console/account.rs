//! *Account*: one's own invitations, access tokens, password and browsers.

use axum::{extract::State, response::Response};
use http::{StatusCode, header};
use proto::secret::Secret;

use super::{
    fault::{Explained, Fault, Problem},
    flash::Flash,
    sign_in,
    tokens::{Shown, limits},
    view::{
        Here, Own,
        account::{self as view, Account},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{ActError, browsers, invitations, tokens},
    clock,
    identity::Answer,
    names::Name,
    own_password::{NewPassword, OwnPasswordError},
    rest::Api,
    roles::Deed,
};

/// Shows it.
pub(super) async fn page(State(api): State<Api>, visitor: Visitor) -> Result<Response, Fault> {
    show(&api, &visitor, StatusCode::OK, &Shown::default()).await
}

/// Makes a token of one's own.
pub(super) async fn make_token(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let user = own(&visitor)?;
    let made = match limits(&fields) {
        Ok(limits) => {
            let (actor, name) = (visitor.actor(), fields.text("name"));
            tokens::create(&api.store, &api.hasher, &actor, &user, name, limits, clock::now())
                .await
                .map_err(ActError::explained)
        }
        Err(problem) => Err(Ok(problem)),
    };
    let (status, shown) = Shown::of(made, &fields)?;
    show(&api, &visitor, status, &shown).await
}

/// Ends one of them: machines that signed in with this account sign in again, and this browser stays.
pub(super) async fn end_token(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    match tokens::revoke(&api.store, &visitor.actor(), fields.text("token"), Some(&visitor.resumed)).await {
        Ok(_) => Ok(visitor::see_other_and_say("/account", Flash::TokenEnded)),
        Err(error) => {
            let shown = Shown { problem: Some(error.explained()?), ..Shown::default() };
            show(&api, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &shown).await
        }
    }
}

/// Answers an invitation.
pub(super) async fn answer(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let (store, actor, id, now) = (&api.store, visitor.actor(), fields.text("invitation"), clock::now());
    let answered = match fields.text("answer") {
        "yes" => invitations::accept(store, &actor, id, now).await.map(|_| Flash::Joined),
        "no" => invitations::decline(store, &actor, id, now).await.map(|()| Flash::Declined),
        _ => return Err(Fault::Damaged),
    };
    match answered {
        Ok(flash) => Ok(visitor::see_other_and_say("/account", flash)),
        Err(error) => {
            let shown = Shown { problem: Some(error.explained()?), ..Shown::default() };
            show(&api, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &shown).await
        }
    }
}

/// Changes the password. This browser goes on with a new cookie.
pub(super) async fn password(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let secret = |name| Secret::new(fields.raw(name).to_owned());
    let (current, new, again) = (secret("current"), secret("password"), secret("again"));
    drop(fields);
    let unchanged = |problem| Shown { problem: Some(problem), ..Shown::default() };
    if new.expose() != again.expose() {
        let problem = Problem { text: "the two passwords are not the same".to_owned(), field: Some("again") };
        return show(&api, &visitor, StatusCode::UNPROCESSABLE_ENTITY, &unchanged(problem)).await;
    }
    let (actor, from) = (visitor.actor(), visitor.from());
    let change = NewPassword { actor: &actor, resumed: &visitor.resumed, from, current, new };
    match api.own_password.change(change).await {
        Ok(begun) => {
            let mut answer = visitor::see_other_and_say("/account", Flash::PasswordChanged);
            answer.headers_mut().append(header::SET_COOKIE, visitor::kept(&begun)?);
            Ok(answer)
        }
        Err(error) => {
            let (status, wait) = match &error {
                OwnPasswordError::Unchecked(error) => match error.answer() {
                    Answer::Later(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(wait)),
                    _ => (StatusCode::SERVICE_UNAVAILABLE, None),
                },
                _ => (StatusCode::UNPROCESSABLE_ENTITY, None),
            };
            let mut answer = show(&api, &visitor, status, &unchanged(error.explained()?)).await?;
            if let Some(wait) = wait {
                answer.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
            }
            Ok(answer)
        }
    }
}

/// Signs a browser out. This one: as its own button does.
pub(super) async fn end_browser(State(api): State<Api>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor, fields } = &posted;
    let id = fields.text("browser");
    if id == visitor.resumed.id {
        return sign_in::out(State(api), posted).await;
    }
    match browsers::end(&api.store, &visitor.actor(), id).await {
        Ok(()) => Ok(visitor::see_other_and_say("/account", Flash::BrowserEnded)),
        Err(error) => {
            let shown = Shown { problem: Some(error.explained()?), ..Shown::default() };
            show(&api, visitor, StatusCode::UNPROCESSABLE_ENTITY, &shown).await
        }
    }
}

fn own(visitor: &Visitor) -> Result<Name, Fault> {
    visitor.resumed.account.name.parse().map_err(|_| Fault::Nowhere)
}

async fn show(api: &Api, visitor: &Visitor, status: StatusCode, shown: &Shown) -> Result<Response, Fault> {
    let (actor, now) = (visitor.actor(), clock::now());
    let account = actor.as_self(&mut api.store.read().await?, Deed::ReadOwn).await?;
    let person = actor.is_good_for(Deed::ChangeOwn);
    let tokens = if person { tokens::list(&api.store, &actor, &own(visitor)?).await? } else { Vec::new() };
    let page = Account {
        person,
        csrf: &visitor.cookie.csrf(),
        user: &account.name,
        origin: account.origin,
        invitations: &invitations::mine(&api.store, &actor, now).await?,
        browsers: &api.browsers.list(&account, now).await?,
        this: &visitor.resumed.id,
        tokens: &tokens,
        typed: &shown.typed,
        problem: shown.problem.as_ref(),
        made: shown.made.as_ref(),
        now,
    };
    Ok(visitor.page(status, Here::Own(Own::Account), "Account", &view::content(&page)))
}
