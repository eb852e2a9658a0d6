//! `pullgate engine-config`.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::{Class, Edit, Edited, MAX_BYTES, Refusal, Wanted, add, dockerd_on_path, judge, names, remove};
use crate::{engines::words, output};

/// The file is to be left as it is.
const REFUSED: u8 = 3;

/// Print what install would make of an engine's `daemon.json`; changes nothing (exit 3: it would leave the file alone)
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// The engine's file; one that is not there would be created
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Name of the authorization plugin
    #[arg(long, default_value = "pullgate", value_name = "NAME")]
    plugin: String,
    /// Make this the engine's proxy for everything, as `http://127.0.0.1:857`: the registry door (engine 23.0 and later)
    #[arg(long, value_name = "URL")]
    proxies: Option<String>,
    /// What the engine's unit starts it with, as written there, without the program
    #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true, value_name = "FLAGS")]
    unit_flags: String,
    /// Take other proxies out of the file; they are named in what is printed with `--json`
    #[arg(long)]
    move_proxies: bool,
    /// Take plugins that flags name over into the file; the flags must go then
    #[arg(long)]
    move_plugin_flags: bool,
    /// Print what uninstall would make of it instead
    #[arg(long, conflicts_with_all = ["move_proxies", "move_plugin_flags"])]
    remove: bool,
    /// The engine's program, which is asked whether it takes the file [default: the one on PATH]
    #[arg(long, value_name = "FILE", conflicts_with = "no_dockerd")]
    dockerd: Option<PathBuf>,
    /// Ask no engine's program, and go by what is known of releases 20.10 to 29
    #[arg(long)]
    no_dockerd: bool,
    /// Print one JSON object: `action`, `class`, `plugins`, `warnings`, `moved`, `judged_by`, `content`
    #[arg(long)]
    json: bool,
}

/// What it came to.
struct Done {
    before: Option<Vec<u8>>,
    edited: Edited,
    judged_by: Option<PathBuf>,
}

/// # Errors
/// When the file cannot be read, or nothing printed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let before = read(&args.file).with_context(|| format!("cannot read `{}`", args.file.display()))?;
    match work(args, before) {
        Ok(done) => {
            for warning in &done.edited.warnings {
                output::complain(&format!("warning: {warning}"));
            }
            if args.json {
                output::line(&done.to_json())?
            } else {
                print(done.after())?
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            let file = args.file.display();
            output::complain(&format!("`{file}` stays as it is: {refusal}"));
            if args.json {
                let mut object = refusal.to_json();
                object["action"] = json!("refuse");
                output::line(&object)?;
            }
            Ok(ExitCode::from(REFUSED))
        }
    }
}

fn work(args: &Args, before: Option<Vec<u8>>) -> Result<Done, Refusal> {
    let unit_flags = words::split(&args.unit_flags).map_err(|error| Refusal {
        class: Class::FlagConflict,
        what: format!("`--unit-flags` cannot be read: {error}"),
        at: None,
        next: "write the flags as they are in the unit".to_owned(),
    })?;
    let mut edited = if args.remove {
        let file = before.as_deref().unwrap_or_default();
        remove(file, &args.plugin, args.proxies.as_deref())?
    } else {
        let wanted = Wanted {
            plugin: &args.plugin,
            proxies: args.proxies.as_deref(),
            unit_flags: &unit_flags,
            move_proxies: args.move_proxies,
            move_plugin_flags: args.move_plugin_flags,
        };
        add(before.as_deref(), &wanted)?
    };
    // Taking the plugin out must not hang on whether the engine likes the rest.
    let mut judged_by = None;
    if !args.remove {
        let flags = if args.move_plugin_flags {
            super::flags::without(&unit_flags, "authorization-plugin")
        } else {
            unit_flags
        };
        let dockerd = args.dockerd.clone().or_else(|| (!args.no_dockerd).then(dockerd_on_path).flatten());
        let after = match &edited.edit {
            Edit::Changed(bytes) => bytes,
            Edit::Unchanged | Edit::Removed => before.as_deref().unwrap_or_default(),
        };
        let verdict = judge(after, &flags, dockerd.as_deref())?;
        edited.warnings.extend(verdict.warnings);
        judged_by = verdict.engine;
    }
    Ok(Done { before, edited, judged_by })
}

impl Done {
    fn action(&self) -> &'static str {
        match (&self.before, &self.edited.edit) {
            (_, Edit::Unchanged) => "noop",
            (_, Edit::Removed) => "remove",
            (None, Edit::Changed(_)) => "create",
            (Some(_), Edit::Changed(_)) => "edit",
        }
    }

    fn after(&self) -> &[u8] {
        match &self.edited.edit {
            Edit::Changed(bytes) => bytes,
            Edit::Unchanged => self.before.as_deref().unwrap_or_default(),
            Edit::Removed => &[],
        }
    }

    fn to_json(&self) -> Value {
        let proxies = self.edited.moved.proxies.as_ref();
        let proxies = proxies.map(|old| json!({ "http": old.http, "https": old.https, "no": old.no }));
        json!({
            "action": self.action(),
            "class": null,
            "plugins": names(self.after()).unwrap_or_default(),
            "warnings": self.edited.warnings.iter().map(super::Warning::to_json).collect::<Vec<_>>(),
            "moved": { "proxies": proxies, "plugin_flags": self.edited.moved.plugin_flags },
            "judged_by": self.judged_by,
            "content": String::from_utf8_lossy(self.after()),
        })
    }
}

/// The whole file, or somewhat more than is read of one; `None` when it is not there. Waits for nobody.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = match File::options().read(true).custom_flags(nonblocking).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Byte for byte, unless it is a terminal that could be steered by it.
fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let still = stdout.is_terminal().then(|| output::still(&String::from_utf8_lossy(bytes)));
    match stdout.write_all(still.as_ref().map_or(bytes, String::as_bytes)).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
