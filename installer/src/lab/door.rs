//! The registry door of a lab.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{Held, Lab, LabError, Process, error::file, process, programs};

const PROGRAM: &str = "pullgate-proxy";
/// For its certificate authority, and to its first answer.
const START: Duration = Duration::from_secs(10);
/// What the kernel counts processor time in for programs (`USER_HZ`).
const TICK_MS: u64 = 10;
/// The kernel's word for a socket that listens (`TCP_LISTEN`).
const LISTENS: &str = "0A";

/// How a door is run.
#[derive(Debug)]
pub struct Posted {
    /// Where the engine finds it.
    pub listen: SocketAddr,
    /// Where the firewall leads what the engine asks of loopback addresses.
    pub loopback: Vec<SocketAddr>,
    /// Its certificate authority: `trust` in it is for the engine.
    pub ca: PathBuf,
    /// The administrator's settings for it, as JSON.
    pub settings: String,
    /// Sockets that the lab holds for it: at each of the addresses above.
    pub held: Option<Held>,
    /// What is under way when it is told to end has so many seconds; none: as many as it gives by itself.
    pub drain: Option<u32>,
}

/// A running door.
pub struct Door {
    process: Process,
    posted: Posted,
}

impl Door {
    /// Makes its certificate authority and starts it; `command` makes the program a command, for
    /// example in another network. The plugin need not run.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(
        lab: &Lab,
        posted: Posted,
        command: impl Fn(&Path) -> Result<Command, LabError>,
    ) -> Result<Self, LabError> {
        let program = programs::own(PROGRAM)?;
        let made = process::clean(&program).arg("ca").arg("--ca-dir").arg(&posted.ca).output();
        let made = made.map_err(|source| LabError::Start { program: PROGRAM.to_owned(), source })?;
        if !made.status.success() {
            let output = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(LabError::Command { command: format!("{PROGRAM} ca"), code: made.status.to_string(), output });
        }
        let process = run(lab, &posted, command(&program)?).await?;
        Ok(Self { process, posted })
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`], in the same place.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn restart(
        &mut self,
        lab: &Lab,
        command: impl Fn(&Path) -> Result<Command, LabError>,
    ) -> Result<(), LabError> {
        self.process = run(lab, &self.posted, command(&programs::own(PROGRAM)?)?).await?;
        Ok(())
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The processor time that it has used.
    ///
    /// # Errors
    /// When it is gone.
    pub fn processor_time(&self) -> Result<Duration, LabError> {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = fs::read_to_string(&path).map_err(file("read", &path))?;
        // Behind the name, which may hold anything: state is the first, user and system time the 12th and 13th, in ticks.
        let words: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = words.iter().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum::<u64>();
        Ok(Duration::from_millis(ticks * TICK_MS))
    }

    /// The memory that it has in use, in KiB.
    ///
    /// # Errors
    /// When it is gone.
    pub fn resident_kib(&self) -> Result<u64, LabError> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&path).map_err(file("read", &path))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        Ok(line.trim().trim_end_matches(" kB").parse().unwrap_or_default())
    }
}

async fn run(lab: &Lab, posted: &Posted, mut command: Command) -> Result<Process, LabError> {
    let settings = lab.write("proxy.json", &posted.settings)?;
    command.arg("serve").args(["--listen", &posted.listen.to_string()]).arg("--loopback-listen");
    command
        .args(posted.loopback.iter().map(SocketAddr::to_string))
        .arg("--control-socket")
        .arg(lab.control_socket())
        .arg("--enrollment")
        .arg(lab.enrollment())
        .arg("--registry-json")
        .arg(lab.registry_json())
        .arg("--settings")
        .arg(settings)
        .arg("--ca-dir")
        .arg(&posted.ca);
    if let Some(drain) = posted.drain {
        command.args(["--drain", &drain.to_string()]);
    }
    let mut process = match &posted.held {
        Some(held) => Process::start_held(lab, "door", command, held)?,
        None => Process::start(lab, "door", command)?,
    };
    let pid = process.id();
    // Not by a connection: it may be in another network.
    let ready = process.ready(START, || async {
        let places = posted.loopback.iter().chain([&posted.listen]);
        match places.into_iter().find(|place| !listens(pid, place.port())) {
            Some(place) => Err(format!("nothing listens on {place}")),
            None => Ok(()),
        }
    });
    ready.await?;
    Ok(process)
}

/// Whether something in the network of this process listens on a port.
fn listens(pid: u32, port: u16) -> bool {
    let port = format!(":{port:04X}");
    ["tcp", "tcp6"].iter().any(|table| {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).any(|words| match words.as_slice() {
            [_, local, _, state, ..] => local.ends_with(&port) && *state == LISTENS,
            _ => false,
        })
    })
}
