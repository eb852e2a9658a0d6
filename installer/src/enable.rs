//! `pullgate enable`: the end of `pullgate disable`, by hand or by its timer.
//!
//! INVARIANT (I8): the plugin is proved to answer first. Where it does not, Docker stays as it is, up and unjudged,
//! and the timer's unit tries again.

use std::{path::Path, process::ExitCode, time::Duration};

use clap::Args as ClapArgs;
use serde_json::json;

use crate::{
    acts::{self, Act, What},
    disable,
    engine_config::{self, Edit},
    engines::{self, FoundEngine},
    install::{
        ask, door_settings::DoorSettings, drop_in, engine, error::ChangeError, files, journal::Journal, layout, prove,
        state::Disabled,
    },
    output,
    systemd::{self, Systemd},
};

/// For the plugin to start, where nobody has asked it for anything.
const START: Duration = Duration::from_secs(20);

/// Put the plugin back before its time
///
/// Nothing is interrupted. If the registry door was taken out (`disable --restart`), it is back from the engine's next
/// start on, or at once with `--restart`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Restart the engine if the registry door was taken out; running containers stop unless `live-restore` is on
    #[arg(long)]
    restart: bool,
    /// Called by the timer
    #[arg(long, hide = true)]
    scheduled: bool,
    /// Called by the plugin's unit: tells a plugin that has just started what root did meanwhile, and nothing else
    #[arg(long, hide = true)]
    hand_over: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When an engine cannot be told, or does not ask the plugin afterwards.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.hand_over {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(acts::hand_over_waiting())?;
        return Ok(ExitCode::SUCCESS);
    }
    let root = Path::new("/");
    let systemd = match ask::systemd_of_root(root) {
        Ok(systemd) => systemd,
        Err(why) => return Ok(ask::refused(args.json, why)?),
    };
    ask::for_everybody();
    let _journal = Journal::lock(root)?;
    let Some(disabled) = Disabled::read(root) else {
        tell(args, "pullgate is not disabled; nothing is to be done", "unchanged")?;
        return Ok(ExitCode::SUCCESS);
    };
    // What stands in for one that could not be run would go on for a while after that was mended. The proof says what is wrong.
    let _ = systemd.start(layout::PLUGIN_UNITS[2], START);
    if let Err(why) = prove::plugin(root) {
        let next = if args.scheduled {
            "this is tried again in 5 minutes"
        } else {
            "`systemctl status pullgate-plugin` says more"
        };
        return Ok(ask::refused(args.json, &format!("pullgate stays disabled, and Docker up: {why}; {next}"))?);
    }
    let mut notes = Vec::new();
    for engine in engines::of_the_system(root).iter().filter(|engine| disable::is_ours(engine)) {
        notes.extend(put_back(root, &systemd, engine, &disabled, args.restart)?);
    }
    Disabled::forget(root)?;
    disable::forget_timer(root, &systemd)?;
    let why = if args.scheduled { "its time was over" } else { "" };
    notes.extend(acts::note(&Act::now(What::Enable, why, None)));
    let text = [vec!["engines ask the plugin again".to_owned()], notes].concat();
    tell(args, &text.join("\n"), "enabled")?;
    Ok(ExitCode::SUCCESS)
}

/// Puts one engine back; gives what should be known.
fn put_back(
    root: &Path,
    systemd: &Systemd,
    engine: &FoundEngine,
    disabled: &Disabled,
    restart: bool,
) -> Result<Option<String>, ChangeError> {
    let unit = engine.unit.as_deref().unwrap_or_default();
    if let Some(path) = disable::drop_in(engine).filter(|path| files::kept(path).exists()) {
        std::fs::rename(files::kept(&path), &path).map_err(ChangeError::system("put back", &path))?;
        systemd.daemon_reload()?;
    }
    let text = disable::drop_in(engine).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let door = drop_in::has_door(&text);
    // Where the drop-in has the proxies, the engine's file has none.
    let in_file = door && !text.contains("HTTPS_PROXY=");
    put_in(root, &engine.config_file, &engine.flags, in_file)?;
    let is_active = systemd.unit(unit)?.is_active();
    if !is_active {
        return Ok(Some(format!("`{unit}` does not run; it asks the plugin from its next start on")));
    }
    let has_door = prove::engine_has_door(&engine.socket).unwrap_or(true);
    if door && disabled.door && !has_door && restart {
        systemd.restart(unit, systemd::ENGINE)?;
        systemd.enable_now(layout::EGRESS_UNIT)?;
        let asks = prove::engine_comes_to_ask(&engine.socket);
        asks.and_then(|()| prove::engine_fetches_by_the_door(root, &engine.socket))
            .map_err(ChangeError::engine(unit))?;
        return Ok(None);
    }
    systemd.hang_up(unit)?;
    prove::engine_comes_to_ask(&engine.socket).map_err(ChangeError::engine(unit))?;
    Ok((door && !has_door).then(|| {
        format!("until `{unit}` restarts, what it fetches does not go through the registry door: builds are not judged")
    }))
}

fn put_in(root: &Path, path: &Path, flags: &[String], door: bool) -> Result<(), ChangeError> {
    let now = files::read(path)?;
    let proxies = drop_in::door();
    let wanted = engine_config::Wanted {
        plugin: engine::PLUGIN,
        proxies: door.then_some(proxies.as_str()),
        unit_flags: flags,
        // Those that the door goes through anyway; others are for `install` to look at.
        move_proxies: DoorSettings::look(root).is_ok_and(|settings| settings.upstream().is_some()),
        move_plugin_flags: false,
    };
    let edited = engine_config::add(now.as_deref(), &wanted)
        .map_err(|refusal| ChangeError::Edit { path: path.to_owned(), refusal })?;
    if let Edit::Changed(bytes) = edited.edit {
        files::replace(path, now.as_deref(), &bytes, 0o644)?;
    }
    Ok(())
}

fn tell(args: &Args, text: &str, result: &str) -> std::io::Result<()> {
    if args.json { output::line(&json!({ "result": result, "text": text })) } else { output::text(text) }
}
