//! The real Docker command line, with its own configuration directory.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Command, Engine, Lab, LabError, Output, programs};

/// A call that finds its plugin gone takes 15 s, and the command line makes up to three.
const DEADLINE: Duration = Duration::from_secs(60);

/// An entry for a host that cannot be: without any, `docker login` looks for a credential
/// store of the desktop by itself and would leave the password there.
const CONFIG: &str = r#"{"auths":{"placeholder.invalid":{}}}"#;

/// The `docker` command, pointed at the lab's engine.
pub struct Docker {
    program: PathBuf,
    host: String,
    config: PathBuf,
}

impl Docker {
    /// Prepares the configuration directory.
    ///
    /// # Errors
    /// When the command is not installed.
    pub fn new(lab: &Lab, engine: &Engine) -> Result<Self, LabError> {
        Self::at(lab, engine.socket())
    }

    /// For what the command does by itself: `login` at a registry, `logout`.
    ///
    /// # Errors
    /// When the command is not installed.
    pub fn without_engine(lab: &Lab) -> Result<Self, LabError> {
        Self::at(lab, &lab.path("no-engine.sock"))
    }

    fn at(lab: &Lab, engine: &Path) -> Result<Self, LabError> {
        // Debian 13 has the command in a package of its own, which `docker.io` only recommends.
        let program = programs::installed("docker", "docker.io docker-cli")?;
        let config = lab.make_dir("docker")?;
        lab.write("docker/config.json", CONFIG)?;
        Ok(Self { program, host: format!("unix://{}", engine.display()), config })
    }

    /// For `DOCKER_HOST`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// For `DOCKER_CONFIG`.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A `docker` command that is not run yet.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        Command::new(&self.program, "docker")
            .env("DOCKER_HOST", &self.host)
            .env("DOCKER_CONFIG", &self.config)
            .env("DOCKER_CLI_HINTS", "false")
            .env("HOME", &self.config)
            .deadline(DEADLINE)
            .args(args)
    }

    /// Runs `docker ARGS`, whatever its exit code.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub async fn run(&self, args: &[&str]) -> Result<Output, LabError> {
        self.command(args).run().await
    }

    /// Signs in with a password that no argument list shows.
    ///
    /// # Errors
    /// When it cannot be started or does not end.
    pub async fn login(&self, host: &str, user: &str, password: &str) -> Result<Output, LabError> {
        let command = self.command(&["login", "--username", user, "--password-stdin", host]);
        command.stdin(password).run().await
    }

    /// Removes an image from the engine, so that the next pull has to bring it in again.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn forget(&self, image: &str) -> Result<(), LabError> {
        self.run(&["image", "rm", "--force", image]).await?.success().map(|_| ())
    }
}
