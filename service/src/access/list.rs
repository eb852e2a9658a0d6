//! Looking at requests.

use super::{AccessError, known};
use crate::{
    acts::Actor,
    model::{AccessRequest, AccessState},
    names::Name,
    roles::Deed,
    store::{AccessFilter, AccessPage, Store},
};

/// Most of one's own that are shown: what is answered is forgotten one day.
const MOST_OWN: u32 = 1000;

/// Which requests of an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Of this state; none: of any.
    pub state: Option<AccessState>,
    /// Of this account; none: of any.
    pub user: Option<Name>,
    /// Made before this one: seconds since the Unix epoch, and id; none: from the newest on.
    pub before: Option<(i64, String)>,
}

/// Requests to an organization, newest first.
///
/// # Errors
/// [`AccessError`].
pub async fn list(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    listed: &Listed,
    limit: u32,
) -> Result<Vec<AccessRequest>, AccessError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadRequests).await?;
    let before = listed.before.as_ref().map_or((i64::MAX, ""), |(at, id)| (*at, id.as_str()));
    let user = listed.user.as_ref().map(Name::as_str).unwrap_or_default();
    Ok(view.access_page(&AccessPage { organization: place.id, state: listed.state, user, before }, limit).await?)
}

/// One request to an organization.
///
/// # Errors
/// [`AccessError`].
pub async fn show(store: &Store, actor: &Actor, organization: &Name, id: &str) -> Result<AccessRequest, AccessError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadRequests).await?;
    let found = view.access_request(known(id)?).await?.filter(|request| request.organization == place.name);
    found.ok_or_else(|| AccessError::NoSuch(crate::plain::plain(id.chars().take(40).collect())))
}

/// What somebody asked for themselves, newest first.
///
/// # Errors
/// [`AccessError`].
pub async fn mine(store: &Store, actor: &Actor) -> Result<Vec<AccessRequest>, AccessError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ReadOwn).await?;
    let filter = AccessFilter { account: Some(account.id), ..AccessFilter::default() };
    Ok(view.access_requests(&filter, MOST_OWN).await?)
}
