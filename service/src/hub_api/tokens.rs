//! Personal access tokens. They are a person's own: who signed in with one makes no others.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Token},
    moments::{end, end_as_written, moment},
    pages::Page,
    refused::{Answer, Refused},
    scopes,
};
use crate::{
    acts::{
        ActError,
        tokens::{self, Limits},
    },
    clock,
    names::Name,
    store::TokenRow,
};

/// A token to make.
#[derive(Deserialize)]
pub(super) struct New {
    token_label: String,
    scopes: Vec<String>,
    expires_at: Option<String>,
}

/// What is to be changed of one. What is absent stays.
#[derive(Deserialize)]
pub(super) struct Change {
    token_label: Option<String>,
    is_active: Option<bool>,
}

/// What is kept beside a token: what its maker said in Docker's words.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Note {
    scopes: Vec<String>,
    expires_at: String,
}

fn shown(row: &TokenRow, note: &str) -> Value {
    let note: Note = serde_json::from_str(note).unwrap_or_default();
    let scopes = if note.scopes.is_empty() { scopes::words(&row.scopes) } else { note.scopes };
    json!({
        "uuid": row.id, "client_id": "", "creator_ip": "", "creator_ua": "", "generated_by": "manual", "is_active": true,
        "token": "", "token_label": row.name, "scopes": scopes, "created_at": moment(row.created_at),
        "last_used": row.last_used_at.map(moment), "expires_at": end_as_written(row.expires_at, &note.expires_at),
    })
}

/// One's own name. That of an organization's token is none, and it has no tokens.
fn own(caller: &Caller) -> Result<Name, ActError> {
    let name = caller.actor.account().and_then(|account| account.name.parse().ok());
    name.ok_or(ActError::NoPerson)
}

/// `GET /v2/access-tokens`.
pub(super) async fn list(State(hub): State<HubApi>, caller: Caller, page: Page) -> Answer {
    let all = tokens::list_own(&hub.api.store, &caller.actor).await?;
    Ok(page.answer(&all, |(row, note)| shown(row, note)))
}

/// `POST /v2/access-tokens`. The answer has the token, once.
pub(super) async fn make(
    State(hub): State<HubApi>,
    caller: Caller,
    Body(New { token_label, scopes, expires_at }): Body<New>,
) -> Answer {
    let (allowed, ends) = (scopes::read(scopes.iter().map(String::as_str))?, end(expires_at.as_deref())?);
    let note = Note { scopes, expires_at: expires_at.unwrap_or_default() };
    let note = serde_json::to_string(&note).unwrap_or_default();
    let limits = Limits { scopes: allowed, expires_at: ends, note };
    let (store, hasher, actor, user) = (&hub.api.store, &hub.api.hasher, &caller.actor, own(&caller)?);
    let made = tokens::create(store, hasher, actor, &user, &token_label, limits, clock::now()).await?;
    let (row, note) = tokens::show_own(store, actor, &made.id).await?;
    let mut answer = shown(&row, &note);
    answer["token"] = json!(made.token.expose());
    Ok(answers::with(StatusCode::CREATED, &answer))
}

/// `GET /v2/access-tokens/{token}`.
pub(super) async fn show(State(hub): State<HubApi>, caller: Caller, At(at): At<Token>) -> Answer {
    let (row, note) = tokens::show_own(&hub.api.store, &caller.actor, &at.token).await?;
    Ok(answers::ok(&shown(&row, &note)))
}

/// `PATCH /v2/access-tokens/{token}`.
pub(super) async fn change(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Token>,
    Body(wanted): Body<Change>,
) -> Answer {
    if wanted.is_active == Some(false) {
        return Err(Refused::invalid("a token is not switched off here; end it with `DELETE`"));
    }
    let (store, actor) = (&hub.api.store, &caller.actor);
    let (row, note) = match &wanted.token_label {
        Some(label) => tokens::rename_own(store, actor, &at.token, label).await?,
        None => tokens::show_own(store, actor, &at.token).await?,
    };
    Ok(answers::ok(&shown(&row, &note)))
}

/// `DELETE /v2/access-tokens/{token}`. Whoever is signed in with this account has to sign in again, but for the token
/// that this was done with.
pub(super) async fn end_one(State(hub): State<HubApi>, caller: Caller, At(at): At<Token>) -> Answer {
    let caller = caller.alone(&hub).await?;
    let revoked = tokens::revoke(&hub.api.store, &caller.actor, &at.token, None).await?;
    caller.keep(&hub, revoked.epoch);
    Ok(answers::done())
}
