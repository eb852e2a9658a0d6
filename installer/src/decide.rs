//! `pullgate decide`: the plugin's own decision, on files instead of a machine.

use std::{
    fs::File,
    io::{self, BufReader, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use clap::{Args as ClapArgs, ValueEnum};
use policy::{Action, Documents, Enforced, Governed, ImageRef, Loopback, SignIn, Timestamp, decide, explain};
use serde_json::{Value, json};

use crate::{output, requests};

mod files;

/// Decide as the plugin would, from a policy file and a session file
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// JSON file with one policy or a list of them
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// JSON file with one session, a list of them, or `null` for nobody
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
    /// Image to decide about; without one, authorization messages are read from standard input
    #[arg(long, value_name = "REF")]
    image: Vec<String>,
    /// Organizations one of which somebody must be signed in to
    #[arg(long, value_name = "ORG")]
    allowed_org: Vec<String>,
    /// What is true of the machine beside its policies
    #[arg(long, value_enum)]
    machine: Vec<Machine>,
    /// Seconds since the Unix epoch to decide for, instead of now
    #[arg(long, value_name = "SECONDS")]
    now: Option<i64>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// A state in which a machine can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Machine {
    /// It is to have a registry door, and what the engine asks of loopback addresses does not come there
    LoopbackOpen,
    /// Containers are kept from registries by their control group
    ContainersConfined,
    /// It is the registry door that decides, and it has not heard from the plugin
    PluginMissing,
}

/// Exit code 0 when everything is allowed, 1 when something is denied.
///
/// # Errors
/// When a file cannot be used; the text says where.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let now = Timestamp(args.now.unwrap_or_else(now));
    let enforced = Enforced {
        sign_in: match args.allowed_org.as_slice() {
            [] => SignIn::Optional,
            organizations => SignIn::Required(organizations.iter().map(|name| name.to_ascii_lowercase()).collect()),
        },
        policies: files::policies(&args.policy)?,
        sessions: args.session.as_deref().map(files::sessions).transpose()?.unwrap_or_default(),
        documents: match args.machine.contains(&Machine::PluginMissing) {
            true => Documents::Unheard,
            false => Documents::Complete,
        },
        loopback: match args.machine.contains(&Machine::LoopbackOpen) {
            true => Loopback::Open,
            false => Loopback::NoDoor,
        },
        containers_confined: args.machine.contains(&Machine::ContainersConfined),
        ..Enforced::default()
    };
    let mut denied = false;
    let mut print = |input: Option<&str>, action: &Action| {
        let answer = answer(&enforced, input, action, now);
        denied |= answer["effect"] == "deny";
        if args.json { output::line(&answer) } else { output::text(&text(&answer)) }
    };
    if args.image.is_empty() {
        anyhow::ensure!(!io::stdin().is_terminal(), "give --image REF, or authorization messages on standard input");
        requests::read(io::stdin().lock(), |line| print(None, &with_paths(&line.action)))?;
    }
    for input in &args.image {
        print(Some(input), &pull(input)?)?;
    }
    Ok(ExitCode::from(u8::from(denied)))
}

fn pull(input: &str) -> anyhow::Result<Action> {
    let image = ImageRef::parse_any(input).with_context(|| format!("`{input}` is no image reference"))?;
    Ok(Action::pull(image.or_latest()))
}

/// Host paths are judged as they are written: the plugin follows links, and there is no machine here.
fn with_paths(action: &Action) -> Action {
    let Action::Governed(governed) = action else { return action.clone() };
    let opened = governed.paths.iter().filter(|path| path.reaches(&path.path)).map(|path| path.reach(&path.path));
    let reach = governed.reach.iter().cloned().chain(opened).collect();
    Action::Governed(Governed { reach, ..governed.clone() })
}

fn answer(enforced: &Enforced, input: Option<&str>, action: &Action, now: Timestamp) -> Value {
    let decision = decide(enforced, action, now);
    json!({
        "input": input,
        "action": action.word(),
        "images": requests::images(action),
        "effect": if decision.is_allowed() { "allow" } else { "deny" },
        "reason": decision.reason.code(),
        "category": decision.category.map(policy::Category::code),
        "organization": decision.organization,
        "rule": decision.rule.map(|rule| json!({ "id": rule.id, "pattern": rule.pattern.as_str() })),
        "would_deny": decision.would_deny,
        "text": explain(enforced, action, &decision, now, "not recorded"),
    })
}

fn text(answer: &Value) -> String {
    let string = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    let images: Vec<&str> = answer["images"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text =
        format!("{:<5} {:<16} {} {}", string("effect"), string("reason"), string("action"), images.join(" "));
    for line in string("text").lines() {
        text.push_str("\n      ");
        text.push_str(line);
    }
    text
}

fn now() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Reads a JSON file with its name in every error.
fn read_json<T: serde::de::DeserializeOwned>(path: &std::path::Path) -> anyhow::Result<T> {
    let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| unexpected(path))
}

fn unexpected(path: &std::path::Path) -> String {
    format!("`{}` is not as expected", path.display())
}
