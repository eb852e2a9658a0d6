//! Organization access tokens. Docker's have a label in any words, a description and resources; ours a name that is part of
//! an account's. What ours have no field for is kept beside them as it was said.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Organization, OrganizationToken as Path},
    moments::{end, end_as_written, moment},
    pages::Page,
    refused::{Answer, Refused},
    scopes,
};
use crate::{
    acts::{
        organization_tokens::{self, OrganizationToken},
        tokens::Limits,
    },
    clock,
    names::{MAX_NAME_CHARS, Name},
};

/// What a token is for, as Docker's tools say it.
#[derive(Clone, Deserialize, Serialize)]
struct Resource {
    r#type: String,
    path: String,
    scopes: Vec<String>,
}

/// A token to make.
#[derive(Deserialize)]
pub(super) struct New {
    label: String,
    #[serde(default)]
    description: String,
    resources: Vec<Resource>,
    expires_at: Option<String>,
}

/// What is to be said of one. What is absent stays.
#[derive(Deserialize)]
pub(super) struct Change {
    label: Option<String>,
    description: Option<String>,
    resources: Option<Vec<Resource>>,
    is_active: Option<bool>,
}

/// What is kept beside a token.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Note {
    label: String,
    description: String,
    resources: Vec<Resource>,
    expires_at: String,
}

impl Note {
    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    fn shown(&self, organization: &str, row: &OrganizationToken) -> Value {
        let token = &row.token;
        let label = if self.label.is_empty() { &token.name } else { &self.label };
        let unsaid = || {
            let scopes = scopes::words(&token.scopes);
            vec![Resource { r#type: "TYPE_ORG".to_owned(), path: organization.to_owned(), scopes }]
        };
        let resources = if self.resources.is_empty() { unsaid() } else { self.resources.clone() };
        json!({
            "id": token.id, "label": label, "description": self.description, "created_by": "", "is_active": true,
            "created_at": moment(token.created_at), "last_used_at": token.last_used_at.map(moment),
            "expires_at": end_as_written(token.expires_at, &self.expires_at), "resources": resources,
        })
    }
}

fn noted(text: &str) -> Note {
    serde_json::from_str(text).unwrap_or_default()
}

fn scopes_of(resources: &[Resource]) -> Result<crate::model::TokenScopes, Refused> {
    scopes::read(resources.iter().flat_map(|resource| &resource.scopes).map(String::as_str))
}

/// The label as a name: what no name holds becomes a hyphen.
fn name(label: &str) -> Result<Name, Refused> {
    let kept = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
    let text: String = label.to_ascii_lowercase().chars().map(|c| if kept(c) { c } else { '-' }).collect();
    let text = text.trim_matches(['-', '_', '.']);
    let text = text.get(..text.len().min(MAX_NAME_CHARS)).unwrap_or_default();
    text.parse().map_err(|_| Refused::invalid("`label` has to hold a letter or a digit: the token is called after it"))
}

/// `GET /v2/orgs/{organization}/access-tokens`.
pub(super) async fn list(State(hub): State<HubApi>, caller: Caller, page: Page, At(at): At<Organization>) -> Answer {
    let all = organization_tokens::list_noted(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(page.answer(&all, |(row, note)| noted(note).shown(at.organization.as_str(), row)))
}

/// `POST /v2/orgs/{organization}/access-tokens`. The answer has the token, once.
pub(super) async fn make(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Organization>,
    Body(New { label, description, resources, expires_at }): Body<New>,
) -> Answer {
    let (name, scopes, ends) = (name(&label)?, scopes_of(&resources)?, end(expires_at.as_deref())?);
    let note = Note { label, description, resources, expires_at: expires_at.unwrap_or_default() };
    let limits = Limits { scopes, expires_at: ends, note: note.text() };
    let (store, hasher, actor) = (&hub.api.store, &hub.api.hasher, &caller.actor);
    let organization = &at.organization;
    let made =
        organization_tokens::create(store, hasher, actor, organization, &name, &[], limits, clock::now()).await?;
    let (row, _) = organization_tokens::show(store, actor, organization, &made.id).await?;
    let mut shown = note.shown(organization.as_str(), &row);
    shown["token"] = json!(made.token.expose());
    Ok(answers::with(StatusCode::CREATED, &shown))
}

/// `GET /v2/orgs/{organization}/access-tokens/{token}`.
pub(super) async fn show(State(hub): State<HubApi>, caller: Caller, At(at): At<Path>) -> Answer {
    let (row, note) = organization_tokens::show(&hub.api.store, &caller.actor, &at.organization, &at.token).await?;
    Ok(answers::ok(&noted(&note).shown(at.organization.as_str(), &row)))
}

/// `PATCH /v2/orgs/{organization}/access-tokens/{token}`. What a token opens is settled when it is made.
pub(super) async fn change(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Path>,
    Body(wanted): Body<Change>,
) -> Answer {
    if wanted.is_active == Some(false) {
        return Err(Refused::invalid("a token is not switched off here; end it with `DELETE`"));
    }
    let scopes = wanted.resources.as_deref().map(scopes_of).transpose()?;
    let change = |token: &crate::store::TokenRow, before: &str| {
        if scopes.is_some_and(|scopes| scopes != token.scopes) {
            return Err(Refused::invalid("what a token may be used for does not change; make another one"));
        }
        let before = noted(before);
        let note = Note {
            label: wanted.label.unwrap_or(before.label),
            description: wanted.description.unwrap_or(before.description),
            resources: wanted.resources.unwrap_or(before.resources),
            expires_at: before.expires_at,
        };
        Ok(note.text())
    };
    let (store, actor) = (&hub.api.store, &caller.actor);
    let (row, note) = organization_tokens::describe(store, actor, &at.organization, &at.token, change).await?;
    Ok(answers::ok(&noted(&note).shown(at.organization.as_str(), &row)))
}

/// `DELETE /v2/orgs/{organization}/access-tokens/{token}`.
pub(super) async fn end_one(State(hub): State<HubApi>, caller: Caller, At(at): At<Path>) -> Answer {
    organization_tokens::revoke(&hub.api.store, &caller.actor, &at.organization, &at.token, clock::now()).await?;
    Ok(answers::done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_called_after_its_label() {
        let name = |label: &str| name(label).ok().map(String::from);
        for (label, expected) in [
            ("ci", Some("ci")),
            ("CI token (pulls)", Some("ci-token--pulls")),
            ("  x  ", Some("x")),
            ("--", None),
            ("", None),
            ("日本", None),
        ] {
            assert_eq!(name(label).as_deref(), expected, "{label}");
        }
        assert_eq!(name(&"a".repeat(200)).unwrap().len(), MAX_NAME_CHARS);
    }
}
