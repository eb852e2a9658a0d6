//! Backups: one file with all that a database holds, which either kind of database takes.
//!
//! Lines of JSON: what it is; the keys, where they were asked for; for each table its columns and then its rows; and at
//! the end how many there were and the digest of all before, without which it is no backup. It is read from one view of
//! the database, so a service may go on working, and restored in one change, so half of one is none.

mod line;
mod read;
mod write;

use std::{io, path::PathBuf};

pub(crate) use self::read::restore;
pub use self::{
    read::Restored,
    write::{Written, write},
};
use crate::{data_dir::DataDirError, signing_key, store::StoreError};

/// The mode of a key's file in the data directory; none: no key has such a name. Who has keys speaks for the service.
fn mode_of(key: &str) -> Option<u32> {
    match key {
        "ca.pem" => Some(0o644),
        "ca.key" => Some(0o600),
        name => signing_key::is_file(name).then_some(0o600),
    }
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file is there.
    #[error("`{0}` is there already, and a backup replaces nothing; name another file")]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("the backup cannot be written: {0}; may the user of the service write there, and is there room?")]
    Write(#[source] io::Error),
    /// A key that was asked for cannot be read.
    #[error(
        "`{key}` of the data directory cannot be read: {source}; a service that never started has none, and its backup \
         needs no `--with-keys`"
    )]
    NoKey {
        /// Its file's name.
        key: String,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("the backup cannot be read: {0}; may the user of the service read it?")]
    Read(#[source] io::Error),
    /// Some other file.
    #[error("the file is no backup of `pullgate-service backup`; name another one")]
    Foreign,
    /// A newer version of this program wrote it.
    #[error(
        "the backup has schema {theirs}, and this pullgate-service knows {own}; install the version that wrote it, {version}"
    )]
    Newer {
        /// Its schema.
        theirs: i64,
        /// The newest that is known here.
        own: i64,
        /// Who wrote it.
        version: String,
    },
    /// It ends too early, or bytes of it changed.
    #[error("the backup is not whole (line {0}): nothing was restored; take another one")]
    Damaged(u64),
    /// Somebody's data is there.
    #[error(
        "the database is not empty, and a backup is not restored over what is there; name an empty database, or an \
         empty data directory"
    )]
    NotEmpty,
    /// An empty database of another version of the schema.
    #[error("the database is empty, but has schema {theirs} and the backup has {own}; name one that was never used")]
    OtherSchema {
        /// Of the database.
        theirs: i64,
        /// Of the backup.
        own: i64,
    },
    /// Another key is there.
    #[error("`{0}` is there and is not the one of the backup; move it away, or name another data directory")]
    OtherKey(PathBuf),
    /// A key cannot be written.
    #[error(transparent)]
    Key(#[from] DataDirError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
