//! *Audit log*: what was administered, with before and after.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::Fault,
    fields::Fields,
    view::{
        Here, Tab,
        audit::{self as view, Audit},
    },
    visitor::Visitor,
};
use crate::{
    acts::trail::{self, Acts},
    rest::Api,
    roles::Deed,
};

/// Acts of one page.
const PAGE: u32 = 50;

/// Shows it.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(&organization)?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let short = |name| fields.text(name).chars().take(255).collect::<String>();
    let typed = short("actor");
    let acts = Acts {
        before: fields.text("before").parse().ok(),
        // Lines name an account so; `local:0` stands for itself.
        actor: if typed.is_empty() || typed.contains(':') { typed.clone() } else { format!("user:{typed}") },
        act: short("act"),
        ..Acts::default()
    };
    let actor = visitor.actor();
    // Accounts, tokens, publishers and keys belong to no organization.
    let reads_service = actor.in_service(&mut api.store.read().await?, Deed::ReadService).await.is_ok();
    let of_service = fields.text("of") == view::SERVICE;
    let of = if of_service { None } else { Some(&name) };
    let mut lines = trail::acts(&api.store, &actor, of, &acts, PAGE + 1).await?;
    let more = lines.len() > PAGE as usize;
    lines.truncate(PAGE as usize);
    let older = lines.last().filter(|_| more).map(|last| last.id.to_string());
    let older = older.map(|id| fields.address(&view::path(name.as_str()), &[("before", &id)]));
    let page = Audit {
        organization: name.as_str(),
        reads_service,
        of_service,
        actor: &typed,
        act: &acts.act,
        lines: &lines,
        older: older.as_deref(),
    };
    Ok(visitor.page(StatusCode::OK, Here::Of(membership, Tab::Audit), "Audit log", &view::content(&page)))
}
