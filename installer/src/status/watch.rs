//! `status --watch`: the same again whenever it changes.
//!
//! The plugin is asked each second, out of its memory; the engine is probed when what the plugin says has changed, and
//! each [`PROBE`] otherwise.

#[cfg_attr(unix, path = "watch/end/unix.rs")]
#[cfg_attr(not(unix), path = "watch/end/windows.rs")]
mod end;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{Args, coverage::Way, health::Health, json, look, seen::Seen, view};
use crate::{output, when};

/// How often the plugin is asked.
const LOOK: Duration = Duration::from_secs(1);
/// How often the engine is probed though nothing has changed.
const PROBE: Duration = Duration::from_secs(30);

/// Runs until interrupted, or until nobody reads it any more.
///
/// # Errors
/// When standard output cannot be written.
pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let interrupted = end::interrupted()?;
    let screen = output::is_terminal() && !args.json;
    let after = if screen { "\u{1b}[?25h" } else { "" };
    if screen {
        output::raw("\u{1b}[?25l\u{1b}[2J")?;
    }
    let watched = tokio::select! {
        watched = watch(args, screen) => watched,
        () = interrupted => Ok(()),
    };
    output::raw(after)?;
    watched
}

async fn watch(args: &Args, screen: bool) -> anyhow::Result<()> {
    let mut probed: Option<(BTreeSet<String>, Instant)> = None;
    let mut engine = None;
    let mut shown = String::new();
    let mut told = BTreeSet::new();
    loop {
        if end::nobody_reads() {
            return Ok(());
        }
        let mut seen = look(args, engine.take()).await;
        let state = |seen: &Seen| seen.plugin.as_ref().map(|_| lasting(&view::parts(seen))).unwrap_or_default();
        let is_due = |(before, at): &(BTreeSet<String>, Instant)| *before != state(&seen) || at.elapsed() >= PROBE;
        if probed.as_ref().is_none_or(is_due) {
            if probed.is_some() {
                seen = look(args, None).await;
            }
            probed = Some((state(&seen), Instant::now()));
        }
        let ways = seen.ways();
        let health = seen.health(&ways);
        if screen {
            let text = view::text(&seen, &health, &ways).render(output::in_colour());
            if text != shown {
                // From the top, each line cleared to its end, then the rest of the screen.
                output::raw(&format!("\u{1b}[H{}\u{1b}[K\n\u{1b}[J", text.replace('\n', "\u{1b}[K\n")))?;
                shown = text;
            }
        } else {
            let now = facts(&seen, &health, &ways);
            if now != told {
                match args.json {
                    true => output::line(&json::object(&seen, &health, &ways))?,
                    false => output::text(&line(&seen, &health, &now, &told))?,
                }
                told = now;
            }
        }
        engine = Some(seen.engine);
        tokio::time::sleep(LOOK).await;
    }
}

/// When, the answer, and what is new since the last line.
fn line(seen: &Seen, health: &Health, now: &BTreeSet<String>, before: &BTreeSet<String>) -> String {
    let mut line = format!("{} {}", when::moment(seen.now_ms), health.line());
    if !before.is_empty() {
        let root = health.line();
        let news = now.difference(before).filter(|fact| **fact != root);
        news.for_each(|fact| line.push_str(&format!(" | {fact}")));
        let is_replaced = |fact: &&String| now.iter().any(|other| heading(other) == heading(fact));
        let gone = before.difference(now).filter(|fact| !is_replaced(fact));
        gone.for_each(|fact| line.push_str(&format!(" | no more: {fact}")));
    }
    line
}

/// The first two words: what a fact is about.
fn heading(fact: &str) -> String {
    fact.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// What makes a difference, each in a line.
fn facts(seen: &Seen, health: &Health, ways: &[Way]) -> BTreeSet<String> {
    let mut facts = lasting(&view::parts(seen));
    facts.insert(health.line());
    facts.extend(health.also.iter().map(|cause| cause.what.clone()));
    facts.extend(ways.iter().map(|way| format!("{}: {}", way.what, way.state.code())));
    facts
}

/// Lines whose news are no news: how long something is up, and how often the engine asked.
fn lasting(lines: &[String]) -> BTreeSet<String> {
    let passing = [", up ", ", sealed ", "; asked ", "asked "];
    let lasting = |line: &String| {
        let end = passing.iter().filter_map(|word| line.find(word)).min().unwrap_or(line.len());
        line[..end].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    lines.iter().map(lasting).collect()
}

#[cfg(test)]
mod tests;
