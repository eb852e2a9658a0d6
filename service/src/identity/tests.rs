//! Tests of [`super`].

use std::{net::Ipv4Addr, time::Duration};

use super::*;
use crate::store::{Missing, NewToken, Place};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

async fn with_alice() -> (tempfile::TempDir, Identity, AccessToken) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Create).await.unwrap();
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
        let sign_in = SignIn { realm: Realm::Service, username, secret, code: "", needs, caller };
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

const NOW_ISH: i64 = 2_000_000_000_000;

impl Identity {
    async fn open(&self, username: &str, secret: Secret, needs: Option<TokenScope>) -> Result<Verified, SignInError> {
        let caller = Caller { peer: HOME, via: Via::HubApi, machine_id: "" };
        self.verify(SignIn { realm: Realm::Service, username, secret, code: "", needs, caller }).await
    }

    /// A token of a new account of this origin, with these scopes and this end.
    async fn with_token(
        &self,
        account: &str,
        origin: crate::model::Origin,
        kind: TokenKind,
        scopes: &[TokenScope],
        expires_at: Option<i64>,
    ) -> Secret {
        let token = AccessToken::generate(kind).unwrap();
        let hash = self.hasher.hash(token.secret.clone()).await.unwrap();
        let mut change = self.store.write().await.unwrap();
        let id = change.new_account(account, origin, None, 1).await.unwrap();
        let scopes = scopes.iter().copied().collect();
        change.add_token(id, &NewToken { scopes, expires_at, ..new_token(&token.id, &hash) }, 1).await.unwrap();
        change.commit().await.unwrap();
        token.reveal()
    }

    /// Account, credential and outcome of what was written down, oldest first.
    async fn written(&self) -> Vec<(String, String, String)> {
        self.trail.flush(&self.store).await.unwrap();
        let mut rows = self.store.read().await.unwrap().sign_ins(1000).await.unwrap();
        rows.sort_by_key(|row| row.id);
        rows.into_iter().map(|row| (row.account, row.credential, row.outcome)).collect()
    }
}

