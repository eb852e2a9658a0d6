//! `pullgate bugreport`: an archive for whoever is asked for help.
//!
//! INVARIANT (I7): no secret is in it. Files that hold credentials are never opened; of settings only what is known to
//! be none goes in, and everything passes [`redact`].

mod archive;
mod redact;

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use clap::Args as ClapArgs;
use proto::paths;
use serde_json::{Value, json};

use self::archive::Archive;
use crate::{
    output,
    status::probe::http::{Body, call},
    when,
};

/// For each program that is asked.
const LIMIT: Duration = Duration::from_secs(60);
/// Lines of each journal.
const LINES: &str = "1000";
/// What an engine tells of itself that is about pullgate; the rest is nobody's business.
const INFO: [&str; 18] = [
    "Architecture",
    "CgroupDriver",
    "CgroupVersion",
    "Containers",
    "DefaultRuntime",
    "DockerRootDir",
    "Driver",
    "DriverStatus",
    "HttpProxy",
    "HttpsProxy",
    "Images",
    "KernelVersion",
    "LiveRestoreEnabled",
    "NoProxy",
    "OperatingSystem",
    "Plugins",
    "SecurityOptions",
    "ServerVersion",
];

/// Write an archive for whoever is asked for help; secrets are left out
///
/// What `status` and `doctor` say, decisions of late, settings, units and journals of pullgate's programs, the egress
/// rules and what the engine says of itself. Files with credentials are never opened, and of settings only what is known
/// to be no secret goes in. It is a plain tar that only you can read: look into it before you hand it on. As root it
/// holds more.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Where to; a file that is there is left alone [default: pullgate-bugreport-TIME.tar in this directory]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON object with the archive's path
    #[arg(long)]
    json: bool,
    /// The plugin's control socket
    #[arg(long, default_value = paths::CONTROL_SOCKET, env = "PULLGATE_CONTROL_SOCKET", value_name = "PATH")]
    control_socket: PathBuf,
    /// The engine's API socket
    #[arg(long, default_value = "/var/run/docker.sock", env = "PULLGATE_ENGINE_SOCKET", value_name = "PATH")]
    engine_socket: PathBuf,
    /// Take settings and states from below this directory
    #[arg(long, default_value = "/", value_name = "DIR", hide = true)]
    root: PathBuf,
}

