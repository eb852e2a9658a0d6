//! A laboratory: a real Docker Engine, a real registry and pullgate's real processes, all of
//! them throw-away, in one temporary directory. The machine's own engine is not touched.
//!
//! `pullgate demo` and the tests stand on it. Processes: those of [`Service`], [`Plugin`],
//! [`Agent`], [`Door`], [`Engine`] and [`Registry`], and one `sh` that ends them should the owner of the
//! lab die without a chance to ([`guard`]). Tasks and channels: none. Everything a lab starts
//! ends, and everything it writes goes, when its value is dropped.
//!
//! A lab never listens beyond loopback, never changes a firewall or an interface, and puts
//! mounts only into the engine's own mount namespace.

mod agent;
mod cgroup;
mod clock;
mod command;
mod docker;
mod door;
mod engine;
mod error;
mod guard;
mod held;
pub mod http;
pub mod image;
mod plugin;
mod process;
mod programs;
mod registry;
mod service;
mod wait;
mod workstation;

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use self::{
    agent::{Agent, Seat},
    cgroup::Cgroup,
    clock::Clock,
    command::{Command, Output},
    docker::Docker,
    door::{Door, Posted},
    engine::Engine,
    error::LabError,
    held::Held,
    image::Image,
    plugin::Plugin,
    process::{Process, clean},
    programs::{installed, own},
    registry::{Registry, Seen, Serving},
    service::Service,
    wait::wait_until,
    workstation::{Account, Options, Workstation, policy_generation},
};
use self::{error::file, guard::Guard};

/// The directory of one lab and the guard over what is started in it.
pub struct Lab {
    // Short on purpose: the path of a Unix socket has at most 107 bytes.
    path: PathBuf,
    guard: Arc<Guard>,
}

impl Lab {
    /// Makes an empty lab under `/tmp`.
    ///
    /// # Errors
    /// [`LabError::NotRoot`] for anybody but root: an engine needs mounts of its own.
    pub fn new() -> Result<Self, LabError> {
        if !rustix::process::geteuid().is_root() {
            return Err(LabError::NotRoot);
        }
        let dir = tempfile::Builder::new().prefix("pullgate-").tempdir_in("/tmp").map_err(file("create", "/tmp"))?;
        let guard = Arc::new(Guard::start(dir.path())?);
        let lab = Self { path: dir.keep(), guard };
        lab.make_dir("log")?;
        lab.make_dir("plugins")?;
        Ok(lab)
    }

    /// The lab's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.path
    }

    /// A path inside the lab.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The socket where the plugin answers the engine.
    #[must_use]
    pub fn plugin_socket(&self) -> PathBuf {
        self.path("plugins/pullgate.sock")
    }

    /// The plugin's control socket.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.path("control.sock")
    }

    /// The enrollment file of this lab's workstation.
    #[must_use]
    pub fn enrollment(&self) -> PathBuf {
        self.path("enrollment.json")
    }

    /// In the place of Docker's own file that enforces sign-in.
    #[must_use]
    pub fn registry_json(&self) -> PathBuf {
        self.path("registry.json")
    }

    /// The directory with the Docker credentials file.
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        self.path("docker")
    }

    /// For `PATH`: the lab's own directory `bin` first, for credential helpers of a test.
    #[must_use]
    pub fn search_path(&self) -> String {
        format!("{}:{}", self.path("bin").display(), process::SEARCH_PATH)
    }

    /// Makes a directory in the lab, for root only, unless it is there.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn make_dir(&self, name: &str) -> Result<PathBuf, LabError> {
        let path = self.path(name);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(file("create", &path))?;
        Ok(path)
    }

    /// Writes a file into the lab.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, LabError> {
        let path = self.path(name);
        fs::write(&path, content).map_err(file("write", &path))?;
        Ok(path)
    }

    /// Leaves everything running when the lab is dropped. Returns the process to `kill` to end it all.
    ///
    /// # Errors
    /// When the guard is gone: then everything ends with the lab after all.
    pub fn keep(&self) -> Result<u32, LabError> {
        self.guard.keep()
    }

    pub(crate) fn guard(&self) -> Arc<Guard> {
        Arc::clone(&self.guard)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.guard.is_kept() {
            self.guard.finish();
            // The guard has done that, unless somebody killed it.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
