//! The database: the only module that knows `sqlx`.
//!
//! One file of statements for each kind of thing. [`Reading`] is one consistent view;
//! [`Writing`] is one serialized change, and everything it does becomes visible at once
//! or not at all. Statements keep to what SQLite and PostgreSQL share (`$1`, `RETURNING`,
//! `ON CONFLICT`): there is one text of each, and `sql` runs it on whichever there is.
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
mod counts;
mod credentials;
mod daily;
mod dump;
mod error;
mod external;
mod ingest;
mod invitations;
mod keeping;
mod key_changes;
mod lately;
mod machines;
mod namespaces;
mod notes;
mod organizations;
mod place;
mod policies;
mod postgres;
mod publications;
mod publishers;
mod records;
mod rule_pages;
mod rules;
mod session_times;
mod sign_in_pages;
mod sign_ins;
mod sql;
mod sqlite;
mod subjects;
mod summary;
mod teams;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trail;

use std::{ops::Deref, ops::DerefMut, path::Path};

use sqlx::FromRow;

pub(crate) use self::{
    access::{AccessFilter, Answer, NewAccessRequest},
    access_pages::AccessPage,
    activity::{ActivityFilter, Position, WINDOW},
    browser_sessions::NewBrowserSession,
    dump::{Cell, Cells, Column, TABLES},
    external::{Belongs, Moved},
    ingest::MAX_AHEAD_MS,
    lately::Done,
    machines::WhichMachines,
    sign_in_pages::SignInFilter,
    subjects::Subject,
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
    ingest::Stored,
    invitations::Invitation,
    key_changes::StoredKeyChange,
    machines::MachineRow,
    organizations::Member,
    place::{Place, PostgresUrl},
    publications::{Kind, Publication},
    records::RecordRow,
    rule_pages::MadeRule,
    sign_ins::{NewSignIn, SignInRow},
    sqlite::FILE,
    summary::{Day, RuleHits, Top},
    teams::{MAX_TEAMS, Team},
    trail::TrailLine,
};

use self::{
    lately::Lately,
    postgres::Postgres,
    sql::{Transaction, query, query_as, query_scalar},
    sqlite::Sqlite,
};

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
    database: Database,
    place: Place,
    lately: Lately,
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`]; among others when a newer version of this program wrote it.
    pub async fn open(place: &Place, missing: Missing) -> Result<Self, StoreError> {
        Self::open_at(place, missing, None).await
    }

    /// The same with the schema of an older version, for what was written then.
    pub(crate) async fn open_at(place: &Place, missing: Missing, schema: Option<i64>) -> Result<Self, StoreError> {
        let database = match place {
            Place::Directory(directory) => Database::Sqlite(Sqlite::open(directory, missing, schema).await?),
            Place::Postgres(url) => Database::Postgres(Postgres::open(url, missing, schema).await?),
        };
        Ok(Self { database, place: place.clone(), lately: Lately::default() })
    }

    /// The directory of the database's file; none: it is a server's.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.place.directory()
    }

    /// One consistent view.
    ///
    /// # Errors
    /// When no connection can be had in time.
    pub async fn read(&self) -> Result<Reading, StoreError> {
        let transaction = match &self.database {
            Database::Sqlite(sqlite) => sqlite.read().await?,
            Database::Postgres(postgres) => postgres.read().await?,
        };
        Ok(Reading(transaction, self.lately.clone()))
    }

    /// One change; the only one at a time, over all processes. Dropped without
    /// [`Writing::commit`] it leaves nothing.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process holds on for too long.
    pub async fn write(&self) -> Result<Writing, StoreError> {
        let transaction = match &self.database {
            Database::Sqlite(sqlite) => sqlite.write().await?,
            Database::Postgres(postgres) => postgres.write().await?,
        };
        Ok(Writing(Reading(transaction, self.lately.clone())))
    }

    /// Tells when anybody changed the database.
    ///
    /// # Errors
    /// When its connection cannot be opened.
    pub async fn changes(&self) -> Result<Changes, StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => Changes::of_sqlite(sqlite.watching()).await,
            Database::Postgres(postgres) => Changes::of_postgres(postgres.options().clone()).await,
        }
    }

    /// Makes a database that was just filled ready for questions.
    ///
    /// # Errors
    /// [`StoreError`]; all that was filled in is there.
    pub(crate) async fn settle(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(postgres) => postgres.settle().await,
        }
    }

    /// Ends all connections.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.close().await,
            Database::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// The newest step of the schema that this version knows.
pub(crate) fn newest_schema() -> i64 {
    sqlite::MIGRATIONS.iter().map(|step| step.version).max().unwrap_or_default()
}

/// What all processes share.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Sequence {
    /// Moves with every change of something that is published.
    pub revision: i64,
    /// Moves with every session that is sealed.
    pub session_generation: i64,
    /// Id of the key that signs; empty: none did yet.
    pub keyid: String,
}

/// One consistent view of the database, and what is kept in memory of what views saw.
pub struct Reading(Transaction, Lately);

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
    /// What moved last, and whose word counts.
    pub(crate) async fn sequence(&mut self) -> Result<Sequence, StoreError> {
        query_as("SELECT value AS revision, session_generation, keyid FROM sequence").fetch_one(&mut self.0).await
    }

    /// The sequence now: it moves with every change of something that is published.
    pub(crate) async fn revision(&mut self) -> Result<i64, StoreError> {
        query_scalar("SELECT value FROM sequence").fetch_one(&mut self.0).await
    }
}

impl Writing {
    /// Makes the change durable and visible.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing of it happened.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.0.0.commit().await
    }

    async fn next_revision(&mut self) -> Result<i64, StoreError> {
        let sql = "UPDATE sequence SET value = value + 1 RETURNING value";
        query_scalar(sql).fetch_one(&mut self.0.0).await
    }

    /// The organization's policy changed.
    pub(super) async fn touch_organization(&mut self, id: i64) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        let sql = "UPDATE organizations SET revision = $1 WHERE id = $2";
        query(sql).bind(revision).bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// The account's credentials or memberships changed.
    pub(super) async fn touch_account(&mut self, id: i64) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        query("UPDATE accounts SET revision = $1 WHERE id = $2").bind(revision).bind(id).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// The publishers directory changed.
    pub(super) async fn touch_publishers(&mut self) -> Result<(), StoreError> {
        let revision = self.next_revision().await?;
        query("UPDATE sequence SET publishers = $1").bind(revision).execute(&mut self.0.0).await?;
        Ok(())
    }
}
