//! Databases for the tests of this crate: each test that is about the database runs on both kinds.

pub(crate) mod server;

use proto::secret::Secret;

use super::{FILE, Missing, Place, PostgresUrl, Store};

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

    pub(crate) fn postgres() -> Self {
        let database = server::Database::new();
        let url = PostgresUrl::new(Secret::new(database.url())).unwrap();
        let directory = tempfile::tempdir().unwrap();
        Self { place: Place::Postgres(url), directory, database: Some(database) }
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
    ($($test:ident,)+) => {$(
        mod $test {
            use crate::store::testing::Fixture;

            #[tokio::test]
            async fn sqlite() {
                super::$test(Fixture::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$test(Fixture::postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_each_database;
