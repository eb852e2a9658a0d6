//! *Tokens* of an organization.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained, Fault, Problem},
    fields::Fields,
    flash::Flash,
    lists::end_of,
    members::{named, names},
    view::{
        Here, Tab,
        tokens::{self as view, Tokens},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{
        ActError, organization_tokens,
        tokens::{Limits, MadeToken},
    },
    clock,
    model::{TokenScope, word},
    rest::Api,
    roles::Deed,
};
use clap::ValueEnum as _;

/// Those of an organization.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    show(&api, &visitor, &organization, StatusCode::OK, &Shown::default()).await
}

/// Makes one.
pub(super) async fn make(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, organization_name) = visitor.member_of(&organization)?;
    let read = || Ok((named(fields.text("name"), "name")?, names(fields.text("teams"), "teams")?, limits(&fields)?));
    let made = match read() {
        Ok((name, teams, limits)) => {
            let (store, actor, now) = (&api.store, visitor.actor(), clock::now());
            let made =
                organization_tokens::create(store, &api.hasher, &actor, &organization_name, &name, &teams, limits, now);
            made.await.map_err(ActError::explained)
        }
        Err(problem) => Err(Ok(problem)),
    };
    match Shown::of(made, &fields) {
        Ok((status, shown)) => show(&api, &visitor, &organization, status, &shown).await,
        Err(fault) => Err(fault),
    }
}

/// Ends one.
pub(super) async fn end(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (store, actor, id) = (&api.store, visitor.actor(), fields.text("token"));
    match organization_tokens::revoke(store, &actor, &name, id, clock::now()).await {
        Ok(_) => Ok(visitor::see_other_and_say(&format!("/orgs/{name}/tokens"), Flash::TokenEnded)),
        Err(error) => {
            let shown = Shown { problem: Some(error.explained()?), ..Shown::default() };
            show(&api, &visitor, &organization, StatusCode::UNPROCESSABLE_ENTITY, &shown).await
        }
    }
}

/// What a page shows beside what is stored.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub problem: Option<Problem>,
    pub typed: Fields,
    pub made: Option<MadeToken>,
}

impl Shown {
    pub(super) fn of(
        made: Result<MadeToken, Result<Problem, Fault>>,
        typed: &Fields,
    ) -> Result<(StatusCode, Self), Fault> {
        Ok(match made {
            Ok(made) => (StatusCode::OK, Self { made: Some(made), ..Self::default() }),
            Err(problem) => {
                let shown = Self { problem: Some(problem?), typed: typed.clone(), made: None };
                (StatusCode::UNPROCESSABLE_ENTITY, shown)
            }
        })
    }
}

async fn show(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    status: StatusCode,
    shown: &Shown,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(organization)?;
    let page = Tokens {
        organization: name.as_str(),
        changes: visitor.may(membership, Deed::ChangeOrganizationTokens),
        csrf: &visitor.cookie.csrf(),
        tokens: &organization_tokens::list(&api.store, &visitor.actor(), &name).await?,
        typed: &shown.typed,
        problem: shown.problem.as_ref(),
        made: shown.made.as_ref(),
        now: clock::now(),
    };
    Ok(visitor.page(status, Here::Of(membership, Tab::Tokens), "Tokens", &view::content(&page)))
}

/// What a token may be used for, and until when.
pub(super) fn limits(fields: &Fields) -> Result<Limits, Problem> {
    let scopes = TokenScope::value_variants().iter().copied();
    let scopes: Vec<TokenScope> = scopes.filter(|scope| fields.is(&format!("scope-{}", word(*scope)))).collect();
    if scopes.is_empty() {
        return Err(Problem { text: "say what the token is for".to_owned(), field: Some("scopes") });
    }
    let expires_at = match fields.text("until") {
        "" => None,
        day => Some(end_of(day)?),
    };
    Ok(Limits { scopes: scopes.into_iter().collect(), expires_at, note: String::new() })
}
