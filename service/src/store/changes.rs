//! Tells that somebody changed the database, in this process or another.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::StoreError;

/// How often the database is asked. One `PRAGMA data_version` reads shared memory only.
const POLL: Duration = Duration::from_millis(25);

/// A connection of its own that compares `PRAGMA data_version`
/// (<https://www.sqlite.org/pragma.html#pragma_data_version>): the number moves when
/// another connection commits. A hint only: the reader compares revisions then.
pub struct Changes {
    connection: SqliteConnection,
    options: SqliteConnectOptions,
    seen: i64,
}

impl Changes {
    pub(super) async fn open(options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = options.clone().create_if_missing(false).pragma("query_only", "ON");
        let mut connection = options.connect().await?;
        let seen = data_version(&mut connection).await?;
        Ok(Self { connection, options, seen })
    }

    /// Makes the next [`Changes::wait`] return as if something had changed.
    pub fn again(&mut self) {
        self.seen = -1;
    }

    /// Waits for the next change. Safe to drop half-way: what was missed is seen by the next call.
    ///
    /// # Errors
    /// When the database does not answer; the next call connects again.
    pub async fn wait(&mut self) -> Result<(), StoreError> {
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
