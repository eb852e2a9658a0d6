//! A long-running child process of a lab.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs::{self, File},
    future::Future,
    io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};

use super::{Held, Lab, LabError, error::file, guard::Guard, wait_until};

/// From SIGTERM to SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
/// Where the programs of a distribution are.
pub(super) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Lines of a log that an error shows.
const TAIL: usize = 15;

/// A child process with its log. Ends when dropped, unless its lab is kept.
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    guard: Arc<Guard>,
    // Processes inside its own process-id namespace to which SIGTERM goes instead.
    inner: Option<Pid>,
}

impl Process {
    /// Starts `command`; its output goes to `log/NAME.log` in the lab.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn start(lab: &Lab, name: &'static str, command: Command) -> Result<Self, LabError> {
        let log = lab.path(&format!("log/{name}.log"));
        let output = File::options().create(true).append(true).open(&log).map_err(file("open", &log))?;
        let errors = output.try_clone().map_err(file("open", &log))?;
        Self::run(lab, name, command, [Stdio::null(), output.into(), errors.into()])
    }

    /// The same, with sockets that the lab holds, as a service manager does ([`super::Held`]).
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn start_held(lab: &Lab, name: &'static str, command: Command, held: &Held) -> Result<Self, LabError> {
        let log = lab.path(&format!("log/{name}.log"));
        let (command, streams) = held.hand_over(&command, &log)?;
        Self::run(lab, name, command, streams)
    }

    fn run(lab: &Lab, name: &'static str, mut command: Command, streams: [Stdio; 3]) -> Result<Self, LabError> {
        let log = lab.path(&format!("log/{name}.log"));
        let program = command.get_program().to_string_lossy().into_owned();
        let [input, output, errors] = streams;
        let child = command
            .current_dir(lab.dir())
            .stdin(input)
            .stdout(output)
            .stderr(errors)
            // The terminal's Ctrl-C is for the owner, which ends its processes in order.
            .process_group(0)
            .spawn()
            .map_err(|source| LabError::Start { program, source })?;
        let guard = lab.guard();
        guard.started(child.id());
        Ok(Self { name, child, log, guard, inner: None })
    }

    /// Waits until `probe` is content, as long as the process lives.
    ///
    /// # Errors
    /// With the end of its log, when it ends or takes too long.
    pub async fn ready<F, P>(&mut self, bound: Duration, mut probe: P) -> Result<(), LabError>
    where
        P: FnMut() -> F,
        F: Future<Output = Result<(), String>>,
    {
        enum Look {
            Ready,
            Ended(ExitStatus),
        }
        let child = &mut self.child;
        let looked = wait_until("an answer", bound, || {
            let ended = child.try_wait();
            let probe = probe();
            async move {
                match ended {
                    Ok(Some(status)) => Ok(Look::Ended(status)),
                    _ => probe.await.map(|()| Look::Ready),
                }
            }
        })
        .await;
        match looked {
            Ok(Look::Ready) => Ok(()),
            Ok(Look::Ended(status)) => {
                Err(LabError::Ended { name: self.name.to_owned(), status: status.to_string(), tail: self.tail() })
            }
            Err(error) => Err(self.blame(error)),
        }
    }

    /// A wait that ended in vain, with what this process printed meanwhile.
    pub(crate) fn blame(&self, error: LabError) -> LabError {
        match error {
            LabError::Timeout { what, bound, seen } => LabError::NotReady {
                name: self.name.to_owned(),
                bound,
                seen: format!("{what}: {seen}"),
                tail: self.tail(),
            },
            other => other,
        }
    }

    /// The one child that the process has: for a process that only sets the stage (`unshare --fork`).
    pub fn adopt_inner(&mut self) {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        self.inner = children.split_whitespace().next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
        if let Some(inner) = self.inner_id() {
            self.guard.started(inner);
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process id of the child that [`Process::adopt_inner`] found.
    #[must_use]
    pub fn inner_id(&self) -> Option<u32> {
        self.inner.map(|inner| inner.as_raw_nonzero().get().unsigned_abs())
    }

    /// False once it has ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// All that it printed.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The file with what it printed.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// SIGTERM, five seconds, SIGKILL.
    pub fn stop(&mut self) {
        let outer = Pid::from_child(&self.child);
        if !self.is_running() {
            return self.gone();
        }
        let _ = rustix::process::kill_process(self.inner.unwrap_or(outer), Signal::TERM);
        let end = Instant::now() + GRACE;
        while self.is_running() && Instant::now() < end {
            thread::sleep(Duration::from_millis(2));
        }
        self.kill();
    }

    /// SIGKILL, now.
    pub fn kill(&mut self) {
        let _: io::Result<()> = self.child.kill();
        let _ = self.child.wait();
        self.gone();
    }

    fn gone(&mut self) {
        self.guard.ended(self.child.id());
        if let Some(inner) = self.inner.take() {
            self.guard.ended(inner.as_raw_nonzero().get().unsigned_abs());
        }
    }

    fn tail(&self) -> String {
        let log = self.log();
        let mut lines: VecDeque<&str> = log.lines().rev().take(TAIL).collect();
        lines.make_contiguous().reverse();
        Vec::from(lines).join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.guard.is_kept() {
            self.stop();
        }
    }
}

/// A command with nothing of the caller's environment but what a program needs to run.
pub fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", SEARCH_PATH).env("LANG", "C.UTF-8");
    command
}
