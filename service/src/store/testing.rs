//! Databases for the tests of this crate: each test that is about the database runs on both kinds.

pub(crate) mod plans;
pub(crate) mod server;

use std::sync::LazyLock;

use proto::secret::Secret;

use super::{FILE, Missing, Place, PostgresUrl, RecordRow, Store};

/// Nothing but the schema. Whoever copies it waits until nobody is connected.
static TEMPLATE: LazyLock<server::Database> = LazyLock::new(|| {
    let database = server::Database::new();
    let place = place(&database);
    // A thread of its own, with a runtime of its own: this one is in the middle of a test.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { Store::open(&place, Missing::Create).await.unwrap().close().await });
    });
    made.join().unwrap();
    database
});

fn place(database: &server::Database) -> Place {
    Place::Postgres(PostgresUrl::new(Secret::new(database.url())).unwrap())
}

/// Where a database is, for one test.
pub(crate) struct Fixture {
    pub(crate) place: Place,
    directory: tempfile::TempDir,
    database: Option<server::Database>,
}

impl Fixture {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { place: Place::Directory(directory.path().to_owned()), directory, database: None }
    }

    /// With the schema in it: making that takes longer than most tests.
    pub(crate) fn postgres() -> Self {
        Self::on(server::Database::like(&TEMPLATE))
    }

    /// With nothing in it.
    pub(crate) fn empty_postgres() -> Self {
        Self::on(server::Database::new())
    }

    fn on(database: server::Database) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { place: place(&database), directory, database: Some(database) }
    }

    /// Opened, and made if it is not there.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.place, Missing::Create).await.unwrap()
    }

    /// All that a closed database holds.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let file = self.directory.path().join(FILE);
        if let Some(database) = &self.database {
            database.tell("dump", file.to_str().unwrap());
        }
        std::fs::read(file).unwrap()
    }
}

/// Runs each of these tests, `async fn name(fixture: Fixture)`, on each kind of database.
macro_rules! on_each_database {
    ($($test:ident,)+) => { $crate::store::testing::on_each!(postgres $($test,)+); };
}

/// The same, and not even the schema is there.
macro_rules! on_each_empty_database {
    ($($test:ident,)+) => { $crate::store::testing::on_each!(empty_postgres $($test,)+); };
}

macro_rules! on_each {
    ($of_postgres:ident $($test:ident,)+) => {$(
        mod $test {
            use crate::store::testing::Fixture;

            #[tokio::test]
            async fn sqlite() {
                super::$test(Fixture::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$test(Fixture::$of_postgres()).await;
            }
        }
    )+};
}
pub(crate) use {on_each, on_each_database, on_each_empty_database};

/// Records that an account's agent reports an allowed action of now, as machines without a policy do.
pub(crate) async fn did(store: &Store, user: &str, action: &str, image: &str, at_ms: i64) {
    let record = RecordRow {
        id: crate::id::new().unwrap(),
        machine_id: format!("machine-of-{user}"),
        at_ms,
        received_at_ms: at_ms,
        reported_by: user.to_owned(),
        action: action.to_owned(),
        image: image.to_owned(),
        allowed: true,
        reason: "off".to_owned(),
        category: String::new(),
        organization: String::new(),
        generation: 0,
        rule: String::new(),
        would_deny: false,
        users: serde_json::json!([user]).to_string(),
        sequence: 1,
        run_ms: 1,
        evidence: String::new(),
        coverage: "enforced".to_owned(),
        act: String::new(),
        machine_disputed: false,
    };
    let mut change = store.write().await.unwrap();
    let account = change.account(user).await.unwrap().unwrap().id;
    change.take_records(account, &[record]).await.unwrap();
    change.commit().await.unwrap();
}
