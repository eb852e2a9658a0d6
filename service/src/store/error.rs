//! What can go wrong with the database, in words that say the next step.

use std::{io, path::PathBuf};

use sqlx::{error::DatabaseError, migrate::MigrateError, postgres::PgDatabaseError, sqlite::SqliteError};

/// Why the database did not do it. Nothing of a failed change remains.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database, and the command does not make one.
    #[error("there is no database `{0}`; check `--data-dir`, or start `pullgate-service serve` first")]
    Missing(PathBuf),
    /// The server's database holds nothing, and the command does not make a schema.
    #[error("the database `{0}` is empty; check `--database`, or start `pullgate-service serve` first")]
    Empty(String),
    /// The URL says what no database has.
    #[error("the URL of the database cannot be used: {0}; it is `postgres://USER:PASSWORD@HOST:PORT/NAME`")]
    Url(#[source] Box<sqlx::Error>),
    /// Texts of every language are stored.
    #[error(
        "the database `{place}` is encoded in {encoding}; make one with `createdb --encoding=UTF8 --template=template0`"
    )]
    Encoding {
        /// The database.
        place: String,
        /// What it is encoded in.
        encoding: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "the database `{place}` has schema {version}, which a newer pullgate-service wrote; \
         install that version, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The database.
        place: String,
        /// Its schema.
        version: i64,
    },
    /// Its schema is not the one of its version.
    #[error(
        "the database `{place}` was made by a build whose schema {version} differs, and no release has it; \
         install that build, or restore a backup"
    )]
    Altered {
        /// The database.
        place: String,
        /// The step that differs.
        version: i64,
    },
    /// The schema could not be brought up to date.
    #[error("the schema of `{place}` cannot be brought up to date")]
    Migrate {
        /// The database.
        place: String,
        /// Why.
        source: Box<MigrateError>,
    },
    /// It cannot be opened.
    #[error("the database `{place}` cannot be opened")]
    Open {
        /// The database.
        place: String,
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
    /// Nothing came back.
    #[error("the database did not answer in time; is its server running, and can it be reached from here?")]
    Silent,
    /// The server is not there, or says goodbye.
    #[error("the database's server cannot be reached")]
    Unreachable(#[source] Box<sqlx::Error>),
    /// No room.
    #[error("the disk of the database is full: the change was not made; make room and try again")]
    Full,
    /// The disk answers with an error.
    #[error("the disk of the database does not take or give data: the change was not made; is it full or failing?")]
    Disk,
    /// No permission.
    #[error(
        "the database cannot be written: it, or its file system, is read-only for this user; run the command as the \
         user of the service"
    )]
    ReadOnly,
    /// The user of the server's database may not.
    #[error("the database's user may not do that: {0}; make it the owner, `ALTER DATABASE name OWNER TO user`")]
    Denied(#[source] Box<sqlx::Error>),
    /// The file is damaged or no database.
    #[error("the database is damaged or no database; restore a backup")]
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
    pub(super) fn open(place: String, source: sqlx::Error) -> Self {
        match Self::from(source) {
            Self::Database(source) | Self::Unreachable(source) => Self::Open { place, source },
            known => known,
        }
    }

    pub(super) fn migrate(place: String, error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer { place, version },
            MigrateError::VersionMismatch(version) => Self::Altered { place, version },
            MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => Self::open(place, source),
            other => Self::Migrate { place, source: Box::new(other) },
        }
    }

    pub(super) fn unknown(what: &'static str) -> impl FnOnce(String) -> Self {
        move |value| Self::Unknown { what, value }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error().and_then(known) {
            Some(Known::Busy) => Self::Busy,
            Some(Known::Full) => Self::Full,
            Some(Known::Disk) => Self::Disk,
            Some(Known::ReadOnly) => Self::ReadOnly,
            Some(Known::Damaged) => Self::Damaged,
            Some(Known::Denied) => Self::Denied(Box::new(error)),
            Some(Known::Gone) => Self::Unreachable(Box::new(error)),
            None => match error {
                sqlx::Error::PoolTimedOut => Self::Busy,
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unreachable(Box::new(error)),
                _ => Self::Database(Box::new(error)),
            },
        }
    }
}

enum Known {
    Busy,
    Full,
    Disk,
    ReadOnly,
    Damaged,
    Denied,
    Gone,
}

fn known(error: &(dyn DatabaseError + 'static)) -> Option<Known> {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return of_postgres(error.code());
    }
    error.try_downcast_ref::<SqliteError>()?;
    of_sqlite(error.code()?.parse().ok()?)
}

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite(code: u32) -> Option<Known> {
    Some(match code & 0xff {
        5 | 6 => Known::Busy,
        8 => Known::ReadOnly,
        10 => Known::Disk,
        13 => Known::Full,
        11 | 26 => Known::Damaged,
        _ => return None,
    })
}

/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
fn of_postgres(code: &str) -> Option<Known> {
    Some(match code {
        // Waited too long for a lock or for itself, or a victim of a dead end.
        "55P03" | "57014" | "25P03" | "40001" | "40P01" => Known::Busy,
        "53100" => Known::Full,
        "58030" => Known::Disk,
        "25006" => Known::ReadOnly,
        "XX001" | "XX002" => Known::Damaged,
        "42501" | "3F000" => Known::Denied,
        // It stops, starts, or has no connection left.
        "57P01" | "57P02" | "57P03" | "53300" => Known::Gone,
        code if code.starts_with("08") => Known::Gone,
        _ => return None,
    })
}
