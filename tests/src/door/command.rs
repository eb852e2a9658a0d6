//! The command lines of an engine's release, beside the engine.

use std::{fmt::Write as _, sync::atomic::Ordering, time::Duration};

use installer::lab::{Command, LabError, Output};
use tokio::task::JoinHandle;

use super::Site;
use crate::engines::INSIDE;

/// Longer than a door waits for a registry.
const DEADLINE: Duration = Duration::from_secs(90);

/// One call of a command line.
#[derive(Debug, Clone, Default)]
pub struct Call<'a> {
    /// Behind `docker`.
    pub args: &'a [&'a str],
    /// More environment.
    pub env: &'a [(&'a str, &'a str)],
    /// Files in the directory in which it runs.
    pub files: &'a [(&'a str, &'a str)],
}

impl Site {
    /// `docker ARGS`, whatever its exit code.
    ///
    /// # Panics
    /// When it cannot be run, or does not end.
    pub async fn docker(&self, args: &[&str]) -> Output {
        self.call(&Call { args, ..Call::default() }).await
    }

    /// A call in a directory of its own, which is `.` for it.
    ///
    /// # Panics
    /// When it cannot be run, or does not end.
    pub async fn call(&self, call: &Call<'_>) -> Output {
        self.prepare(call).run().await.unwrap()
    }

    /// Starts `docker ARGS`.
    #[must_use]
    pub fn begin(&self, args: &[&str]) -> JoinHandle<Result<Output, LabError>> {
        tokio::spawn(self.prepare(&Call { args, ..Call::default() }).run())
    }

    fn prepare(&self, call: &Call<'_>) -> Command {
        let dir = format!("work/{}", self.calls.fetch_add(1, Ordering::Relaxed));
        self.lab.make_dir(&format!("engine/run/{dir}")).unwrap();
        for (name, content) in call.files {
            self.lab.write(&format!("engine/run/{dir}/{name}"), content).unwrap();
        }
        let mut command = self.engine.command(&self.network, &dir, "/usr/bin/docker", "docker").unwrap();
        let home = format!("{INSIDE}/home");
        let fixed = [
            ("DOCKER_HOST", format!("unix://{INSIDE}/docker.sock")),
            ("HOME", home),
            // The builders' tokens are fetched by the command line.
            ("SSL_CERT_FILE", format!("{INSIDE}/trust/registries.pem")),
            ("DOCKER_CLI_HINTS", "false".to_owned()),
            ("BUILDKIT_PROGRESS", "plain".to_owned()),
        ];
        for (name, value) in fixed {
            command = command.env(name, value);
        }
        for (name, value) in call.env {
            command = command.env(name, value);
        }
        command.args(call.args).deadline(DEADLINE)
    }

    /// What a call printed, for a message, with the engine that it was about.
    #[must_use]
    pub fn told(&self, output: &Output) -> String {
        let mut text = format!("engine {}: {}", self.engine.name(), crate::told(output));
        let log = std::fs::read_to_string(self.lab.path("log/door.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(4).collect();
        for line in tail.into_iter().rev() {
            let _ = write!(text, "\n  door: {line}");
        }
        text
    }
}
