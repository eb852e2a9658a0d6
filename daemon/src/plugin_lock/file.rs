//! Where there are no abstract socket names: a locked file in the user's own directory of temporary files, which a
//! crash leaves behind and unlocks.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
};

use tracing::warn;

use crate::compare::Socket;

/// Locked for as long as it is open.
pub(super) type Held = File;

/// Takes the file; the error is the process that has it, 0 where that cannot be read.
pub(super) fn take(name: &str, _: u32) -> Result<Option<Held>, i32> {
    let path = std::env::temp_dir().join(format!("{name}.lock"));
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let locked = opened.and_then(|file| match file.try_lock() {
        Ok(()) => Ok(Ok(file)),
        Err(TryLockError::WouldBlock) => Ok(Err(file)),
        Err(TryLockError::Error(error)) => Err(error),
    });
    match locked {
        Ok(Ok(mut file)) => {
            // The id is for people: a full disk must not keep the agent from starting.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(Some(file))
        }
        Ok(Err(file)) => {
            let mut pid = String::new();
            let _ = file.take(32).read_to_string(&mut pid);
            Err(pid.trim().parse().unwrap_or_default())
        }
        Err(error) => {
            warn!(%error, "it cannot be told whether another agent of this user runs; going on");
            Ok(None)
        }
    }
}

/// A file is no socket: nobody is answered on it.
pub(super) fn listener(_: &Held) -> io::Result<Option<Socket>> {
    Ok(None)
}
