//! Settings in the database, and a database from before there were any.

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    model::{
        Beyond, Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, Settings, SwarmUse,
        UnknownRequests,
    },
    publish::compile,
    store::{
        FILE, Missing, Place, Store,
        sqlite::MIGRATIONS,
        testing::{Fixture, on_each_database},
    },
};

async fn settings_come_back_as_they_were_set(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    assert_eq!(change.settings(acme).await.unwrap().beyond, Beyond::default());
    let strict = Beyond {
        local_content: LocalContent::Deny,
        run_unapproved: RunUnapproved::Warn,
        engine_plugins: EnginePlugins::Deny,
        swarm: SwarmUse::Allow,
        builds: Builds::Deny,
        container_builders: ContainerBuilders::Deny,
        unknown_requests: UnknownRequests::Allow,
        push: Some(vec!["acme/*".to_owned(), "ghcr.io/acme/*".to_owned()]),
        protect: true,
        protect_allow: vec!["portainer/agent".to_owned()],
    };
    let nowhere = Beyond {
        run_unapproved: RunUnapproved::Deny,
        swarm: SwarmUse::Deny,
        push: Some(vec![]),
        protect_allow: vec!["portainer/agent".to_owned()],
        ..Beyond::default()
    };
    for beyond in [strict, nowhere, Beyond::default()] {
        let before = change.revision().await.unwrap();
        change.set_settings(acme, &Settings { beyond: beyond.clone(), ..Settings::default() }).await.unwrap();
        assert_eq!(change.settings(acme).await.unwrap().beyond, beyond);
        assert!(change.revision().await.unwrap() > before, "machines must hear of it");
    }
}

#[tokio::test]
async fn a_policy_from_before_there_were_settings_keeps_what_it_said_and_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(dir.path().join(FILE)).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    MIGRATIONS.run_to(2, &mut old).await.unwrap();
    let rows = "INSERT INTO organizations (id, name, revision, created_at) VALUES (7, 'acme', 1, 1); \
                INSERT INTO policies VALUES (7, 1, 'monitor', 1, 0, 0, 1, 'deny', 'ask us', '', 'it@acme.example'); \
                INSERT INTO records VALUES ('m', 'r', 1, 2, 'alice', 'pull', 'docker.io/library/alpine:3', 1, \
                'category', 'official', 'acme', 1, '', 0, '[]', 3, 4)";
    sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Refuse).await.unwrap();
    let mut view = store.read().await.unwrap();
    let state = view.policy(7, "acme").await.unwrap();
    assert_eq!(state.settings.beyond, Beyond::default());
    assert_eq!((state.settings.enabled, state.settings.message.as_str()), (true, "ask us"));
    // An absent field adds no byte, so the generation that machines hold stays the newest.
    assert_eq!(compile::policy(state, [0; 32]).settings, None);
    let record = &view.records(1).await.unwrap()[0];
    assert_eq!((record.sequence, record.evidence.as_str(), record.coverage.as_str()), (3, "", ""));
    let sql = "SELECT organization, day, account, image, decision, times FROM decision_counts";
    let counted: Vec<(String, i64, String, String, String, i64)> =
        crate::store::sql::query_as(sql).fetch_all(&mut view.0).await.unwrap();
    let [(organization, 0, account, image, decision, 1)] = &counted[..] else { panic!("{counted:?}") };
    assert_eq!(
        [organization, account, image, decision],
        ["acme", "alice", "docker.io/library/alpine:3", "allowed"].map(str::to_owned).each_ref()
    );
}

on_each_database! {
    settings_come_back_as_they_were_set,
}
