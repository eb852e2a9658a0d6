//! A command that is run to its end: what was typed, what it answered.

use std::{
    ffi::OsStr,
    fmt,
    io::{self, Write as _},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Command as StdCommand, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{LabError, process};

/// How long a command may take unless it says otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command that is about to be run.
pub struct Command {
    inner: StdCommand,
    shown: Vec<String>,
    stdin: Option<Vec<u8>>,
    deadline: Duration,
}

impl Command {
    /// `program` with nothing of the caller's environment; shown to people as `shown`.
    #[must_use]
    pub fn new(program: &Path, shown: &str) -> Self {
        let inner = process::clean(program);
        Self { inner, shown: vec![shown.to_owned()], stdin: None, deadline: DEADLINE }
    }

    /// Adds arguments that are not shown to people.
    #[must_use]
    pub fn hidden_args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.inner.args(args);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<str>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.inner.arg(arg.as_ref());
            self.shown.push(quoted(arg.as_ref()));
        }
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    /// What the command reads. Not shown: this is the way of passwords.
    #[must_use]
    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.as_bytes().to_vec());
        self
    }

    /// How long the command may take; one minute unless set.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs it to its end, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be started, or does not end: then it is killed.
    pub async fn run(self) -> Result<Output, LabError> {
        let shown = self.to_string();
        let failed = {
            let shown = shown.clone();
            move |source| LabError::Start { program: shown, source }
        };
        // A thread of its own: blocking reads are simple, and a command is short.
        tokio::task::spawn_blocking(move || self.run_blocking())
            .await
            .map_err(|error| failed(io::Error::other(error)))?
    }

    fn run_blocking(mut self) -> Result<Output, LabError> {
        let command = self.to_string();
        let failed = |source| LabError::Start { program: command.clone(), source };
        self.inner.stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        // A group of its own: what it started in turn may hold on to its output.
        self.inner.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.inner.spawn().map_err(failed)?;
        let started = Instant::now();
        if let (Some(mut pipe), Some(text)) = (child.stdin.take(), &self.stdin) {
            // A command that does not read what it is given says why itself.
            let _ = pipe.write_all(text);
        }
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break Some(status),
                None if started.elapsed() > self.deadline => break None,
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let ended = Instant::now();
        if status.is_none() {
            let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
            let _ = child.wait();
        }
        let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
        match status {
            Some(status) => Ok(Output { command, status, stdout, stderr, ended }),
            None => Err(LabError::Hung { command, bound: self.deadline, output: both(&stdout, &stderr) }),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown.join(" "))
    }
}

fn collect(pipe: Option<impl io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn quoted(arg: &str) -> String {
    let plain = !arg.is_empty() && arg.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:@=,+%".contains(&b));
    if plain { arg.to_owned() } else { format!("'{}'", arg.replace('\'', r"'\''")) }
}

fn both(stdout: &str, stderr: &str) -> String {
    let lines: Vec<&str> = stdout.lines().chain(stderr.lines()).map(str::trim_end).collect();
    lines.join("\n")
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Output {
    /// As one would type it.
    pub command: String,
    status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// When the command had ended.
    pub ended: Instant,
}

impl Output {
    /// The exit code; 128 and the signal's number, as a shell says it, when a signal ended it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// Standard output, then standard error.
    #[must_use]
    pub fn text(&self) -> String {
        both(&self.stdout, &self.stderr)
    }

    /// For commands that must work.
    ///
    /// # Errors
    /// With what it printed, when the exit code is not 0.
    pub fn success(self) -> Result<Self, LabError> {
        if self.status.success() {
            return Ok(self);
        }
        Err(LabError::Command { output: self.text(), code: self.status.to_string(), command: self.command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_all_that_it_started() {
        let begun = Instant::now();
        let hangs = Command::new(Path::new("/bin/sh"), "sh").hidden_args(["-c", "sleep 100 & echo begun; wait"]);
        let ended = hangs.deadline(Duration::from_millis(300)).run().await;
        assert!(matches!(&ended, Err(LabError::Hung { output, .. }) if output == "begun"), "{ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
