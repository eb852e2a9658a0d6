//! Figures for the README, each against a floor of the same run: `tests/bench/run`.
//!
//! The floor is the least a plugin can do: accept, read one message, write a constant, close; one
//! thread, no runtime, no parsing. Client and server are separate processes on the same machine.

mod agents;
mod change;
mod decide;
mod door;
mod floor;
mod lists;
mod load;
mod memory;
mod plugin;
mod reading;

use std::{env, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("floor"), Some(path)) => floor::serve(&PathBuf::from(path)),
        (Some("door"), None) => {
            let mut report = Report::default();
            door::measure(&mut report);
            report.finish()
        }
        (Some("lists"), database) => {
            let mut report = Report::default();
            lists::measure(&mut report, database.as_deref());
            report.finish()
        }
        (Some("agents"), None) => {
            let mut report = Report::default();
            agents::measure(&mut report);
            report.finish()
        }
        (None, _) => {
            let mut report = Report::default();
            reading::measure(&mut report);
            decide::measure(&mut report);
            plugin::measure(&mut report);
            change::measure(&mut report);
            door::measure(&mut report);
            agents::measure(&mut report);
            lists::measure(&mut report, None);
            report.finish()
        }
        _ => {
            eprintln!("pullgate-bench: say nothing for all figures, or `door`, `agents`, `lists [sqlite|postgres]`");
            ExitCode::from(2)
        }
    }
}

/// Lines printed and limits held.
#[derive(Default)]
struct Report {
    missed: usize,
}

impl Report {
    /// A figure with the limit it must stay under.
    fn limit(&mut self, name: &str, value: f64, unit: &str, limit: f64) {
        let held = value <= limit;
        self.missed += usize::from(!held);
        println!("{} {name:<62} {value:>10.2} {unit:<6} (limit {limit} {unit})", if held { "ok  " } else { "MISS" });
    }

    /// A figure with the limit it must reach.
    fn least(&mut self, name: &str, value: f64, unit: &str, least: f64) {
        let held = value >= least;
        self.missed += usize::from(!held);
        println!("{} {name:<62} {value:>10.2} {unit:<6} (at least {least} {unit})", if held { "ok  " } else { "MISS" });
    }

    /// A figure without a limit.
    fn note(&self, name: &str, value: f64, unit: &str) {
        println!("     {name:<62} {value:>10.2} {unit}");
    }

    fn finish(self) -> ExitCode {
        println!("{} limits missed", self.missed);
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The value below which `share` of the sorted values lie.
fn quantile(sorted: &[u64], share: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let place = ((sorted.len().saturating_sub(1)) as f64 * share) as usize;
    #[allow(clippy::cast_precision_loss)]
    sorted.get(place).map_or(f64::NAN, |value| *value as f64)
}
