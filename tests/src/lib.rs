//! Drives the real binaries, real engines and real registries. Nothing imports this crate.
//!
//! The laboratory itself is `installer::lab`: the demo and the tests stand on the same one.
//! Tests named `engine_*` need root and a Docker Engine on `PATH` (`tests/setup` installs it);
//! those on several engines ([`engines`], [`door`]) need the root directories that `tests/engines` makes,
//! those with an identity provider ([`IdentityProvider`]) what `tests/identity-provider` unpacks. Those of
//! `machine` need root, and the machines that `tests/machines` makes ([`Machine`]); those named `browser*` root and a
//! browser ([`browser`]).

pub mod browser;
pub mod door;
pub mod engine_files;
pub mod engines;
mod identity_provider;
pub mod kept;
mod leavings;
mod machine;
pub mod measure;

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    time::Duration,
};

use installer::lab::{Options, Output, Workstation};
use tokio::sync::{Mutex, MutexGuard};

pub use self::{
    identity_provider::{Codes, IdentityProvider},
    leavings::{leavings, processes_in},
    machine::{Machine, REGISTRY},
};

/// Bound for what the parts do among themselves: reconnect, sign in, fetch, apply.
pub const SETTLE: Duration = Duration::from_secs(60);

/// The repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}

/// A program of the workspace, built beside the running test.
///
/// # Panics
/// When it is not built: `tests/run` builds all of them.
#[must_use]
pub fn own_program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let program = test.ancestors().nth(2).unwrap_or(Path::new("/")).join(name);
    assert!(program.exists(), "`{}` is not built; `tests/run` builds it", program.display());
    program
}

/// One engine at a time: they measure, and an engine wants every processor.
static ONE: Mutex<()> = Mutex::const_new(());

/// A workstation that is the only one.
pub struct Station {
    workstation: Workstation,
    _only: MutexGuard<'static, ()>,
}

impl Deref for Station {
    type Target = Workstation;
    fn deref(&self) -> &Workstation {
        &self.workstation
    }
}

impl DerefMut for Station {
    fn deref_mut(&mut self) -> &mut Workstation {
        &mut self.workstation
    }
}

/// Starts a workstation. Its policy is off and nobody is signed in.
///
/// # Panics
/// When it does not come up: then nothing can be tested.
pub async fn station(options: &Options) -> Station {
    let only = ONE.lock().await;
    let workstation = Workstation::start(options).await.unwrap_or_else(|error| panic!("no workstation: {error:#}"));
    Station { workstation, _only: only }
}

/// A workstation whose member is signed in under a policy without community images.
///
/// # Panics
/// When that state is not reached.
pub async fn governed_station(options: &Options) -> Station {
    let station = station(options).await;
    station.sign_in(&station.member).await.unwrap();
    station.change_policy(&["policy", "set", "acme", "--enabled", "true", "--community", "false"]).await.unwrap();
    station
}

impl Station {
    /// Both halves of the station at once, for calls that change one part and need the lab.
    pub fn parts(&mut self) -> &mut Workstation {
        &mut self.workstation
    }

    /// `docker pull IMAGE` must bring the image in from the registry; it is removed again.
    ///
    /// # Panics
    /// When it does not.
    pub async fn pulls(&self, image: &str) {
        let output = self.docker.run(&["pull", image]).await.unwrap();
        assert!(output.code() == 0 && output.text().contains("Downloaded newer image"), "{}", told(&output));
        self.docker.forget(image).await.unwrap();
    }

    /// `docker pull IMAGE` must be refused in these words, without a question to the registry.
    ///
    /// # Panics
    /// When it is not.
    pub async fn refuses(&self, image: &str, words: &str) {
        let before = self.registry.seen();
        let output = self.docker.run(&["pull", image]).await.unwrap();
        assert_eq!(output.code(), 1, "{}", told(&output));
        assert!(output.text().contains("authorization denied by plugin pullgate"), "{}", told(&output));
        assert!(output.text().contains(words), "expected `{words}`: {}", told(&output));
        assert_eq!(self.registry.seen(), before, "the registry was asked");
    }
}

/// A command's output, for a message.
#[must_use]
pub fn told(output: &Output) -> String {
    format!("`{}` ended with {}:\n{}", output.command, output.code(), output.text())
}
