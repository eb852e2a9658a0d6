//! *Machines*: where members are signed in, and which policy is in force there.

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
        machines::{self as view, Machines},
    },
    visitor::Visitor,
};
use crate::{
    acts::machines::{self, Position, Which},
    clock,
    model::{Guard, from_word},
    names::Name,
    rest::Api,
};

/// Machines of one page.
const PAGE: u32 = 100;

/// Shows them.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(&organization)?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let typed = fields.text("user");
    // Nobody has a name that is none.
    let user = typed.parse::<Name>().ok();
    let guard = from_word::<Guard>(fields.text("guard")).ok();
    let (which, now) = (Which { user: user.as_ref(), guard }, clock::now());
    let mut found = machines::list(&api.store, &visitor.actor(), &name, which, after(&fields), PAGE + 1, now).await?;
    if user.is_none() && !typed.is_empty() {
        found.rows.clear();
    }
    let more = found.rows.len() > PAGE as usize;
    found.rows.truncate(PAGE as usize);
    let next = found.rows.last().filter(|_| more).map(|last| {
        let (user, machine, uid) = (last.user.clone(), last.machine_id.clone(), last.uid.to_string());
        fields.address(&view::path(name.as_str()), &[("after", &user), ("machine", &machine), ("uid", &uid)])
    });
    let page = Machines {
        organization: name.as_str(),
        user: typed,
        rows: &found.rows,
        published: found.published,
        guards: &found.guards,
        guard,
        next: next.as_deref(),
        now,
    };
    Ok(visitor.page(StatusCode::OK, Here::Of(membership, Tab::Machines), "Machines", &view::content(&page)))
}

/// Behind which one; none: from the first on.
fn after(fields: &Fields) -> Option<Position> {
    let uid = fields.text("uid").parse().ok()?;
    Some((fields.text("after").to_owned(), fields.text("machine").to_owned(), uid))
}
