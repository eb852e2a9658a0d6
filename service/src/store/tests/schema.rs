//! Two sets of migrations, one schema.

use std::collections::BTreeSet;

use crate::store::{
    postgres, sql, sqlite,
    testing::{Fixture, on_each_database},
};

/// Table, column, kind of value, whether it may be absent.
type Column = (String, String, String, bool);

/// Columns and names of indexes, as the database itself says.
async fn schema(
    fixture: Fixture,
    columns: &'static str,
    indexes: &'static str,
) -> (BTreeSet<Column>, BTreeSet<String>) {
    let store = fixture.store().await;
    let mut view = store.read().await.unwrap();
    let columns: Vec<Column> = sql::query_as(columns).fetch_all(&mut view.0).await.unwrap();
    let indexes: Vec<String> = sql::query_scalar(indexes).fetch_all(&mut view.0).await.unwrap();
    (columns.into_iter().collect(), indexes.into_iter().collect())
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let (columns, indexes) = schema(
        Fixture::sqlite(),
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_master t \
         JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
         AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'",
        "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'",
    )
    .await;
    let (also_columns, also_indexes) = schema(
        Fixture::postgres(),
        "SELECT table_name::TEXT, column_name::TEXT, CASE data_type WHEN 'bigint' THEN 'INTEGER' \
         WHEN 'boolean' THEN 'INTEGER' WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' ELSE data_type::TEXT END, \
         is_nullable = 'YES' FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
        "SELECT indexname::TEXT FROM pg_indexes WHERE schemaname = 'public' \
         AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'",
    )
    .await;
    assert!(columns.len() > 100, "{columns:?}");
    assert_eq!(columns, also_columns);
    assert_eq!(indexes, also_indexes);
    let newest = |migrations: &sqlx::migrate::Migrator| migrations.iter().map(|step| step.version).max();
    assert_eq!(newest(&sqlite::MIGRATIONS), newest(&postgres::MIGRATIONS), "a change has a file in both folders");
}

#[tokio::test]
async fn a_backup_knows_every_table() {
    let fixture = Fixture::sqlite();
    let store = fixture.store().await;
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
               AND name <> '_sqlx_migrations'";
    let tables: Vec<String> = sql::query_scalar(sql).fetch_all(&mut store.read().await.unwrap().0).await.unwrap();
    let known: BTreeSet<String> = crate::store::TABLES.map(str::to_owned).into();
    assert_eq!(tables.into_iter().collect::<BTreeSet<_>>(), known);
}

#[tokio::test]
async fn every_text_compares_by_its_bytes() {
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' \
               AND table_name <> '_sqlx_migrations' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
    let fixture = Fixture::postgres();
    let store = fixture.store().await;
    let wrong: Vec<String> = sql::query_scalar(sql).fetch_all(&mut store.read().await.unwrap().0).await.unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

async fn names_are_ordered_alike(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let hosts = ["b.example", "B.example", "a-b.example", "a.b.example", "ab.example", "é.example", "_x", "10", "9"];
    change.set_registries(acme, &hosts.map(str::to_owned)).await.unwrap();
    let mut expected = hosts.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(change.policy(acme, "acme").await.unwrap().registries, expected);
}

on_each_database! {
    names_are_ordered_alike,
}
