//! Tests of [`super`].

use std::{net::Ipv4Addr, time::Duration};

use super::*;
use crate::store::{Missing, NewToken};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn with_alice() -> (tempfile::TempDir, Identity, AccessToken) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Missing::Create).await.unwrap();
    let hasher = Hasher::new().unwrap();
    let token = AccessToken::generate(TokenKind::Personal).unwrap();
    let hash = hasher.hash(secret("correct horse")).await.unwrap();
    let token_hash = hasher.hash(token.secret.clone()).await.unwrap();
    let mut change = store.write().await.unwrap();
    let account = change.add_account("alice", &hash, 1).await.unwrap();
    change.add_account("bob", &hash, 1).await.unwrap();
    change.add_token(account, &new_token(&token.id, &token_hash), 1).await.unwrap();
    change.commit().await.unwrap();
    (dir, Identity::new(store, hasher, None, Trail::default()), token)
}

fn new_token<'a>(id: &'a str, hash: &'a str) -> NewToken<'a> {
    NewToken { id, name: "laptop", hash, scopes: [TokenScope::SignIn].into_iter().collect(), expires_at: None }
}

impl Identity {
    /// As an agent asks for a sign-in.
    async fn sign_in(&self, username: &str, secret: Secret, peer: IpAddr) -> Result<Account, SignInError> {
        let caller = Caller { peer, via: Via::Agent, machine_id: "m1" };
        let needs = Some(TokenScope::SignIn);
        let sign_in = SignIn { realm: Realm::Service, username, secret, needs, caller };
        Ok(self.verify(sign_in).await?.account)
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn password_and_token_open_their_own_account_only() {
    let (_dir, identity, token) = with_alice().await;
    for user in ["alice", "Alice", " alice "] {
        assert_eq!(identity.sign_in(user, secret("correct horse"), HOME).await.unwrap().name, "alice");
    }
    assert_eq!(identity.sign_in("alice", token.reveal(), HOME).await.unwrap().name, "alice");
    for (user, wrong) in [
        ("alice", secret("wrong")),
        ("alice", secret("")),
        ("alice", secret(&"x".repeat(MAX_SECRET_BYTES + 1))),
        ("", secret("correct horse")),
        ("bob", token.reveal()),
        ("nobody", secret("nobody")),
        ("alice", AccessToken::generate(TokenKind::Personal).unwrap().reveal()),
    ] {
        assert!(matches!(identity.sign_in(user, wrong, HOME).await, Err(SignInError::Wrong)), "{user}");
    }
}

#[tokio::test]
async fn failures_are_limited_and_an_ended_token_opens_nothing() {
    let (_dir, identity, token) = with_alice().await;
    let account = identity.store.read().await.unwrap().account("alice").await.unwrap().unwrap();
    let mut change = identity.store.write().await.unwrap();
    change.revoke_token(account.id, &token.id).await.unwrap();
    change.commit().await.unwrap();
    let after = identity.store.read().await.unwrap().account("alice").await.unwrap().unwrap();
    assert!(after.credential_epoch > account.credential_epoch, "who was signed in has to sign in again");
    let mut limited = None;
    for _ in 0..20 {
        // It does not exist any more: as good as a guess.
        match identity.sign_in("alice", token.reveal(), HOME).await {
            Err(SignInError::Wrong) => assert!(limited.is_none()),
            Err(SignInError::Limited(wait)) => limited = Some(wait),
            other => panic!("{other:?}"),
        }
    }
    assert!(limited.unwrap() > Duration::ZERO);
    assert!(matches!(identity.sign_in("alice", secret("correct horse"), HOME).await, Err(SignInError::Limited(_))));
    identity.sign_in("bob", secret("correct horse"), HOME).await.unwrap();
}

#[tokio::test]
async fn strangers_cannot_lock_anybody_out() {
    let (_dir, identity, token) = with_alice().await;
    let office = IpAddr::from([192, 0, 2, 7]);
    identity.sign_in("alice", secret("correct horse"), office).await.unwrap();
    for _ in 0..20 {
        identity.sign_in("alice", secret("wrong"), HOME).await.unwrap_err();
    }
    assert!(matches!(identity.sign_in("alice", secret("wrong"), HOME).await, Err(SignInError::Limited(_))));
    identity.sign_in("alice", secret("correct horse"), office).await.unwrap();
    identity.sign_in("alice", token.reveal(), HOME).await.expect("a token is no guess");
}

#[tokio::test]
async fn a_fault_of_the_service_is_no_wrong_password_and_costs_nothing() {
    let (_dir, identity, _token) = with_alice().await;
    let mut change = identity.store.write().await.unwrap();
    let alice = change.account("alice").await.unwrap().unwrap().id;
    change.set_password(alice, "alice", "$argon2id$damaged", 1).await.unwrap();
    change.commit().await.unwrap();
    for _ in 0..30 {
        let failed = identity.sign_in("alice", secret("correct horse"), HOME).await;
        assert!(matches!(failed, Err(SignInError::Internal(_))), "{failed:?}");
    }
}
