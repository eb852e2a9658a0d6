//! *Namespaces*: Docker Hub namespaces of the organization, whose images are its own.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained as _, Fault, Problem},
    flash::Flash,
    members::named,
    view::{
        Here, Tab,
        namespaces::{self as view, Namespaces},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{ActError, namespaces, policy},
    clock,
    rest::Api,
    roles::Deed,
};

/// Shows them.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    show(&api, &visitor, &organization, &Shown::default()).await
}

/// Adds one.
pub(super) async fn add(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let typed = fields.text("namespace").to_owned();
    let problem = match named(&typed, "namespace") {
        Ok(namespace) => match namespaces::add(&api.store, &visitor.actor(), &name, &namespace).await {
            Ok(_) => return Ok(visitor::see_other_and_say(&view::address(name.as_str()), Flash::NamespaceAdded)),
            Err(error) => error.explained()?,
        },
        Err(problem) => problem,
    };
    show(&api, &visitor, &organization, &Shown { typed, ..Shown::problem(problem) }).await
}

/// Takes one away.
pub(super) async fn remove(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (actor, now) = (visitor.actor(), clock::now());
    // Only a page that was tampered with sends something else than a name.
    let namespace = named(fields.text("namespace"), "namespace").map_err(|_| Fault::Damaged)?;
    let asks = Some(namespace.to_string());
    let shown = match fields.confirmation() {
        Ok(confirmation) => match namespaces::remove(&api.store, &actor, &name, &namespace, confirmation, now).await {
            Ok(()) => {
                return Ok(visitor::see_other_and_say(&view::address(name.as_str()), Flash::NamespaceRemoved));
            }
            Err(error @ ActError::Unconfirmed { .. }) => {
                let status = StatusCode::PRECONDITION_REQUIRED;
                Shown { status, asks, ..Shown::problem(error.explained()?) }
            }
            Err(error) => Shown::problem(error.explained()?),
        },
        Err(problem) => Shown { asks, ..Shown::problem(problem) },
    };
    show(&api, &visitor, &organization, &shown).await
}

/// What the page shows beside what is stored.
#[derive(Debug, Default)]
struct Shown {
    status: StatusCode,
    problem: Option<Problem>,
    typed: String,
    /// This one is taken away once the number of people is said.
    asks: Option<String>,
}

impl Shown {
    fn problem(problem: Problem) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, problem: Some(problem), ..Self::default() }
    }
}

async fn show(api: &Api, visitor: &Visitor, organization: &str, shown: &Shown) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(organization)?;
    let actor = visitor.actor();
    let policy = policy::show(&api.store, &actor, &name).await?;
    let editable = visitor.may(membership, Deed::ChangeNamespaces);
    let page = Namespaces {
        organization: name.as_str(),
        editable,
        adds: editable && actor.in_service(&mut api.store.read().await?, Deed::AddNamespaces).await.is_ok(),
        csrf: &visitor.cookie.csrf(),
        namespaces: &policy.state.namespaces,
        typed: &shown.typed,
        problem: shown.problem.as_ref(),
        asks: shown.asks.as_deref(),
    };
    Ok(visitor.page(shown.status, Here::Of(membership, Tab::Namespaces), "Namespaces", &view::content(&page)))
}
