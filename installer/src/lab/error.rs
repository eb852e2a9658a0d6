//! What can go wrong in a lab, each with what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why a lab could not do something.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// An engine needs mounts of its own.
    #[error("a throw-away Docker Engine needs root for its mounts; run this with `sudo`")]
    NotRoot,
    /// A program of the distribution is missing.
    #[error("`{program}` is not installed; install it with `apt-get install {package}`")]
    NotInstalled {
        /// The program.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// One of pullgate's own programs is missing.
    #[error("`{program}` is not in `{dir}`; build it with `cargo build`, or name its directory in `PULLGATE_BIN_DIR`")]
    NotBuilt {
        /// The program.
        program: &'static str,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A program could not be started at all.
    #[error("`{program}` could not be started")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A process ended before it was ready.
    #[error("{name} ended ({status}) before it was ready; it said last:\n{tail}")]
    Ended {
        /// Which.
        name: String,
        /// Its exit status.
        status: String,
        /// The end of its output.
        tail: String,
    },
    /// A process does not answer.
    #[error("{name} was not ready within {} s ({seen}); it said last:\n{tail}", bound.as_secs())]
    NotReady {
        /// Which.
        name: String,
        /// How long it had.
        bound: Duration,
        /// What was seen at the last look.
        seen: String,
        /// The end of its output.
        tail: String,
    },
    /// Something that should have happened did not.
    #[error("{what} did not happen within {bound:?}; last seen: {seen}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        bound: Duration,
        /// What was seen at the last look.
        seen: String,
    },
    /// A command of the set-up failed.
    #[error("`{command}` ended with {code}: {output}")]
    Command {
        /// As one would type it.
        command: String,
        /// Its exit code, or the signal that ended it.
        code: String,
        /// What it printed.
        output: String,
    },
    /// A command did not end.
    #[error("`{command}` did not end within {} s; what it had printed: {output}", bound.as_secs())]
    Hung {
        /// As one would type it.
        command: String,
        /// How long it had.
        bound: Duration,
        /// What it had printed.
        output: String,
    },
    /// A file could not be written, read or removed.
    #[error("cannot {action} `{path}`", path = path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An HTTP exchange failed.
    #[error("`{request}` failed: {why}")]
    Http {
        /// Method and target.
        request: String,
        /// Why.
        why: String,
    },
    /// The plugin's control socket answered with an error.
    #[error("the plugin's control socket refused `{call}`: {why}")]
    Control {
        /// The call.
        call: &'static str,
        /// Why.
        why: String,
    },
}

/// For `map_err`: names the file and what was tried.
pub(crate) fn file<P: AsRef<Path>>(action: &'static str, path: P) -> impl FnOnce(io::Error) -> LabError {
    move |source| LabError::File { action, path: path.as_ref().to_owned(), source }
}
