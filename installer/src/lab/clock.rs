//! A clock of the lab's own for chosen processes, moved while they run (`libfaketime`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Lab, LabError, error::file, process};

/// `$1`: the library, `$2`: the file with the offset, the rest: the command. The library keeps
/// something in `/dev/shm`, and would leave it there when its process is killed.
const SCRIPT: &str = r#"
mount -t tmpfs tmpfs /dev/shm || exit
export LD_PRELOAD="$1" FAKETIME_TIMESTAMP_FILE="$2" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
shift 2
exec "$@"
"#;

/// The wall clock that some processes see. Their monotonic clock is the real one.
#[derive(Clone)]
pub struct Clock {
    offset: PathBuf,
    library: PathBuf,
}

impl Clock {
    /// A clock that is right.
    ///
    /// # Errors
    /// When `libfaketime` is not installed.
    pub(crate) fn new(lab: &Lab) -> Result<Self, LabError> {
        let clock = Self { offset: lab.path("clock"), library: library()? };
        clock.shift("+0s")?;
        Ok(clock)
    }

    /// Moves it, for example `+8d` or `-2h` from the real time. Running processes see it at once.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn shift(&self, offset: &str) -> Result<(), LabError> {
        let next = self.offset.with_extension("next");
        fs::write(&next, offset).map_err(file("write", &next))?;
        fs::rename(&next, &self.offset).map_err(file("replace", &self.offset))
    }

    /// `program` under this clock, in a mount namespace of its own.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = process::clean("unshare");
        command
            .args(["--mount", "--propagation=private", "sh", "-c", SCRIPT, "pullgate-lab-clock"])
            .args([&self.library, &self.offset])
            .arg(program);
        command
    }
}

/// `program` under `clock`, or under the real one.
pub(crate) fn under(clock: Option<&Clock>, program: &Path) -> Command {
    clock.map_or_else(|| process::clean(program), |clock| clock.command(program))
}

/// Debian keeps it in a directory named after the architecture.
fn library() -> Result<PathBuf, LabError> {
    let directories = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    directories
        .map(|entry| entry.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| Path::exists(path))
        .ok_or_else(|| LabError::NotInstalled { program: "libfaketimeMT.so.1".to_owned(), package: "libfaketime" })
}
