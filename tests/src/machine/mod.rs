//! A machine with systemd: a Debian root that `tests/machines` makes, booted by `systemd-nspawn` with a layer over it
//! that takes every change, in a network of its own that has loopback and nothing else. Its engine runs as it would
//! on a developer's machine: as `docker.service`, with its own configuration, firewall and bridge.
//!
//! Everything ends with the value, or with the process that holds it (the lab's guard).
//! It is a container: it has this machine's kernel and clock.

mod inside;
mod registry;

pub use self::registry::REGISTRY;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use installer::lab::{Cgroup, Lab, LabError, Process, clean, installed};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A boot takes five seconds, and the engine is the most of it.
const BOOT: Duration = Duration::from_secs(120);

/// So many machines at a time: they wait for their engines most of the time, and two processors carry them.
static SOME: Semaphore = Semaphore::const_new(3);

/// A running machine.
pub struct Machine {
    // Before the lab, in whose directory it runs.
    process: Process,
    leader: u32,
    cgroup: Cgroup,
    suite: &'static str,
    lab: Lab,
    _place: Option<SemaphorePermit<'static>>,
}

impl Machine {
    /// Boots `bookworm` (systemd 252, engine 20.10) or `trixie` (systemd 257, engine 26.1), and waits until everything
    /// that starts at boot has started.
    ///
    /// # Errors
    /// With what the machine said, when it does not come up.
    pub async fn boot(suite: &'static str) -> Result<Self, LabError> {
        // None if it were closed, which nobody does.
        let place = SOME.acquire().await.ok();
        let lab = Lab::new()?;
        let cgroup = Cgroup::new(&lab, "machine")?;
        let process = start(&lab, &cgroup, suite)?;
        let mut machine = Self { process, leader: 0, cgroup, suite, lab, _place: place };
        machine.come_up().await?;
        Ok(machine)
    }

    /// Ends it at once, as a power cut does, and boots it again. What was on its disk is there, synced or not.
    ///
    /// # Errors
    /// With what the machine said, when it does not come up again.
    pub async fn cut_power(&mut self) -> Result<(), LabError> {
        self.process.stop();
        self.process = start(&self.lab, &self.cgroup, self.suite)?;
        self.come_up().await
    }

    /// Has it shut down in order and boot again.
    ///
    /// # Errors
    /// With what the machine said, when it does not come up again.
    pub async fn reboot(&mut self) -> Result<(), LabError> {
        self.run("systemctl reboot").await?;
        // nspawn leaves it to whoever started it what comes after a shutdown.
        let end = std::time::Instant::now() + BOOT;
        while self.process.is_running() {
            if std::time::Instant::now() > end {
                let what = "a shutdown".to_owned();
                return Err(LabError::Timeout { what, bound: BOOT, seen: self.process.log() });
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.process = start(&self.lab, &self.cgroup, self.suite)?;
        self.come_up().await
    }

    async fn come_up(&mut self) -> Result<(), LabError> {
        let outer = self.process.id();
        let nspawn = || children(outer).next();
        self.process.ready(BOOT, || async { nspawn().map(drop).ok_or("it has no process yet".to_owned()) }).await?;
        self.process.adopt_inner();
        let init = || nspawn().and_then(|nspawn| children(nspawn).find(|&child| is_init(child)));
        self.process.ready(BOOT, || async { init().map(drop).ok_or("it has no init yet".to_owned()) }).await?;
        self.leader = init().unwrap_or_default();
        let inside = inside::Inside { leader: self.leader };
        let up = || async {
            let state = inside.command("systemctl is-system-running").run().await.map_err(|error| error.to_string())?;
            // Degraded: a unit of the distribution that a container cannot have.
            match state.stdout.trim() {
                "running" | "degraded" => Ok(()),
                state => Err(state.to_owned()),
            }
        };
        self.process.ready(BOOT, up).await
    }

    /// The Debian suite.
    #[must_use]
    pub fn suite(&self) -> &'static str {
        self.suite
    }

    /// The directory of this machine on the one that the test runs on.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.lab.dir()
    }
}

fn start(lab: &Lab, cgroup: &Cgroup, suite: &str) -> Result<Process, LabError> {
    installed("systemd-nspawn", "systemd-container")?;
    let layer = lab.make_dir("machine")?;
    let name = lab.dir().file_name().unwrap_or_default();
    let mut command = clean(installed("unshare", "util-linux")?);
    command
        // With its own processes, so that none of them outlives nspawn, however that ends.
        .args(["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "-c", include_str!("boot.sh"), "machine"])
        .arg(root(suite)?)
        .arg(layer)
        .arg(name);
    Process::start(lab, "machine", cgroup.enter(&command)?)
}

fn children(pid: u32) -> impl Iterator<Item = u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children: Vec<u32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    children.into_iter()
}

/// The machine's own first process, once nspawn has set it up.
fn is_init(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| ["systemd", "init"].contains(&name.trim()))
}

/// `tests/machines` puts them into the directory that Cargo builds in.
fn root(suite: &str) -> Result<PathBuf, LabError> {
    let test = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/NAME
    let dir = test.ancestors().nth(3).unwrap_or(Path::new("/")).join("machines").join(suite);
    if dir.join("etc/pullgate-test-machine").exists() {
        return Ok(dir);
    }
    let source = std::io::Error::other("there is none; `tests/machines` makes it");
    Err(LabError::File { action: "boot the machine in", path: dir, source })
}
