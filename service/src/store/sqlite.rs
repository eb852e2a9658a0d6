//! SQLite: a file in the data directory.

use std::{fs::File, path::Path, time::Duration};

use sqlx::{
    Connection as _, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Missing, StoreError, sql::Transaction};

/// The database's file in the data directory.
pub const FILE: &str = "pullgate.db";

/// How long a change waits for another process's change.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Most of the file that a connection keeps in memory, in KiB. The one that writes changes pages all over the indexes;
/// one that fills a whole database, of any size, changes every page of them again and again.
const READERS_CACHE: u32 = 8 << 10;
const WRITERS_CACHE: u32 = 32 << 10;
const FILLING_CACHE: u32 = 512 << 10;
/// Reading connections: sign-ins and streams; a read takes well under a millisecond.
const READERS: u32 = 4;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Its connections; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Sqlite {
    pub(super) writer: SqlitePool,
    readers: SqlitePool,
    options: SqliteConnectOptions,
}

impl Sqlite {
    pub(super) async fn open(data_dir: &Path, missing: Missing, schema: Option<i64>) -> Result<Self, StoreError> {
        let path = data_dir.join(FILE);
        if missing == Missing::Refuse && !path.exists() {
            return Err(StoreError::Missing(path));
        }
        let name = || path.display().to_string();
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // The serving process writes nowhere but in its directory.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(BUSY_TIMEOUT);
        // Two first starts at once would both create the tables.
        let _lock = lock(data_dir).await?;
        let cache = if schema.is_some() { FILLING_CACHE } else { WRITERS_CACHE };
        let writer = pool(1).connect_with(cached(options.clone(), cache)).await;
        let writer = writer.map_err(|source| StoreError::open(name(), source))?;
        let migrated = match schema {
            Some(schema) => MIGRATIONS.run_to(schema, &writer).await,
            None => MIGRATIONS.run(&writer).await,
        };
        migrated.map_err(|error| StoreError::migrate(name(), error))?;
        let reading = options.clone().create_if_missing(false).pragma("query_only", "ON");
        let readers = pool(READERS).connect_lazy_with(cached(reading, READERS_CACHE));
        Ok(Self { writer, readers, options })
    }

    pub(super) async fn read(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::Sqlite(self.readers.begin().await?))
    }

    pub(super) async fn write(&self) -> Result<Transaction, StoreError> {
        Ok(Transaction::Sqlite(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// For a connection that only watches.
    pub(super) fn watching(&self) -> SqliteConnectOptions {
        self.options.clone().create_if_missing(false).pragma("query_only", "ON")
    }

    /// The write-ahead log is folded into the file.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// With so much of the file in memory, in KiB.
fn cached(options: SqliteConnectOptions, kib: u32) -> SqliteConnectOptions {
    // Below zero SQLite takes it for KiB, and not for pages.
    options.pragma("cache_size", format!("-{kib}"))
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // SQLite ends a transaction by itself when the disk is full or failing. `sqlx` still counts it
    // as open then, and would refuse every later one on that connection: such a connection is dropped.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(BUSY_TIMEOUT)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

async fn lock(data_dir: &Path) -> Result<File, StoreError> {
    let path = data_dir.join("lock");
    let locked = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.lock()?;
            Ok(file)
        }
    });
    locked.await.map_err(std::io::Error::other).flatten().map_err(|source| StoreError::Lock { path, source })
}

#[cfg(test)]
mod tests;
