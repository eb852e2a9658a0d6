//! Tests of [`super`].

use proto::{chain, secret::Secret};

use super::*;
use crate::store::{
    Place, Store,
    sql::{query, query_scalar},
    testing::server::{Database, PASSWORD, Server},
};

fn url(text: &str) -> PostgresUrl {
    PostgresUrl::new(Secret::new(text.to_owned())).unwrap()
}

fn as_administrator(database: &Database) -> String {
    database.url().replace("user=pullgate", "user=postgres")
}

async fn open(text: &str) -> Result<Store, StoreError> {
    Store::open(&Place::Postgres(url(text)), Missing::Create).await
}

#[test]
fn a_connection_over_a_network_is_certified_unless_somebody_says_otherwise() {
    let mode = |text: &str| options(&url(text)).unwrap().get_ssl_mode();
    for far in ["postgres://db.example/x", "postgres://10.0.0.1/x", "postgres://u@db/x?sslrootcert=/ca.pem"] {
        assert!(matches!(mode(far), PgSslMode::VerifyFull), "{far}");
    }
    for near in ["postgres://localhost/x", "postgres://127.0.0.1/x", "postgres:///x?host=/run/postgresql"] {
        assert!(matches!(mode(near), PgSslMode::Prefer), "{near}");
    }
    assert!(matches!(mode("postgres://127.0.0.1/x?sslrootcert=/ca.pem"), PgSslMode::VerifyFull));
    assert!(matches!(mode("postgres://db.example/x?sslmode=require"), PgSslMode::Require));
}

#[tokio::test]
async fn nothing_of_a_store_prints_its_password() {
    let database = Database::new();
    let store = open(&database.url_over_tcp("sslmode=require")).await.unwrap();
    assert!(!format!("{store:?}").contains(PASSWORD));
}

#[tokio::test]
async fn tls_is_verified_with_the_named_authority() {
    let database = Database::new();
    let with = |parameters: &str| database.url_over_tcp(parameters);
    let ca = format!("sslrootcert={}", database.ca_file());
    open(&with(&ca)).await.unwrap().read().await.unwrap().revision().await.unwrap();
    let unknown = chain(&open(&with("sslmode=verify-full")).await.unwrap_err());
    assert!(unknown.contains("certificate"), "{unknown}");
    let plain = chain(&open(&with("sslmode=disable")).await.unwrap_err());
    assert!(plain.contains("no pg_hba.conf entry"), "{plain}");
}

#[tokio::test]
async fn what_is_wrong_with_the_place_is_said_without_its_password() {
    let database = Database::new();
    let good = database.url_over_tcp("sslmode=require");
    let cases = [
        (good.replace(PASSWORD, "hunter2"), "password authentication failed"),
        (good.replace("/test_", "/nothing_"), "does not exist"),
        ("postgres://pullgate:hunter2@127.0.0.1:1/x".to_owned(), "refused"),
        ("postgres:///x?host=/nowhere&password=hunter2".to_owned(), "No such file"),
        ("postgres://pullgate:hunter2@db:port/x".to_owned(), "invalid port"),
    ];
    for (url, expected) in cases {
        let said = chain(&open(&url).await.unwrap_err());
        assert!(said.contains(expected) && !said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_database_of_somebody_else_is_refused_with_the_next_step() {
    let database = Database::new();
    let mut owner = PgConnection::connect(&as_administrator(&database)).await.unwrap();
    sqlx::raw_sql("REVOKE ALL ON SCHEMA public FROM public, pg_database_owner").execute(&mut owner).await.unwrap();
    let said = chain(&open(&database.url()).await.unwrap_err());
    assert!(said.contains("ALTER DATABASE"), "{said}");
}

#[tokio::test]
async fn a_database_that_takes_not_every_text_is_refused() {
    let database = Database::new();
    let mut owner = PgConnection::connect(&as_administrator(&database)).await.unwrap();
    let latin = database.url().replace("test_", "latin_");
    let name = latin.split(['/', '?']).nth(3).unwrap();
    let make = format!("CREATE DATABASE {name} ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut owner).await.unwrap();
    let refused = open(&latin).await;
    assert!(matches!(&refused, Err(StoreError::Encoding { encoding, .. }) if encoding == "LATIN1"), "{refused:?}");
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced() {
    let database = Database::new();
    let store = open(&database.url()).await.unwrap();
    store.read().await.unwrap().revision().await.unwrap();
    let mut changes = store.changes().await.unwrap();
    let mut change = store.write().await.unwrap();
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: i64 = query_scalar(end).fetch_one(&mut change.0.0).await.unwrap();
    assert!(ended >= 2, "a reader and the watcher: {ended}");
    change.commit().await.unwrap();
    store.read().await.unwrap().revision().await.unwrap();
    let mut change = store.write().await.unwrap();
    change.add_organization("acme", 1).await.unwrap();
    change.commit().await.unwrap();
    // An error at most once; then it listens again.
    let heard = async { while changes.wait().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), heard).await.unwrap();
}

#[tokio::test]
async fn a_server_that_goes_silent_is_given_up_and_taken_back() {
    let server = std::sync::Arc::new(Server::start());
    let database = Database::on(&server);
    let store = open(&database.url()).await.unwrap();
    let mut change = store.write().await.unwrap();
    let mut view = store.read().await.unwrap();
    view.revision().await.unwrap();
    server.tell("hold");
    let start = std::time::Instant::now();
    let (lost, unread, unopened) =
        tokio::join!(async { change.add_organization("lost", 1).await }, async { view.revision().await }, async {
            store.read().await.map(drop)
        },);
    assert!(matches!(lost, Err(StoreError::Silent)), "{lost:?}");
    assert!(matches!(unread, Err(StoreError::Silent)), "{unread:?}");
    assert!(matches!(unopened, Err(StoreError::Busy)), "{unopened:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    drop((change, view));
    server.tell("release");
    let mut last = None;
    for _ in 0..20 {
        match store.write().await {
            Ok(mut change) => {
                change.add_organization("acme", 1).await.unwrap();
                change.commit().await.unwrap();
                assert_eq!(store.read().await.unwrap().organization_names().await.unwrap(), ["acme"]);
                return;
            }
            Err(error) => last = Some(error),
        }
    }
    panic!("it stays lost: {last:?}");
}

#[tokio::test]
async fn who_stops_in_the_middle_of_a_change_holds_nobody_up_for_good() {
    let database = Database::new();
    let (first, second) = (open(&database.url()).await.unwrap(), open(&database.url()).await.unwrap());
    let mut stopped = first.write().await.unwrap();
    query("SET LOCAL idle_in_transaction_session_timeout = '200ms'").execute(&mut stopped.0.0).await.unwrap();
    stopped.add_organization("half", 1).await.unwrap();
    let mut change = second.write().await.unwrap();
    assert_eq!(change.organization_names().await.unwrap(), Vec::<String>::new());
    let said = stopped.commit().await.unwrap_err();
    assert!(matches!(said, StoreError::Busy | StoreError::Unreachable(_)), "{said:?}");
}
