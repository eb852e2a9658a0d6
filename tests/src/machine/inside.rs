//! Commands and files in a machine.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use installer::lab::{Command, LabError, Output};

use super::Machine;

/// The way into a machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside {
    pub(super) leader: u32,
}

impl Inside {
    /// A line of shell, as root. All namespaces but that of the clock, which is the same.
    pub(super) fn command(self, script: &str) -> Command {
        let namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
        // The whole of a script is no name for it.
        let shown = script.lines().next().unwrap_or_default();
        Command::new(Path::new("/usr/bin/nsenter"), shown)
            .hidden_args([format!("--target={}", self.leader)])
            .hidden_args(namespaces)
            .hidden_args(["--", "/bin/sh", "-c", script])
            .env("HOME", "/root")
    }
}

impl Machine {
    /// A line of shell, as root in the machine.
    #[must_use]
    pub fn command(&self, script: &str) -> Command {
        Inside { leader: self.leader }.command(script)
    }

    /// Runs a line of shell, whatever its exit code; a minute at most.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn run(&self, script: &str) -> Result<Output, LabError> {
        self.command(script).run().await
    }

    /// Runs a line of shell that must work, and gives what it printed; five minutes at most.
    ///
    /// # Errors
    /// With what it printed, when it fails.
    pub async fn done(&self, script: &str) -> Result<String, LabError> {
        let output = self.command(script).deadline(Duration::from_secs(300)).run().await?;
        match output.code() {
            0 => Ok(output.stdout),
            code => Err(LabError::Command {
                command: output.command.clone(),
                code: code.to_string(),
                output: output.text(),
            }),
        }
    }

    /// A path of the machine, as the test sees it. Symbolic links in it lead outside: name the file itself.
    #[must_use]
    pub fn path(&self, inside: impl AsRef<Path>) -> PathBuf {
        let inside = inside.as_ref();
        PathBuf::from(format!("/proc/{}/root", self.leader)).join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// Writes a file, with the directories on the way.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, inside: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) -> Result<(), LabError> {
        let path = self.path(inside);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            fs::write(&path, content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))
        };
        write().map_err(failed("write", &path))
    }

    /// Copies a file into the machine, with its mode.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn copy(&self, from: &Path, inside: impl AsRef<Path>) -> Result<(), LabError> {
        let path = self.path(inside);
        let copy = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
            // A program that runs keeps its old file.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => fs::copy(from, &path),
            }
        };
        copy().map(drop).map_err(failed("copy to", &path))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or the file system refuses.
    pub fn read(&self, inside: impl AsRef<Path>) -> Result<Vec<u8>, LabError> {
        let path = self.path(inside);
        fs::read(&path).map_err(failed("read", &path))
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LabError {
    move |source| LabError::File { action, path: path.to_owned(), source }
}
