//! What a process gives up once it has opened what it needs: files by Landlock, system calls by seccomp.
//!
//! The unit's own sandbox stands around this one, where there is a unit. This one is there however the
//! program was started, knows the paths of its command line, and can take away what the start still needs.
//!
//! It never keeps a program from its work: what the kernel does not enforce is a [`Fault`] that the
//! caller tells, in its log and in `status`. The only module that knows `landlock` and `seccompiler`.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

mod calls;

pub use calls::Calls;

/// What is asked of the kernel. Older ones enforce what they know (Linux 5.13 files, 6.7 TCP, 6.12 all of it).
const ASKED: ABI = ABI::V6;

/// Files that a process keeps. Everything else can be looked at (stat, readlink), and not be opened.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Read: these, and everything below them.
    pub readable: Vec<PathBuf>,
    /// Directories in which files, directories and sockets are made, replaced and removed.
    pub writable: Vec<PathBuf>,
    /// TCP; without it no port can be bound or connected to.
    pub tcp: bool,
}

/// What is not enforced, and what would.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The kernel has none.
    #[error(
        "this kernel has no Landlock, so files are not restricted by the program itself; it needs Linux 5.13 with \
         `landlock` among its security modules (`lsm=` on its command line)"
    )]
    NoLandlock,
    /// The kernel is too old for some of it.
    #[error(
        "this kernel's Landlock is {0:?}, and enforces a part of what is asked of it; Linux 6.12 enforces all of it"
    )]
    OldLandlock(ABI),
    /// It could not be set up; nothing of it is enforced.
    #[error("files are not restricted")]
    Files(#[source] RulesetError),
    /// A directory that must stay writable cannot be opened; nothing is enforced.
    #[error("files are not restricted, since `{0}` cannot be opened")]
    Place(PathBuf, #[source] landlock::PathFdError),
    /// System calls are not filtered.
    #[error("system calls are not filtered")]
    Calls(#[source] seccompiler::Error),
}

/// Restricts the calling thread, and those that it starts from here on.
///
/// A file that may be read need not exist: then its nearest directory that does may be read, so that it can be
/// made later. A file is therefore also kept where it is replaced, as long as its directory is not.
///
/// # Errors
/// What is not enforced; the process goes on without.
pub fn keep_files(files: &Files) -> Result<(), Fault> {
    let mut rules = ruleset(files.tcp).map_err(Fault::Files)?;
    for path in &files.readable {
        rules = allow(rules, &nearest(path), AccessFs::ReadFile | AccessFs::ReadDir)?;
    }
    for path in &files.writable {
        rules = allow(rules, path, writing())?;
    }
    let status = rules.restrict_self().map_err(Fault::Files)?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok(()),
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            Err(Fault::OldLandlock(effective_abi))
        }
        _ => Err(Fault::NoLandlock),
    }
}

/// Restricts all threads of this process to some system calls; the others fail with `EPERM`.
///
/// # Errors
/// What is not enforced; the process goes on without.
pub fn keep_calls(calls: Calls) -> Result<(), Fault> {
    // The other first: the list has no call that installs one.
    for filter in [Calls::no_clone3(), calls.filter()] {
        let filter = filter.map_err(|error| Fault::Calls(error.into()))?;
        seccompiler::apply_filter_all_threads(&filter).map_err(Fault::Calls)?;
    }
    Ok(())
}

fn ruleset(tcp: bool) -> Result<RulesetCreated, RulesetError> {
    let mut scope = Scope::from_all(ASKED);
    // A service manager in a container may listen under such a name, and is told when this process is ready.
    if std::env::var_os("NOTIFY_SOCKET").is_some_and(|name| name.as_encoded_bytes().starts_with(b"@")) {
        scope.remove(Scope::AbstractUnixSocket);
    }
    let rules = Ruleset::default().handle_access(AccessFs::from_all(ASKED))?.scope(scope)?;
    let rules = if tcp { rules } else { rules.handle_access(AccessNet::from_all(ASKED))? };
    rules.create()
}

fn allow(rules: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, Fault> {
    let place = PathFd::new(path).map_err(|error| Fault::Place(path.to_owned(), error))?;
    // Rights to directories mean nothing on a file, and are an error there.
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ASKED) };
    rules.add_rule(PathBeneath::new(place, access)).map_err(Fault::Files)
}

fn writing() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSock
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
}

fn nearest(path: &Path) -> PathBuf {
    path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/")).to_owned()
}
