//! What can go wrong with the database, in words that say the next step.

use std::{
    io,
    path::{Path, PathBuf},
};

use sqlx::migrate::MigrateError;

/// Why the database did not do it. Nothing of a failed change remains.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database, and the command does not make one.
    #[error("there is no database `{0}`; check `--data-dir`, or start `pullgate-service serve` first")]
    Missing(PathBuf),
    /// A newer version of this program wrote it.
    #[error(
        "the database `{path}` has schema {version}, which a newer pullgate-service wrote; \
         install that version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        version: i64,
    },
    /// Its schema is not the one of its version.
    #[error(
        "the database `{path}` was made by a build whose schema {version} differs, and no release has it; install that build, or restore a backup"
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The step that differs.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the schema of `{path}` cannot be brought up to date")]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<MigrateError>,
    },
    /// It cannot be opened.
    #[error("the database `{path}` cannot be opened")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<sqlx::Error>,
    },
    /// The lock file cannot be taken.
    #[error("the lock file `{path}` cannot be opened: {source}; can this user write in the data directory?")]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process changes it and does not end.
    #[error("the database is busy with another process's change; try again")]
    Busy,
    /// No room.
    #[error("the disk of the data directory is full: the change was not made; make room and try again")]
    Full,
    /// The disk answers with an error.
    #[error(
        "the disk of the data directory does not take or give data: the change was not made; is it full or failing?"
    )]
    Disk,
    /// No permission.
    #[error(
        "the database cannot be written: its file or file system is read-only for this user; run the command as the user of the service"
    )]
    ReadOnly,
    /// The file is damaged or no database.
    #[error("the database `pullgate.db` is damaged or no database; restore a backup of the data directory")]
    Damaged,
    /// A stored value that this version does not know.
    #[error(
        "the database holds `{value}` as {what}, which this version does not know; install the version that wrote it"
    )]
    Unknown {
        /// Column or thing.
        what: &'static str,
        /// What is there.
        value: String,
    },
    /// Any other answer of the database.
    #[error("the database failed")]
    Database(#[source] Box<sqlx::Error>),
}

impl StoreError {
    pub(super) fn open(path: &Path, source: sqlx::Error) -> Self {
        match Self::from(source) {
            Self::Database(source) => Self::Open { path: path.to_owned(), source },
            known => known,
        }
    }

    pub(super) fn migrate(path: &Path, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer { path: path.to_owned(), version },
            MigrateError::VersionMismatch(version) => Self::Altered { path: path.to_owned(), version },
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Self::open(path, source),
            other => Self::Migrate { path: path.to_owned(), source: Box::new(other) },
        }
    }

    pub(super) fn unknown(what: &'static str) -> impl FnOnce(String) -> Self {
        move |value| Self::Unknown { what, value }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // https://www.sqlite.org/rescode.html; the low byte is the primary code.
        let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
        match code.map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy,
            Some(8) => Self::ReadOnly,
            Some(10) => Self::Disk,
            Some(13) => Self::Full,
            Some(11 | 26) => Self::Damaged,
            _ if matches!(error, sqlx::Error::PoolTimedOut) => Self::Busy,
            _ => Self::Database(Box::new(error)),
        }
    }
}
