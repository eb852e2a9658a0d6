//! Tests of [`super`].

use super::*;
use crate::store::{Missing, Place};

#[tokio::test]
async fn an_organization_that_was_closed_a_moment_ago_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Create).await.unwrap();
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    change.commit().await.unwrap();
    let open = async |on: bool| {
        let mut change = store.write().await.unwrap();
        change.set_hub_organization(acme, on.then_some("acmehub")).await.unwrap();
        change.set_oidc_groups(acme, on).await.unwrap();
        change.commit().await.unwrap();
    };
    let (alice, bob): (Name, Name) = ("alice".parse().unwrap(), "bob".parse().unwrap());
    let (organizations, groups) = ([("acmehub".to_owned(), true)], ["acme".to_owned()]);
    let settle_both = async || {
        let claims = [
            Claim { name: &alice, says: Says::DockerHub { organizations: &organizations } },
            Claim { name: &bob, says: Says::Oidc { subject: "https://id 1", groups: &groups } },
        ];
        let mut settled = Vec::new();
        for claim in claims {
            settled.push(settle(&store, claim).await.map(|account| account.name));
        }
        settled
    };
    // What others say was heard before; which organizations are open to them counts when it is written.
    for settled in settle_both().await {
        assert!(matches!(settled, Err(SignInError::NotMember(_))), "{settled:?}");
    }
    open(true).await;
    assert!(settle_both().await.iter().all(Result::is_ok));
    assert_eq!(store.read().await.unwrap().members(acme).await.unwrap().len(), 2);
    open(false).await;
    settle_both().await;
    assert_eq!(store.read().await.unwrap().members(acme).await.unwrap(), []);
}

#[tokio::test]
async fn teams_that_groups_name_are_made_with_their_line_as_long_as_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::Directory(dir.path().to_owned()), Missing::Create).await.unwrap();
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    change.set_oidc_groups(acme, true).await.unwrap();
    for number in 1..crate::store::MAX_TEAMS {
        change.ensure_team(acme, &format!("t{number}"), 1).await.unwrap();
    }
    change.commit().await.unwrap();
    let bob: Name = "bob".parse().unwrap();
    let groups = ["acme:t1", "acme:new", "acme:one-too-many"].map(str::to_owned);
    let mut lines = 0;
    for _ in 0..2 {
        settle(&store, Claim { name: &bob, says: Says::Oidc { subject: "https://id 1", groups: &groups } })
            .await
            .unwrap();
        let mut view = store.read().await.unwrap();
        assert_eq!(view.members(acme).await.unwrap()[0].teams, ["new", "t1"]);
        assert_eq!(view.team_names(acme).await.unwrap().len(), crate::store::MAX_TEAMS);
        let all = view.audit_lines(10).await.unwrap();
        let made: Vec<_> = all.iter().filter(|line| line.act == "team.add").collect();
        assert_eq!((made.len(), made[0].target.as_str(), made[0].actor.as_str()), (1, "new", "oidc"));
        assert!(lines == 0 || lines == all.len(), "the second time nothing is written");
        lines = all.len();
    }
}
