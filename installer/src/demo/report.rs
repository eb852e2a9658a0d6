//! How the demo prints: for people in short lines, for programs one JSON object a step.

use std::{
    collections::HashSet,
    io::{self, IsTerminal as _, Write as _},
    mem,
    time::Duration,
};

use serde::Serialize;

use crate::lab::{LabError, Workstation};

/// Lines of progress that say nothing in the end.
const NOISE: [&str; 12] = [
    "Using default tag",
    "Pulling from",
    ": Pulling fs layer",
    ": Verifying Checksum",
    ": Download complete",
    ": Downloading",
    ": Extracting",
    ": Pull complete",
    ": Waiting",
    "WARNING! Your",
    "Configure a credential helper",
    "https://docs.docker.com/",
];

/// One step and what came of it.
pub(super) struct Step<'a> {
    /// What it shows.
    pub(super) title: &'a str,
    /// What was run; empty: nothing.
    pub(super) command: String,
    /// Its exit code.
    pub(super) exit_code: i32,
    /// What it printed.
    pub(super) output: String,
    /// What is wrong with it; `None`: it held.
    pub(super) complaint: Option<String>,
    /// How long after the command's end the change was in force on the machine.
    pub(super) in_force: Option<Duration>,
}

/// The same for programs.
#[derive(Serialize)]
struct Object<'a> {
    step: usize,
    title: &'a str,
    command: &'a str,
    exit_code: i32,
    output: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complaint: Option<&'a str>,
}

/// The last line for programs.
#[derive(Serialize)]
struct Summary {
    steps: usize,
    failed: usize,
}

/// Prints steps and counts them.
pub(super) struct Report {
    json: bool,
    colour: bool,
    steps: usize,
    failed: usize,
    policy: HashSet<String>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colour, steps: 0, failed: 0, policy: HashSet::new() }
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    pub(super) fn step(&mut self, step: &Step<'_>) -> Result<(), LabError> {
        self.steps += 1;
        self.failed += usize::from(step.complaint.is_some());
        if self.json {
            return print_object(&Object {
                step: self.steps,
                title: step.title,
                command: &step.command,
                exit_code: step.exit_code,
                output: &step.output,
                ok: step.complaint.is_none(),
                in_force_after_ms: step.in_force.map(milliseconds),
                complaint: step.complaint.as_deref(),
            });
        }
        let text = self.lines(step);
        print(&text)
    }

    /// `broken`: the story ended early, which no step has counted.
    pub(super) fn summary(&self, took: Duration, broken: bool) -> Result<(), LabError> {
        let (steps, failed) = (self.steps, self.failed + usize::from(broken));
        if self.json {
            return print_object(&Summary { steps, failed });
        }
        if steps == 0 {
            return Ok(());
        }
        let verdict = match failed {
            0 => self.paint("32;1", &format!("all {steps} steps held")),
            _ if broken => self.paint("31;1", &format!("broken off after {steps} steps")),
            _ => self.paint("31;1", &format!("{failed} of {steps} steps did not hold")),
        };
        print(&format!("\n{verdict} in {:.1} s\n", took.as_secs_f64()))
    }

    fn lines(&mut self, step: &Step<'_>) -> String {
        let number = self.steps;
        let mut text = format!("\n{}\n", self.paint("1", &format!("{number:>2}  {}", step.title)));
        if !step.command.is_empty() {
            text += &format!("    {}\n", self.paint("36", &format!("$ {}", step.command)));
        }
        for line in self.news(step) {
            text += &format!("    {line}\n");
        }
        let verdict = match &step.complaint {
            None => self.paint("32", "ok"),
            Some(complaint) => format!("{}: {complaint}", self.paint("31;1", "does not hold")),
        };
        let exit = if step.command.is_empty() { String::new() } else { format!(", exit code {}", step.exit_code) };
        let after = if step.command.is_empty() { "ready after" } else { "in force on the machine after" };
        let in_force = step.in_force.map(|took| format!(", {after} {} ms", milliseconds(took))).unwrap_or_default();
        text + &format!("    {verdict}{exit}{in_force}\n")
    }

    /// The answer without progress; of a policy, what is not as it was shown last.
    fn news<'a>(&mut self, step: &'a Step<'_>) -> Vec<&'a str> {
        let noise = |line: &&str| line.trim().is_empty() || NOISE.iter().any(|noise| line.contains(noise));
        let mut lines: Vec<&str> = step.output.lines().filter(|line| !noise(line)).collect();
        if step.command.starts_with("pullgate-service policy") {
            let now = lines.iter().map(|&line| line.to_owned()).collect();
            let before: HashSet<String> = mem::replace(&mut self.policy, now);
            lines.retain(|&line| !before.contains(line));
        }
        lines
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// How to use what was left running, and how to end it.
pub(super) fn usage(workstation: &Workstation, stop: u32) -> String {
    let Workstation { docker, service, owner, member, lab, .. } = workstation;
    let (data, control) = (service.data().display(), lab.control_socket());
    let programs = service.program().parent().map(|dir| dir.display().to_string()).unwrap_or_default();
    // Whoever used `sudo` is nobody to the lab.
    let shell = if std::env::var_os("SUDO_UID").is_some() { "a root shell (`sudo -s`)" } else { "this shell" };
    format!(
        "\nIt is left running, in {lab}. In {shell}:\n\n\
         \x20   export DOCKER_HOST={host} DOCKER_CONFIG={config}\n\
         \x20   export PULLGATE_SERVICE_DATA_DIR={data} PULLGATE_CONTROL_SOCKET={control}\n\
         \x20   export PATH={programs}:$PATH\n\n\
         \x20   docker login --username {member_name} {address}     # password {member_password}\n\
         \x20   docker login --username {owner_name} {address}      # password {owner_password}\n\
         \x20   docker pull hello                # also acme/app, verifiedco/tool, evil/miner\n\
         \x20   pullgate status; pullgate check evil/miner\n\
         \x20   pullgate-service policy show acme\n\
         \x20   pullgate-service policy set acme --community true\n\
         \x20   pullgate-service records --limit 10\n\n\
         The logs are in {lab}/log. End everything and remove it: kill {stop}\n",
        lab = lab.dir().display(),
        control = control.display(),
        host = docker.host(),
        config = docker.config().display(),
        address = service.address(),
        member_name = member.name,
        member_password = member.password,
        owner_name = owner.name,
        owner_password = owner.password,
    )
}

fn print_object(object: &impl Serialize) -> Result<(), LabError> {
    let text = serde_json::to_string(object).map_err(|error| LabError::File {
        action: "write to",
        path: "standard output".into(),
        source: error.into(),
    })?;
    print(&format!("{text}\n"))
}

fn print(text: &str) -> Result<(), LabError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| LabError::File { action: "write to", path: "standard output".into(), source })
}

/// Rounded up: "0 ms" would claim what was not measured.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
