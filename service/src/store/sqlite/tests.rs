//! Tests of [`super`].

use std::fs;

use sqlx::SqliteConnection;

use super::*;
use crate::store::{Database, Place, Store, testing::Fixture};

/// The connection of an open change.
fn connection(change: &mut Transaction) -> &mut SqliteConnection {
    match change {
        Transaction::Sqlite(transaction) => transaction,
        Transaction::Postgres(_) => panic!("not SQLite"),
    }
}

#[tokio::test]
async fn the_database_is_durable_and_checks_references() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    let mut view = store.write().await.unwrap();
    let pragma = |name: &str| sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
    let journal: String =
        sqlx::query_scalar(pragma("journal_mode")).fetch_one(connection(&mut view.0.0)).await.unwrap();
    let synchronous: i64 =
        sqlx::query_scalar(pragma("synchronous")).fetch_one(connection(&mut view.0.0)).await.unwrap();
    let foreign_keys: i64 =
        sqlx::query_scalar(pragma("foreign_keys")).fetch_one(connection(&mut view.0.0)).await.unwrap();
    assert_eq!((journal.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
    assert!(view.add_namespace(999, "nobody").await.is_err());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_untouched() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Directory(dir.path().to_owned());
    let text = "this is not a database, and somebody may want it back ".repeat(100);
    fs::write(dir.path().join(FILE), &text).unwrap();
    let refused = Store::open(&place, Missing::Create).await;
    assert!(matches!(refused, Err(StoreError::Damaged)), "{refused:?}");
    assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), text);
}

#[tokio::test]
async fn a_full_disk_is_named_loses_nothing_and_reading_goes_on() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    change.commit().await.unwrap();
    // Of this connection only, as if there were room again on the next one.
    let Database::Sqlite(sqlite) = &store.database else { panic!("not SQLite") };
    sqlx::query("PRAGMA max_page_count = 1").execute(&sqlite.writer).await.unwrap();
    let mut change = store.write().await.unwrap();
    let hosts: Vec<String> = (0..10_000).map(|n| format!("registry-{n}.corp.example")).collect();
    let refused = change.set_registries(acme, &hosts).await;
    assert!(matches!(refused, Err(StoreError::Full)), "{refused:?}");
    drop(change);
    assert_eq!(store.read().await.unwrap().organization_names().await.unwrap(), ["acme"]);
    let mut change = store.write().await.unwrap();
    change.set_registries(acme, &hosts).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn a_missing_database_is_made_only_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Directory(dir.path().to_owned());
    assert!(matches!(Store::open(&place, Missing::Refuse).await, Err(StoreError::Missing(_))));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
