//! `publisher refresh`.

use std::time::{Duration, Instant};

use super::super::Admin;
use crate::{
    acts::{
        preview::Counted,
        publishers::{self, BadgeChange, Refreshed, Wanted},
    },
    cli::RefreshOptions,
    hub_search::{AT_LEISURE, Progress, Search},
    model::{Badge, word},
    rest,
};

/// Namespaces of each kind that are named.
const SHOWN: usize = 10;
/// How often it is said how far it is.
const TELL: Duration = Duration::from_secs(2);

pub(super) async fn run(admin: &Admin, options: RefreshOptions) -> anyhow::Result<()> {
    let RefreshOptions { url, ca_file, dry_run, confirm } = options;
    let search = Search::new(url, ca_file, AT_LEISURE);
    let wanted = if dry_run { Wanted::DryRun } else { Wanted::Change(confirm.map(|losing| losing as usize)) };
    let mut told = Instant::now();
    let tell = |Progress { badge, seen, total }: Progress| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            admin.out.note(format_args!("{seen} of {total} results of the badge {}", word(badge)));
        }
    };
    let refreshed = publishers::refresh(&admin.store, &admin.actor, &search, wanted, tell).await;
    let refreshed = admin.said(refreshed).await?;
    admin.out.line(text(&refreshed), &rest::Refreshed::from(refreshed));
    Ok(())
}

fn text(refreshed: &Refreshed) -> String {
    let Refreshed { address, results, passed_over, namespaces, short, .. } = refreshed;
    let mut lines = vec![format!("`{address}` shows {namespaces} namespaces with a badge, in {results} results")];
    if *passed_over > 0 {
        lines.push(format!("passed over: {passed_over} of them, which are no image with the badge"));
    }
    lines.extend(short.iter().map(|(badge, short)| {
        format!("the search for {} was not read to its end, so nothing is removed: {}", word(*badge), short.words())
    }));
    let would = if refreshed.made { "" } else { "would be " };
    for (what, changes) in
        [("added", &refreshed.added), ("changed", &refreshed.changed), ("removed", &refreshed.removed)]
    {
        lines.push(counted(&format!("{would}{what}"), changes));
    }
    if refreshed.by_hand > 0 {
        lines.push(format!("given by hand, and left so: {}", refreshed.by_hand));
    }
    if refreshed.unseen > 0 {
        lines.push(format!("not seen, and left so: {}", refreshed.unseen));
    }
    if let (false, Some(losing)) = (refreshed.made, refreshed.needs) {
        lines.push(format!(
            "{losing} would lose their badge, more than a tenth of those from Docker Hub: to make it so, add \
             `--confirm {losing}`"
        ));
    }
    lines.join("\n")
}

fn counted(what: &str, changes: &Counted<BadgeChange>) -> String {
    if changes.count == 0 {
        return format!("{what}: none");
    }
    let shown: Vec<String> = changes.examples.iter().take(SHOWN).map(change).collect();
    let more = match changes.count - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what}: {} ({}{more})", changes.count, shown.join(", "))
}

fn change(change: &BadgeChange) -> String {
    let badge = |badge: Option<Badge>| badge.map(word).unwrap_or_default();
    match (change.from, change.to) {
        (Some(_), Some(to)) => format!("{}: now {}", change.namespace, word(to)),
        (from, to) => format!("{}: {}", change.namespace, badge(from.or(to))),
    }
}
