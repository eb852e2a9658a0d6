//! What machines reported.

use super::{ActError, Actor};
use crate::{
    names::Name,
    roles::Deed,
    store::{ActivityFilter, Day, RecordRow, RuleHits, Store, Top, Which},
};

/// Where a page begins: when it was received in milliseconds since the Unix epoch, the machine, and the id.
pub type Position = crate::store::Position;

/// Which decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Which.
    pub which: Which,
    /// Received before; none: from the newest on.
    pub before: Option<Position>,
    /// Received since, milliseconds since the Unix epoch.
    pub since_ms: Option<i64>,
    /// Received until then, exclusive.
    pub until_ms: Option<i64>,
    /// A part of the image's name; empty: any.
    pub image: String,
    /// Somebody with a session then, or who reported it; empty: anybody.
    pub user: String,
    /// A machine; empty: any.
    pub machine: String,
    /// Reason code; empty: any.
    pub reason: String,
    /// Category code; empty: any.
    pub category: String,
    /// Action; empty: any.
    pub action: String,
    /// Rule; empty: any.
    pub rule: String,
}

/// A part of the list.
#[derive(Clone, Debug)]
pub struct Found {
    /// Newest first.
    pub rows: Vec<RecordRow>,
    /// Where the search goes on, though this part may hold less than was asked for; none: there is no more.
    pub next: Option<Position>,
}

/// What was refused since a day, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Days with refusals, oldest first.
    pub days: Vec<Day>,
    /// Images, most refused first.
    pub images: Vec<Top>,
    /// People, most refused first.
    pub people: Vec<Top>,
}

/// Images and people of a [`Summary`].
const TOP: u32 = 8;

/// Counts what was refused, or would have been, since the day of then.
///
/// # Errors
/// [`ActError`].
pub async fn summary(store: &Store, actor: &Actor, organization: &Name, since_ms: i64) -> Result<Summary, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadActivity).await?;
    Ok(Summary {
        days: view.refusals_by_day(&place.name, since_ms).await?,
        images: view.top_images(&place.name, since_ms, TOP).await?,
        people: view.top_people(&place.name, since_ms, TOP).await?,
    })
}

/// How often rules decided, of those that decided something, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits(pub Vec<RuleHits>);

impl Hits {
    /// Of one rule; none: it decided nothing.
    #[must_use]
    pub fn of(&self, rule: &str) -> Option<&RuleHits> {
        self.0.iter().find(|hits| hits.rule == rule)
    }
}

/// How often each of these rules of an organization decided, as long as counts are kept. A page of them at most.
///
/// # Errors
/// [`ActError`].
pub async fn hits(store: &Store, actor: &Actor, organization: &Name, rules: &[&str]) -> Result<Hits, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadActivity).await?;
    Ok(Hits(view.rule_hits(&place.name, rules).await?))
}

/// Decisions of an organization, newest first by this service's clock. A search for what is rare looks at a part at a
/// time.
///
/// # Errors
/// [`ActError`].
pub async fn list(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    filter: Filter,
    limit: u32,
) -> Result<Found, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadActivity).await?;
    let filter = ActivityFilter {
        organization: place.name,
        which: filter.which,
        before: filter.before.unwrap_or((i64::MAX, String::new(), String::new())),
        since_ms: filter.since_ms.unwrap_or(i64::MIN),
        until_ms: filter.until_ms.unwrap_or(i64::MAX),
        image: filter.image,
        user: filter.user,
        machine: filter.machine,
        reason: filter.reason,
        category: filter.category,
        action: filter.action,
        rule: filter.rule,
    };
    // One more tells whether there is another page.
    let mut part = view.activity(&filter, limit.saturating_add(1)).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = part.rows.len() > most;
    part.rows.truncate(most);
    let position = |row: &RecordRow| (row.received_at_ms, row.machine_id.clone(), row.id.clone());
    let next = if more { part.rows.last().map(position) } else { part.rest };
    Ok(Found { rows: part.rows, next })
}