#[tokio::test]
async fn each_scope_opens_what_it_names_and_a_password_opens_all() {
    use TokenScope::{OrgRead, OrgWrite, SignIn as Sign};
    let (_dir, identity, _token) = with_alice().await;
    let sets: [&[TokenScope]; 6] =
        [&[], &[Sign], &[OrgRead], &[OrgWrite], &[Sign, OrgRead], &[Sign, OrgRead, OrgWrite]];
    for (n, scopes) in sets.into_iter().enumerate() {
        let user = format!("user{n}");
        let token = identity.with_token(&user, crate::model::Origin::Own, TokenKind::Personal, scopes, None).await;
        for needs in [None, Some(Sign), Some(OrgRead), Some(OrgWrite)] {
            let opened = identity.open(&user, token.clone(), needs).await;
            match needs.filter(|needs| !scopes.contains(needs)) {
                None => assert_eq!(opened.unwrap().scopes, scopes.iter().copied().collect()),
                Some(lacks) => {
                    let error = opened.unwrap_err();
                    assert!(matches!(error, SignInError::Scope(scope) if scope == lacks), "{scopes:?} {needs:?}");
                    assert_eq!(error.answer(), Answer::Refused);
                }
            }
        }
    }
    for needs in [None, Some(Sign), Some(OrgRead), Some(OrgWrite)] {
        identity.open("alice", secret("correct horse"), needs).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_opens_until_its_end_and_says_so_only_to_who_has_it() {
    let (_dir, identity, _token) = with_alice().await;
    let (own, personal) = (crate::model::Origin::Own, TokenKind::Personal);
    let later = identity.with_token("later", own, personal, &[TokenScope::SignIn], Some(NOW_ISH)).await;
    let ended = identity.with_token("ended", own, personal, &[TokenScope::SignIn], Some(1)).await;
    let opened = identity.open("later", later, None).await.unwrap();
    assert_eq!(opened.ends(), Ends { credential_expires_at: Some(NOW_ISH), after_seconds: None });
    assert!(matches!(identity.open("ended", ended.clone(), None).await, Err(SignInError::Expired)));
    let mut wrong = ended.expose().to_owned();
    wrong.replace_range(wrong.len() - 2.., if wrong.ends_with("00") { "11" } else { "00" });
    assert!(matches!(identity.open("ended", secret(&wrong), None).await, Err(SignInError::Wrong)));
    assert!(matches!(identity.open("alice", ended, None).await, Err(SignInError::Wrong)));
}

#[tokio::test]
async fn an_organization_token_signs_in_under_its_organization_and_each_kind_under_its_own_name() {
    use crate::model::Origin;
    let (_dir, identity, personal) = with_alice().await;
    let scopes = [TokenScope::SignIn];
    let token = identity.with_token("acme/ci", Origin::Organization, TokenKind::Organization, &scopes, None).await;
    for user in ["acme", "ACME", "<token>"] {
        let opened = identity.open(user, token.clone(), None).await.unwrap();
        assert_eq!((opened.account.name.as_str(), opened.credential), ("acme/ci", CredentialKind::OrganizationToken));
    }
    assert_eq!(identity.open("<token>", personal.reveal(), None).await.unwrap().account.name, "alice");
    let dressed = |token: &Secret, from: &str, to: &str| secret(&token.expose().replacen(from, to, 1));
    for (user, wrong) in [
        ("acme/ci", token.clone()),
        ("alice", token.clone()),
        ("acm", token.clone()),
        ("acme", dressed(&token, "pg_oat_", "pg_pat_")),
        ("<token>", dressed(&token, "pg_oat_", "pg_pat_")),
        ("alice", dressed(&personal.reveal(), "pg_pat_", "pg_oat_")),
        ("<token>", AccessToken::generate(TokenKind::Organization).unwrap().reveal()),
        ("<token>", secret("correct horse")),
    ] {
        assert!(matches!(identity.open(user, wrong, None).await, Err(SignInError::Wrong)), "{user}");
    }
}

#[tokio::test]
async fn a_sign_in_of_one_origin_opens_no_account_of_another() {
    use crate::model::Origin;
    let (_dir, identity, _token) = with_alice().await;
    let hash = identity.hasher.hash(secret("a password here")).await.unwrap();
    // Past the commands, which give such accounts neither passwords nor tokens.
    let scopes = [TokenScope::SignIn];
    let at_hub = identity.with_token("hubber", Origin::DockerHub, TokenKind::Personal, &scopes, None).await;
    let by_provider = identity.with_token("dana", Origin::Oidc, TokenKind::Personal, &scopes, None).await;
    let mut change = identity.store.write().await.unwrap();
    for user in ["hubber", "dana"] {
        let id = change.account(user).await.unwrap().unwrap().id;
        change.set_password(id, user, &hash, 1).await.unwrap();
    }
    change.commit().await.unwrap();
    for (user, shown) in
        [("hubber", secret("a password here")), ("dana", secret("a password here")), ("hubber", at_hub)]
    {
        assert!(matches!(identity.open(user, shown, None).await, Err(SignInError::Wrong)), "{user}");
    }
    identity.open("dana", by_provider, None).await.expect("`pullgate login` gave it");
    let caller = Caller { peer: HOME, via: Via::Agent, machine_id: "m1" };
    let sign_in = SignIn {
        realm: Realm::DockerHub,
        username: "alice",
        secret: secret("correct horse"),
        code: "",
        needs: None,
        caller,
    };
    let refused = identity.verify(sign_in).await.unwrap_err();
    assert!(matches!(refused, SignInError::Realm) && refused.answer() == Answer::Refused);
    assert!(refused.to_string().contains("docker login"), "{refused}");
    let written = identity.written().await;
    let expected = [
        ("hubber", "password", "origin"),
        ("dana", "password", "origin"),
        ("hubber", "personal-token", "origin"),
        ("dana", "personal-token", "accepted"),
        ("", "unknown", "realm"),
    ];
    for (account, credential, outcome) in expected {
        let line = (account.to_owned(), credential.to_owned(), outcome.to_owned());
        assert!(written.contains(&line), "{line:?}: {written:?}");
    }
    assert_eq!(written.len(), expected.len());
}

#[test]
fn a_realm_from_the_future_is_none() {
    let known = [(0, Some(Realm::Service)), (1, Some(Realm::Service)), (2, Some(Realm::DockerHub))];
    for (wire, realm) in known.into_iter().chain([(3, None), (-1, None), (i32::MAX, None)]) {
        assert_eq!(Realm::from_wire(wire), realm, "{wire}");
    }
}

#[tokio::test]
async fn what_is_typed_into_the_wrong_field_is_not_written_down() {
    let (_dir, identity, _token) = with_alice().await;
    for user in ["my secret password", "alice", "pg_pat_0011"] {
        let _ = identity.open(user, secret("wrong"), None).await;
    }
    let accounts: Vec<String> = identity.written().await.into_iter().map(|(account, ..)| account).collect();
    assert_eq!(accounts.len(), 2);
    assert!(accounts.contains(&String::new()) && accounts.contains(&"alice".to_owned()), "{accounts:?}");
}

#[tokio::test]
async fn where_the_identity_provider_signs_people_in_a_wrong_password_says_so_whoever_asks() {
    let (_dir, identity, _token) = with_alice().await;
    let identity = identity.beside_logins(true);
    identity.with_token("dana", crate::model::Origin::Oidc, TokenKind::Personal, &[], None).await;
    for user in ["alice", "dana", "nobody", ""] {
        let said = identity.open(user, secret("wrong"), None).await.unwrap_err();
        assert_eq!(said.answer(), Answer::Refused);
        let expected = "the user name or the password is wrong; \
                        an account of the identity provider signs in with `pullgate login`";
        assert_eq!(said.to_string(), expected, "{user}");
    }
    identity.open("alice", secret("correct horse"), None).await.unwrap();
}
