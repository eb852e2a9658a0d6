//! `pullgate disable`: Docker works again, whatever is wrong with pullgate, for a time.
//!
//! Takes the plugin's name out of the engine's file and sends SIGHUP: an engine lets go of its plugins then at once,
//! also while the plugin is dead or hangs (measured with 28.5). An engine that does not run, or does not answer after
//! that, is started again, however often systemd gave it up. Nothing here waits for the plugin.

mod release;
pub mod timer;

use std::{ops::RangeInclusive, path::Path, process::ExitCode, time::Duration};

use clap::Args as ClapArgs;
use serde_json::json;

pub use self::timer::forget as forget_timer;
use crate::{
    acts::{self, Act, What},
    engine_config::{self, Edit},
    engines::{self, FoundEngine},
    install::{
        ask, drop_in, engine, files,
        journal::{Journal, JournalError},
        prove,
        state::Disabled,
    },
    output,
    when::{self, moment, now_ms},
};

/// Shorter is over before anybody has looked, and longer is called `uninstall`.
const BOUNDS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(7 * 86_400);

/// Take the plugin out of the engine for a time, so that Docker works whatever is wrong with it
///
/// Works at once, also when the plugin hangs or is dead, and when systemd has given Docker up. Nothing is judged
/// meanwhile, but what goes through the registry door (builds), unless `--restart`. It ends by itself, also after a reboot.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// For how long, as `30m`, `1h` or `2d`; a minute to a week
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    time: Duration,
    /// Why, for the record
    #[arg(long, default_value = "", value_name = "TEXT")]
    reason: String,
    /// Take the registry door out as well, for which the engine restarts; running containers stop unless `live-restore` is on
    #[arg(long)]
    restart: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When an engine does not come to answer.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = Path::new("/");
    let systemd = match ask::systemd_of_root(root) {
        Ok(systemd) => systemd,
        Err(why) => return Ok(ask::refused(args.json, why)?),
    };
    ask::for_everybody();
    let journal = match Journal::lock(root) {
        Err(JournalError::Busy) => return Err(JournalError::Busy.into()),
        // A disk that is full, or another that is gone, is no reason to leave Docker as it is.
        journal => journal.ok(),
    };
    let engines: Vec<FoundEngine> = engines::of_the_system(root).into_iter().filter(is_ours).collect();
    let earlier = Disabled::read(root);
    if engines.is_empty() && earlier.is_none() {
        return Ok(ask::refused(
            args.json,
            "no engine is configured for the plugin; Docker waits for nothing of pullgate's",
        )?);
    }
    let since_ms = now_ms();
    let length = i64::try_from(args.time.as_millis()).unwrap_or(i64::MAX);
    let disabled = Disabled {
        since_ms,
        until_ms: since_ms.saturating_add(length),
        reason: output::still(&args.reason).replace('\n', " "),
        by: who(),
        door: args.restart || earlier.is_some_and(|earlier| earlier.door),
    };
    // First: whatever happens next, it ends.
    let ends = disabled.write(root).map_err(Into::into).and_then(|()| timer::set(root, &systemd, disabled.until_ms));
    let (mut restarted, mut wrong) = (Vec::new(), Vec::new());
    for engine in &engines {
        match release::release(&systemd, engine, args.restart) {
            Ok(true) => restarted.extend(engine.unit.clone()),
            Ok(false) => {}
            Err(error) => wrong.push(proto::chain(&error)),
        }
    }
    drop(journal);
    let until = std::time::SystemTime::now().checked_add(args.time);
    let untold = acts::note(&Act::now(What::Disable, &disabled.reason, until));
    if !wrong.is_empty() {
        anyhow::bail!("{}", wrong.join("; "));
    }
    let door = (!args.restart && layout_has_door(&engines)).then(prove::door);
    let note = match door {
        None => String::new(),
        Some(Ok(())) => {
            "\nbuilds, and what else goes through the registry door, stay under the policy; `--restart` ends that too"
                .to_owned()
        }
        Some(Err(why)) => {
            format!("\npulls fail until the registry door answers ({why}); `pullgate disable --restart` takes it out")
        }
    };
    let note = untold.map(|untold| format!("{note}\n{}", output::still(&untold))).unwrap_or(note);
    let until = moment(disabled.until_ms);
    let note = match ends {
        Ok(()) => note,
        Err(error) => {
            let why = proto::chain(&error);
            format!("{note}\nit does not end by itself ({why}): `pullgate install` puts the plugin back")
        }
    };
    if args.json {
        output::line(&json!({
            "result": "disabled", "until_ms": disabled.until_ms, "until": until, "by": disabled.by, "reason": disabled.reason,
            "restarted": restarted, "note": note.trim(),
        }))?;
    } else {
        output::text(&format!("Docker answers without pullgate until {until}; `pullgate enable` ends that{note}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Our drop-in of an engine's unit.
#[must_use]
pub fn drop_in(engine: &FoundEngine) -> Option<std::path::PathBuf> {
    engine.drop_in_dir.as_ref().map(|dir| dir.join(drop_in::NAME))
}

/// Whether pullgate stands in front of an engine, or did before it was disabled.
#[must_use]
pub fn is_ours(engine: &FoundEngine) -> bool {
    let is_there = |path: std::path::PathBuf| path.exists() || files::kept(&path).exists();
    // Also one that somebody set up by hand.
    let is_named = || {
        let file = files::read(&engine.config_file).ok().flatten().unwrap_or_default();
        engine_config::remove(&file, engine::PLUGIN, None).map_or(true, |edited| edited.edit != Edit::Unchanged)
    };
    engine.unit.is_some() && (drop_in(engine).is_some_and(is_there) || is_named())
}

fn layout_has_door(engines: &[FoundEngine]) -> bool {
    engines.iter().any(|engine| prove::engine_has_door(&engine.socket).unwrap_or(false))
}

/// Who asked for it: behind `sudo` too.
fn who() -> String {
    let name = std::env::var("SUDO_USER").ok().filter(|name| !name.is_empty());
    let name = name.map(|name| output::still(&name).chars().take(64).collect::<String>());
    name.map_or_else(|| "root".to_owned(), |name| format!("{name} (sudo)"))
}

/// Within bounds.
fn time(text: &str) -> Result<Duration, String> {
    let time = when::parse_span(text)?;
    match BOUNDS.contains(&time) {
        true => Ok(time),
        false => Err("write a time from `1m` to `7d`; for longer, `pullgate uninstall`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_between_a_minute_and_a_week() {
        for (text, expected) in [("1h", 3_600), ("90s", 90), ("30m", 1_800), ("7d", 604_800)] {
            assert_eq!(time(text), Ok(Duration::from_secs(expected)), "{text}");
        }
        for wrong in ["", "1", "h", "59s", "8d", "-1h", "1 h", "1h30m", "30min", "9999999999999999999d"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
