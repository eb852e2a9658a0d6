//! The directory as Docker Hub's search shows it, beside what was given by hand.
//!
//! INVARIANT: nothing of the database is held while Docker Hub is asked: what it shows is held against the directory as
//! it is afterwards, in the transaction that changes it.

use serde_json::{Map, Value, json};

use super::plan::Plan;
use crate::{
    acts::{
        ActError, Actor, commit,
        preview::{Counted, MOST_EXAMPLES},
    },
    hub_search::{Found, Progress, Search, Short},
    model::{ActKind, Badge, word},
    publish::compile,
    roles::Deed,
    store::{Act, Store},
};

/// Examples in a refusal.
const NAMED: usize = 3;
/// Namespaces that the trail names of one refresh, those that lose something first; it counts all.
const MOST_WRITTEN: usize = 500;

/// What is wanted of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To see what it would change.
    DryRun,
    /// To change it; with the number of namespaces that lose something, where that was said.
    Change(Option<usize>),
}

/// What a refresh changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// Who was asked.
    pub address: String,
    /// False: it only would.
    pub made: bool,
    /// Results that Docker Hub showed.
    pub results: usize,
    /// Those of them that are none of an image with a badge.
    pub passed_over: usize,
    /// Namespaces with a badge there.
    pub namespaces: usize,
    /// Searches that were not read to their end; if any: nothing was removed.
    pub short: Vec<(Badge, Short)>,
    /// New ones.
    pub added: Counted<BadgeChange>,
    /// Those with another badge than before.
    pub changed: Counted<BadgeChange>,
    /// Those that Docker Hub shows no more.
    pub removed: Counted<BadgeChange>,
    /// Shown there, and as they were given by hand.
    pub by_hand: usize,
    /// Docker Hub's of before that stay, though they were not seen, because not everything was read.
    pub unseen: usize,
    /// The number that has to be confirmed; none: none has to be.
    pub needs: Option<usize>,
}

/// A namespace, and its badge before and afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadgeChange {
    /// On Docker Hub.
    pub namespace: String,
    /// None: it was not in the directory.
    pub from: Option<Badge>,
    /// None: it is not any more.
    pub to: Option<Badge>,
}

impl Refreshed {
    /// Namespaces that are added, changed or removed.
    #[must_use]
    pub fn differences(&self) -> usize {
        self.added.count + self.changed.count + self.removed.count
    }

    /// Whoever wants it made has to say how many namespaces lose their badge.
    #[must_use]
    pub fn asks(&self) -> bool {
        !self.made && self.needs.is_some()
    }
}

/// Asks Docker Hub which namespaces have a badge, and makes the directory so. `told`: how far that is.
///
/// # Errors
/// [`ActError`]; among others [`ActError::Search`] and [`ActError::UnconfirmedPublishers`]. Nothing was changed then.
pub async fn refresh(
    store: &Store,
    actor: &Actor,
    search: &Search,
    wanted: Wanted,
    told: impl FnMut(Progress) + Send,
) -> Result<Refreshed, ActError> {
    actor.in_service(&mut store.read().await?, Deed::ChangePublishers).await?;
    let _alone = search.alone()?;
    let found = search.read(told).await?;
    let Wanted::Change(said) = wanted else {
        let mut view = store.read().await?;
        actor.in_service(&mut view, Deed::ChangePublishers).await?;
        let directory = view.directory().await?;
        let plan = Plan::of(&directory, &found);
        compile::check_directory(plan.after(&directory)).map_err(ActError::Directory)?;
        return Ok(refreshed(search, &found, &plan, false));
    };
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangePublishers).await?;
    let plan = Plan::of(&change.directory().await?, &found);
    let confirmed = pass(&plan, said)?;
    let taken: Vec<&str> = plan.removed.keys().map(String::as_str).collect();
    change.refresh_publishers(&plan.given(), &taken).await?;
    compile::check_directory(change.publishers().await?).map_err(ActError::Directory)?;
    let refreshed = refreshed(search, &found, &plan, true);
    let detail = detail(&refreshed, &plan, confirmed);
    commit(change, actor, &Act { act: ActKind::PublisherRefresh, organization: "", target: "", detail }).await?;
    Ok(refreshed)
}

/// Lets it pass when it takes nothing from more than a tenth of Docker Hub's namespaces, or the right number was said.
fn pass(plan: &Plan, said: Option<usize>) -> Result<Option<usize>, ActError> {
    match plan.needs() {
        None => Ok(None),
        Some(losing) if said == Some(losing) => Ok(Some(losing)),
        Some(losing) => Err(ActError::UnconfirmedPublishers {
            losing,
            known: plan.known,
            said,
            examples: plan.losing().take(NAMED).map(str::to_owned).collect(),
        }),
    }
}

fn refreshed(search: &Search, found: &Found, plan: &Plan, made: bool) -> Refreshed {
    Refreshed {
        address: search.address(),
        made,
        results: found.results,
        passed_over: found.passed_over,
        namespaces: found.badges.len(),
        short: found.short.clone(),
        added: counted(plan.added.iter().map(|(namespace, to)| change(namespace, None, Some(*to)))),
        changed: counted(plan.changed.iter().map(|(namespace, (from, to))| change(namespace, Some(*from), Some(*to)))),
        removed: counted(plan.removed.iter().map(|(namespace, from)| change(namespace, Some(*from), None))),
        by_hand: plan.by_hand,
        unseen: plan.unseen,
        needs: plan.needs(),
    }
}

fn change(namespace: &str, from: Option<Badge>, to: Option<Badge>) -> BadgeChange {
    BadgeChange { namespace: namespace.to_owned(), from, to }
}

fn counted(changes: impl ExactSizeIterator<Item = BadgeChange>) -> Counted<BadgeChange> {
    Counted { count: changes.len(), examples: changes.take(MOST_EXAMPLES).collect() }
}

/// For the trail: all counts, and names as far as they fit.
fn detail(refreshed: &Refreshed, plan: &Plan, confirmed: Option<usize>) -> Value {
    let removed = plan.removed.iter().map(|(namespace, from)| (namespace, Some(*from), None));
    let changed = plan.changed.iter().map(|(namespace, (from, to))| (namespace, Some(*from), Some(*to)));
    let added = plan.added.iter().map(|(namespace, to)| (namespace, None, Some(*to)));
    let all = removed.chain(changed).chain(added).take(MOST_WRITTEN);
    let badges: Map<String, Value> =
        all.map(|(namespace, from, to)| (namespace.clone(), json!({ "from": from, "to": to }))).collect();
    let short: Map<String, Value> = refreshed.short.iter().map(|(badge, short)| (word(*badge), json!(short))).collect();
    let mut detail = json!({
        "address": refreshed.address,
        "results": refreshed.results,
        "passed_over": refreshed.passed_over,
        "added": refreshed.added.count,
        "changed": refreshed.changed.count,
        "removed": refreshed.removed.count,
        "by_hand": refreshed.by_hand,
        "unseen": refreshed.unseen,
        "not_read_to_the_end": short,
        "badges": badges,
    });
    if let (Value::Object(detail), Some(losing)) = (&mut detail, confirmed) {
        detail.insert("confirmed".to_owned(), json!(losing));
    }
    detail
}
