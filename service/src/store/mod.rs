//! The database: the only module that knows `sqlx`.
//!
//! One file of statements for each kind of thing. [`Reading`] is one consistent view;
//! [`Writing`] is one serialized change, and everything it does becomes visible at once
//! or not at all. Statements keep to what SQLite and PostgreSQL share (`$1`, `RETURNING`,
//! `ON CONFLICT`), so that a second database is a second set of migrations.
//!
//! INVARIANT: whatever alters what is published takes the next value of the sequence in
//! the same transaction (the `touch_*` methods).

mod access;
mod access_pages;
mod accounts;
mod activity;
mod agents;
mod audit;
mod beyond;
mod browser_sessions;
mod changes;
mod credentials;
mod error;
mod external;
mod invitations;
mod machines;
mod namespaces;
mod organizations;
mod policies;
mod publications;
mod publishers;
mod records;
mod rule_pages;
mod rules;
mod session_times;
mod sign_in_pages;
mod sign_ins;
mod teams;
#[cfg(test)]
mod tests;
mod trail;

use std::{fs::File, ops::Deref, ops::DerefMut, path::Path, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, Sqlite, SqlitePool, Transaction,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub(crate) use self::{
    access::{AccessFilter, Answer, NewAccessRequest},
    access_pages::AccessPage,
    activity::{ActivityFilter, Position},
    browser_sessions::NewBrowserSession,
    external::{Belongs, Moved},
    sign_in_pages::SignInFilter,
    trail::{Author, TrailFilter},
};
pub use self::{
    activity::Which,
    agents::{AgentKey, SealedSession},
    audit::{Act, AuditLine},
    browser_sessions::BrowserSessionRow,
    changes::Changes,
    credentials::{NewToken, StoredToken, TokenRow},
    error::StoreError,
    external::HubLink,
    invitations::Invitation,
    machines::MachineRow,
    organizations::Member,
    publications::{Kind, Publication},
    records::{RecordRow, Stored},
    rule_pages::MadeRule,
    sign_ins::{NewSignIn, SignInRow},
    teams::Team,
    trail::TrailLine,
};

/// The database's file in the data directory.
pub const FILE: &str = "pullgate.db";

/// How long a change waits for another process's change.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Reading connections: sign-ins and streams; a read takes well under a millisecond.
const READERS: u32 = 4;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Whether a missing database is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Make it.
    Create,
    /// Say that there is none.
    Refuse,
}

/// A handle to the database; clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    options: SqliteConnectOptions,
    data_dir: Arc<Path>,
}

impl Store {
    /// Opens the database in `data_dir` and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; among others when a newer version of this program wrote it.
    pub async fn open(data_dir: &Path, missing: Missing) -> Result<Self, StoreError> {
        let path = data_dir.join(FILE);
        if missing == Missing::Refuse && !path.exists() {
            return Err(StoreError::Missing(path));
        }
        let open = |source| StoreError::open(&path, source);
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
        let writer = pool(1).connect_with(options.clone()).await.map_err(open)?;
        MIGRATIONS.run(&writer).await.map_err(|error| StoreError::migrate(&path, error))?;
        let readers =
            pool(READERS).connect_lazy_with(options.clone().create_if_missing(false).pragma("query_only", "ON"));
        Ok(Self { writer, readers, options, data_dir: data_dir.into() })
    }

    /// The directory of the database's file.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// One consistent view.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        Ok(Reading(self.readers.begin().await?))
    }

    /// One change; the only one at a time, over all processes. Dropped without
    /// [`Writing::commit`] it leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process holds on for too long.
    pub async fn write(&self) -> Result<Writing, StoreError> {
        Ok(Writing(Reading(self.writer.begin_with("BEGIN IMMEDIATE").await?)))
    }

    /// Tells when anybody changed the database.
    ///
    /// # Errors
    /// When its connection cannot be opened.
    pub async fn changes(&self) -> Result<Changes, StoreError> {
        Changes::open(&self.options).await
    }

    /// Ends all connections; the write-ahead log is folded into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
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

/// One consistent view of the database.
pub struct Reading(Transaction<'static, Sqlite>);

/// One change of the database, and its view.
pub struct Writing(Reading);

impl Deref for Writing {
    type Target = Reading;
    fn deref(&self) -> &Reading {
        &self.0
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Reading {
        &mut self.0
    }
}

impl Reading {
    /// The sequence now: it moves with every change of something that is published.
    pub(crate) async fn revision(&mut self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT value FROM sequence").fetch_one(&mut *self.0).await?)
    }
}

impl Writing {
    /// Makes the change durable and visible.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing of it happened.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.0.commit().await?)
    }

    async fn next_revision(&mut self) -> Result<i64, StoreError> {
        let sql = "UPDATE sequence SET value = value + 1 RETURNING value";
        Ok(sqlx::query_scalar(sql).fetch_one(&mut *self.0.0).await?)
    }

    /// The organization's policy changed.
    pub(super) async fn touch_organization(&mut self, id: i64) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        let sql = "UPDATE organizations SET revision = $1 WHERE id = $2";
        sqlx::query(sql).bind(revision).bind(id).execute(&mut *self.0.0).await?;
        Ok(())
    }

    /// The account's credentials or memberships changed.
    pub(super) async fn touch_account(&mut self, id: i64) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        sqlx::query("UPDATE accounts SET revision = $1 WHERE id = $2")
            .bind(revision)
            .bind(id)
            .execute(&mut *self.0.0)
            .await?;
        Ok(())
    }

    /// The publishers directory changed.
    pub(super) async fn touch_publishers(&mut self) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        sqlx::query("UPDATE sequence SET publishers = $1").bind(revision).execute(&mut *self.0.0).await?;
        Ok(())
    }
}
