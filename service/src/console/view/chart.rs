//! A chart of days: drawn here, so that it needs no script, and written beside it as a table.

use maud::{Markup, html};

use super::words::date;
use crate::store::Day;

/// In its own units; the page gives it its size.
const HEIGHT: i64 = 120;
/// Of one day.
const WIDTH: i64 = 20;

/// Refusals of each of these days, up to today.
pub(super) fn days(found: &[Day], today: i64, count: i64) -> Markup {
    let all: Vec<Day> = (today - count + 1..=today).map(|day| of(found, day)).collect();
    let most = all.iter().map(|day| day.denied + day.would_deny).max().unwrap_or_default().max(1);
    let (denied, would): (i64, i64) = all.iter().fold((0, 0), |(a, b), day| (a + day.denied, b + day.would_deny));
    let label =
        format!("{denied} refused and {would} that would have been refused in {count} days; the table has each day");
    // A day with one refusal among thousands is still seen.
    let height = |count: i64| if count == 0 { 0 } else { (count * HEIGHT / most).max(2) };
    html! {
        figure .chart {
            svg viewBox={ "0 0 " (count * WIDTH) " " (HEIGHT + 2) } preserveAspectRatio="none" role="img" aria-label=(label) {
                @for (at, day) in (0_i64..).zip(&all) {
                    @let (no, would) = (height(day.denied), height(day.would_deny));
                    @let title = format!("{}: {} refused, {} would have been", date(day.day), day.denied, day.would_deny);
                    g {
                        title { (title) }
                        rect .ground x=(at * WIDTH + 2) y="0" width=(WIDTH - 4) height=(HEIGHT + 2) {}
                        rect .denied x=(at * WIDTH + 2) y=(HEIGHT + 2 - no) width=(WIDTH - 4) height=(no) {}
                        rect .would x=(at * WIDTH + 2) y=((HEIGHT + 2 - no - would).max(0)) width=(WIDTH - 4) height=(would) {}
                    }
                }
            }
            figcaption {
                span { (date(today - count + 1)) }
                span .legend { span .key .denied {} "Refused " (denied) }
                span .legend { span .key .would {} "Would have been refused " (would) }
                span { (date(today)) }
            }
        }
        details .table {
            summary { "As a table" }
            table {
                thead { tr { th scope="col" { "Day" } th scope="col" .number { "Refused" } th scope="col" .number { "Would have been refused" } } }
                tbody {
                    @for day in all.iter().rev().filter(|day| day.denied + day.would_deny > 0) {
                        tr { th scope="row" { (date(day.day)) } td .number { (day.denied) } td .number { (day.would_deny) } }
                    }
                }
            }
        }
    }
}

fn of(found: &[Day], day: i64) -> Day {
    found.iter().find(|one| one.day == day).cloned().unwrap_or(Day { day, denied: 0, would_deny: 0 })
}