/// # Errors
/// When the archive cannot be written; it is then removed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let name = format!("pullgate-bugreport-{}", when::moment(when::now_ms()).replace([' ', ':'], "-"));
    let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar")));
    let failed = |error: &dyn std::fmt::Display| {
        anyhow::anyhow!("cannot write `{}`: {error}; give another one with --output", path.display())
    };
    let mut archive = Archive::create(&path, &name).map_err(|error| failed(&error))?;
    if let Err(error) = fill(args, &mut archive).and_then(|()| Ok(archive.finish()?)) {
        let _ = fs::remove_file(&path);
        return Err(failed(&format!("{error:#}")));
    }
    match args.json {
        true => output::line(&json!({ "path": path }))?,
        false => output::text(&format!(
            "`{}` is written, mode 0600; secrets are left out, names of images, users and machines are not: look into it \
             before you hand it on (`tar xf`)",
            path.display()
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fill(args: &Args, archive: &mut Archive) -> anyhow::Result<()> {
    archive.add("report.json", &pretty(&about()))?;
    let asked: [(&str, &[&str]); 3] = [
        ("status.json", &["status", "--json", "--engine-socket"]),
        ("doctor.jsonl", &["doctor", "--json", "--engine-socket"]),
        ("records.jsonl", &["records", "--json"]),
    ];
    for (name, words) in asked {
        progress(name);
        archive.add(name, &own(args, words))?;
    }
    for (name, path) in settings() {
        archive.add(&format!("settings/{name}"), &setting(&at(&args.root, path)))?;
    }
    archive.add("files.txt", &files(&args.root))?;
    progress("engine");
    archive.add("engine/version.json", &engine(&args.engine_socket, "/version", None))?;
    archive.add("engine/info.json", &engine(&args.engine_socket, "/info", Some(&INFO)))?;
    progress("units and journals");
    for (name, program, words) in programs() {
        archive.add(name, &redact::text(&told(Command::new(program).args(words))))?;
    }
    Ok(())
}

/// Only where somebody waits in front of it.
fn progress(what: &str) {
    use std::io::IsTerminal as _;
    if std::io::stderr().is_terminal() {
        eprintln!("pullgate: {what} ...");
    }
}

fn about() -> Value {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    json!({
        "pullgate": env!("CARGO_PKG_VERSION"),
        "made_at": when::moment(when::now_ms()),
        "root": rustix::process::geteuid().is_root(),
        "system": system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or_default().trim_matches('"'),
        "kernel": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
    })
}

/// What this program itself says, asked as anybody would.
fn own(args: &Args, words: &[&str]) -> String {
    let Ok(this) = std::env::current_exe() else { return "this program cannot find itself".to_owned() };
    let mut command = Command::new(this);
    command.args(words);
    if words.last() == Some(&"--engine-socket") {
        command.arg(&args.engine_socket);
    }
    let told = told(command.arg("--control-socket").arg(&args.control_socket));
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(object) => redact::json(&object).to_string(),
        Err(_) => redact::text(line),
    };
    told.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What a program prints, both ways, within bounds.
fn told(command: &mut Command) -> String {
    // `timeout` of coreutils is everywhere, and ends what hangs.
    let mut bounded = Command::new("timeout");
    bounded.arg(LIMIT.as_secs().to_string()).arg(command.get_program()).args(command.get_args());
    match bounded.stdin(Stdio::null()).env("LC_ALL", "C").env("SYSTEMD_COLORS", "0").output() {
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let code = match output.status.code() {
                Some(0) => String::new(),
                code => format!("exit code {code:?}\n"),
            };
            format!("{}{}{code}", text(&output.stdout), text(&output.stderr))
        }
        Err(error) => format!("cannot be asked: {error}"),
    }
}

fn settings() -> [(&'static str, &'static str); 6] {
    [
        ("enrollment.json", paths::ENROLLMENT),
        ("proxy.json", paths::DOOR_SETTINGS),
        ("registry.json", paths::REGISTRY_JSON),
        ("egress.json", paths::EGRESS),
        ("daemon.json", "/etc/docker/daemon.json"),
        ("disabled.json", crate::status::disabled::FILE),
    ]
}

fn at(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn setting(path: &Path) -> String {
    match fs::read_to_string(path) {
        Ok(text) => redact::settings(&text),
        Err(error) => format!("`{}`: {error}", path.display()),
    }
}

/// What lies in pullgate's places: names, modes, owners and sizes, and nothing of what is in it.
fn files(root: &Path) -> String {
    let places =
        ["/etc/pullgate", paths::STATE_DIR, paths::DOOR_STATE_DIR, "/var/lib/pullgate-install", "/run/pullgate"];
    let mut lines = Vec::new();
    for place in places {
        let directory = at(root, place);
        lines.push(describe(&directory));
        match fs::read_dir(&directory) {
            Ok(entries) => {
                let mut names: Vec<_> = entries.take(1000).filter_map(Result::ok).map(|entry| entry.path()).collect();
                names.sort();
                lines.extend(names.iter().map(|path| describe(path)));
            }
            Err(error) => lines.push(format!("    {error}")),
        }
    }
    redact::text(&lines.join("\n"))
}

fn describe(path: &Path) -> String {
    match fs::symlink_metadata(path) {
        Ok(found) => {
            let (mode, uid, gid, size) = (found.mode(), found.uid(), found.gid(), found.size());
            format!("{mode:06o} {uid}:{gid} {size:>9} {}", path.display())
        }
        Err(error) => format!("{} {error}", path.display()),
    }
}

/// `only`: these keys of it.
fn engine(socket: &Path, target: &str, only: Option<&[&str]>) -> String {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return String::new() };
    let asked = runtime.block_on(async { tokio::time::timeout(LIMIT, call(socket, "GET", target, Body::Empty)).await });
    let answer = match asked {
        Ok(Ok(answer)) => answer.json(),
        Ok(Err(why)) => return why,
        Err(_) => return format!("no answer within {} s", LIMIT.as_secs()),
    };
    let kept = match only {
        Some(keys) => keys.iter().map(|key| ((*key).to_owned(), answer[*key].clone())).collect(),
        None => answer,
    };
    pretty(&redact::json(&kept))
}

fn programs() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    const UNITS: [&str; 8] = [
        "pullgate-plugin-stand-in.service",
        "pullgate-proxy-stand-in.service",
        "pullgate-plugin.socket",
        "pullgate-plugin.service",
        "pullgate-proxy.socket",
        "pullgate-proxy.service",
        "pullgate-egress.service",
        "docker.service",
    ];
    let state =
        ["show", "--no-pager", "-p", "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,DropInPaths"];
    let journal = |unit| vec!["--no-pager", "-o", "short-iso", "-n", LINES, "-u", unit];
    vec![
        ("units.txt", "systemctl", [&state[..], &UNITS].concat()),
        ("units-user.txt", "systemctl", [&["--user"], &state[..], &["pullgated.service"]].concat()),
        ("journal/plugin.txt", "journalctl", journal("pullgate-plugin.service")),
        ("journal/proxy.txt", "journalctl", journal("pullgate-proxy.service")),
        ("journal/egress.txt", "journalctl", journal("pullgate-egress.service")),
        ("journal/agents.txt", "journalctl", journal("pullgated@*.service")),
        (
            "journal/agent.txt",
            "journalctl",
            vec!["--user", "--no-pager", "-o", "short-iso", "-n", LINES, "-u", "pullgated.service"],
        ),
        ("egress.txt", "nft", vec!["list", "table", "inet", "pullgate"]),
        ("time.txt", "timedatectl", vec!["show"]),
    ]
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

#[cfg(test)]
mod tests;
