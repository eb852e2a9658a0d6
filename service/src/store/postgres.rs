//! PostgreSQL: a server that several processes share.
//!
//! Every wait ends: for a lock and for a statement by the server's own clock, for an answer by ours ([`super::sql`]),
//! for a process that stopped in the middle of a change by the server again, which then takes the change back.

use std::{fmt, net::IpAddr, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{
    Missing, PostgresUrl, StoreError,
    sql::{Transaction, in_time},
};

/// Reading connections: sign-ins and streams; more than of a file, because each waits for the network.
const READERS: u32 = 8;
/// How long a connection, or another process's change, is waited for.
const BUSY: Duration = Duration::from_secs(5);
/// A connection that does not answer while nothing is asked of it is given up after this time.
const ALIVE: Duration = Duration::from_secs(5);
/// While the schema is brought up to date, others wait for it, and it may take long.
const MIGRATION_LOCK: &str = "60s";

/// Held by whoever changes something, to the end of the transaction. Any number will do; these are letters.
const ONE_WRITER: i64 = i64::from_be_bytes(*b"pullgate");

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Its connections; clones share them.
#[derive(Clone)]
pub(super) struct Postgres {
    writer: PgPool,
    readers: PgPool,
    options: PgConnectOptions,
}

impl Postgres {
    pub(super) async fn open(url: &PostgresUrl, missing: Missing, schema: Option<i64>) -> Result<Self, StoreError> {
        let options = options(url)?;
        let name = describe(&options);
        migrate(&options, &name, missing, schema).await?;
        let pool = |connections| pool(connections).connect_lazy_with(options.clone());
        Ok(Self { writer: pool(1), readers: pool(READERS), options })
    }

    /// One snapshot for all statements of the view.
    pub(super) async fn read(&self) -> Result<Transaction, StoreError> {
        let begin = self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        Ok(Transaction::Postgres(in_time(begin).await?))
    }

    /// Each statement sees what is committed, and while the lock is held nobody else commits: together that is
    /// one writer at a time, as SQLite has it. (A snapshot would be from before the wait for the lock.)
    pub(super) async fn write(&self) -> Result<Transaction, StoreError> {
        let mut transaction = in_time(self.writer.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")).await?;
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ONE_WRITER);
        in_time(lock.execute(&mut *transaction)).await?;
        Ok(Transaction::Postgres(transaction))
    }

    /// Looks at all that was just filled in: how much there is of what, and which pages everybody sees. Until the server
    /// did so by itself, pages that count many rows would be slow.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        let patient = self.options.clone().options([("statement_timeout", "0")]);
        let connected = tokio::time::timeout(BUSY, patient.connect()).await;
        let mut connection = connected.map_err(|_| StoreError::Silent)??;
        sqlx::query("VACUUM (ANALYZE)").execute(&mut connection).await?;
        drop(tokio::time::timeout(ALIVE, connection.close()).await);
        Ok(())
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    pub(super) async fn close(&self) {
        let closed = async {
            self.readers.close().await;
            self.writer.close().await;
        };
        // A server that is gone is not waited for.
        drop(tokio::time::timeout(ALIVE, closed).await);
    }
}

impl fmt::Debug for Postgres {
    /// Its options would print the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

fn pool(connections: u32) -> PgPoolOptions {
    // `sqlx` asks a connection whether it lives when it comes back, without a deadline: this one comes before.
    PgPoolOptions::new().max_connections(connections).acquire_timeout(BUSY).after_release(|connection, _| {
        Box::pin(async move {
            let alive = tokio::time::timeout(ALIVE, connection.ping()).await;
            alive.map_err(|_| sqlx::Error::PoolTimedOut).flatten().map(|()| true)
        })
    })
}

fn options(url: &PostgresUrl) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.expose().parse().map_err(|source| StoreError::Url(Box::new(source)))?;
    let named = |names: [&str; 2]| names.iter().any(|name| url.parameter(name).is_some());
    let options = if named(["sslmode", "ssl-mode"]) || std::env::var_os("PGSSLMODE").is_some() {
        options
    } else if is_on_this_machine(&options) && !named(["sslrootcert", "ssl-root-cert"]) {
        options.ssl_mode(PgSslMode::Prefer)
    } else {
        // `sqlx` would be content with a connection in the clear.
        options.ssl_mode(PgSslMode::VerifyFull)
    };
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("pullgate-service"),
    };
    Ok(options.options([
        ("lock_timeout", "5s"),
        ("statement_timeout", "10s"),
        // Whoever holds the lock and stopped: the others go on.
        ("idle_in_transaction_session_timeout", "15s"),
        ("tcp_user_timeout", "15s"),
        ("tcp_keepalives_idle", "5"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "2"),
    ]))
}

fn is_on_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    options.get_socket().is_some() || host.starts_with('/') || loopback
}

/// For people, without the password.
fn describe(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    format!("{name} at {host}:{}", options.get_port())
}

async fn migrate(
    options: &PgConnectOptions,
    name: &str,
    missing: Missing,
    schema: Option<i64>,
) -> Result<(), StoreError> {
    let open = |source| StoreError::open(name.to_owned(), source);
    // A schema takes as long as it takes; what is asked before it does not.
    let patient = options.clone().options([("lock_timeout", MIGRATION_LOCK), ("statement_timeout", "0")]);
    let connected = tokio::time::timeout(BUSY, patient.connect()).await;
    let mut connection = connected.map_err(|_| StoreError::Silent)?.map_err(open)?;
    check(&mut connection, name, missing).await?;
    let done = MIGRATIONS
        .run_direct(schema, &mut connection, false)
        .await
        .map_err(|error| StoreError::migrate(name.to_owned(), error));
    drop(tokio::time::timeout(ALIVE, connection.close()).await);
    done
}

/// What has to be so before there can be a schema.
async fn check(connection: &mut PgConnection, name: &str, missing: Missing) -> Result<(), StoreError> {
    let encoding: String = in_time(sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection)).await?;
    if encoding != "UTF8" {
        return Err(StoreError::Encoding { place: name.to_owned(), encoding });
    }
    let there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let there: bool = in_time(sqlx::query_scalar(there).fetch_one(connection)).await?;
    if there || missing == Missing::Create { Ok(()) } else { Err(StoreError::Empty(name.to_owned())) }
}

#[cfg(test)]
mod tests;
