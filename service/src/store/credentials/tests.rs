//! A database from before tokens had scopes and accounts an origin.

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    model::{Origin, Source, TokenScope},
    store::{FILE, Missing, Place, Store, sqlite::MIGRATIONS},
    validity::SessionTimes,
};

#[tokio::test]
async fn accounts_tokens_and_memberships_from_before_keep_what_they_said() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(dir.path().join(FILE)).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    MIGRATIONS.run_to(3, &mut old).await.unwrap();
    let rows = "INSERT INTO organizations (id, name, revision, created_at) VALUES (7, 'acme', 1, 1); \
                INSERT INTO policies VALUES (7, 1, 'enforce', 1, 1, 0, 0, 'keep', '', '', '', \
                'allow', 'allow', 'as-images', 'own', 'allow', 'deny', 0, 0); \
                INSERT INTO accounts (id, name, credential_epoch, revision, created_at) VALUES (3, 'alice', 5, 2, 1); \
                INSERT INTO credentials VALUES ('alice', 'password', 3, '', '$argon2id$x', 1); \
                INSERT INTO credentials VALUES ('0011223344556677', 'token', 3, 'laptop', '$argon2id$y', 9); \
                INSERT INTO memberships VALUES (3, 7, 'owner'); \
                INSERT INTO team_members VALUES (3, 7, 'ops');";
    sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Refuse).await.unwrap();
    let mut change = store.write().await.unwrap();
    let (account, hash) = change.password("alice").await.unwrap().unwrap();
    assert_eq!((account.origin, account.credential_epoch, hash.as_str()), (Origin::Own, 5, "$argon2id$x"));
    let token = change.token("0011223344556677").await.unwrap().unwrap();
    assert_eq!((token.account.name.as_str(), token.hash.as_str(), token.expires_at), ("alice", "$argon2id$y", None));
    assert!(token.scopes.contains(TokenScope::SignIn) && !token.scopes.contains(TokenScope::OrgRead));
    let listed = change.tokens(3).await.unwrap();
    assert_eq!((listed[0].name.as_str(), listed[0].created_at, listed[0].last_used_at), ("laptop", 9, None));
    let members = change.members(7).await.unwrap();
    assert_eq!((members[0].user.as_str(), members[0].origin, members[0].source), ("alice", Origin::Own, Source::Admin));
    assert_eq!(members[0].teams, ["ops"]);
    assert_eq!(change.session_times(7).await.unwrap(), SessionTimes::default());
    assert_eq!(change.hub_links().await.unwrap(), []);
    assert_eq!(change.sign_ins(10).await.unwrap(), []);
    change.revoke_token(3, "0011223344556677").await.unwrap();
    change.commit().await.unwrap();
}
