//! Tells that somebody changed the database, in this process or another. A hint only: the reader compares
//! revisions then.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
    sqlite::SqliteConnectOptions,
};

use super::StoreError;

/// How often SQLite is asked. One `PRAGMA data_version` reads shared memory only.
const POLL: Duration = Duration::from_millis(25);
/// How often PostgreSQL is asked behind its notifications: they are lost with a connection, and some poolers
/// between here and there swallow them.
const LOOK: Duration = Duration::from_millis(500);
/// How long it may take to answer, or to take a connection.
const ANSWER: Duration = Duration::from_secs(5);
/// What PostgreSQL says it on, by a trigger of the schema.
const CHANNEL: &str = "pullgate_changes";

/// A connection of its own that hears of changes.
pub struct Changes(Watched);

enum Watched {
    Sqlite(DataVersion),
    Postgres(Notified),
}

impl Changes {
    pub(super) async fn of_sqlite(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let mut connection = options.connect().await?;
        let seen = data_version(&mut connection).await?;
        Ok(Self(Watched::Sqlite(DataVersion { connection, options, seen })))
    }

    pub(super) async fn of_postgres(options: PgConnectOptions) -> Result<Self, StoreError> {
        let mut listener = listen(options.clone()).await?;
        let seen = value(&mut listener).await?;
        Ok(Self(Watched::Postgres(Notified { listener: Some(listener), options, seen })))
    }

    /// Makes the next [`Changes::wait`] return as if something had changed.
    pub fn again(&mut self) {
        match &mut self.0 {
            Watched::Sqlite(watched) => watched.seen = -1,
            Watched::Postgres(watched) => watched.seen = -1,
        }
    }

    /// Waits for the next change. Safe to drop half-way: what was missed is seen by the next call.
    ///
    /// # Errors
    /// When the database does not answer; the next call connects again.
    pub async fn wait(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Watched::Sqlite(watched) => watched.wait().await,
            Watched::Postgres(watched) => watched.wait().await,
        }
    }
}

/// Compares `PRAGMA data_version` (<https://www.sqlite.org/pragma.html#pragma_data_version>): the number moves when
/// another connection commits.
struct DataVersion {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    seen: i64,
}

impl DataVersion {
    async fn wait(&mut self) -> Result<(), StoreError> {
        loop {
            tokio::time::sleep(POLL).await;
            match data_version(&mut self.connection).await {
                Ok(version) if version == self.seen => {}
                Ok(version) => {
                    self.seen = version;
                    return Ok(());
                }
                Err(error) => {
                    let fresh = self.options.connect().await?;
                    let broken = std::mem::replace(&mut self.connection, fresh);
                    drop(broken.close().await);
                    self.seen = -1;
                    return Err(error);
                }
            }
        }
    }
}

async fn data_version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await?)
}

/// `LISTEN`, and a look at the sequence now and then, by which a connection that died is noticed too.
struct Notified {
    /// None: it was lost.
    listener: Option<PgListener>,
    options: PgConnectOptions,
    /// The sequence at the last look.
    seen: i64,
}

impl Notified {
    async fn wait(&mut self) -> Result<(), StoreError> {
        let Some(listener) = &mut self.listener else {
            self.listener = Some(listen(self.options.clone()).await?);
            // Whatever was said while nobody listened.
            return Ok(());
        };
        loop {
            let heard = tokio::time::timeout(LOOK, listener.recv()).await;
            let now = match heard {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => Err(error.into()),
                Err(_nothing) => value(listener).await,
            };
            match now {
                Ok(now) if now == self.seen => {}
                Ok(now) => {
                    self.seen = now;
                    return Ok(());
                }
                Err(error) => {
                    self.listener = None;
                    return Err(error);
                }
            }
        }
    }
}

async fn listen(options: PgConnectOptions) -> Result<PgListener, StoreError> {
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(ANSWER);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await?;
    in_time(listener.listen(CHANNEL)).await?;
    Ok(listener)
}

async fn value(listener: &mut PgListener) -> Result<i64, StoreError> {
    in_time(sqlx::query_scalar("SELECT value FROM sequence").fetch_one(listener)).await
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    Ok(tokio::time::timeout(ANSWER, answer).await.map_err(|_| StoreError::Silent)??)
}
