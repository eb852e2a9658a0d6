//! Members, teams, tokens and badges.

use super::*;
use crate::store::TrailFilter;

const MEMBERS: &str = "/orgs/acme/members";

#[tokio::test]
async fn somebody_new_joins_by_the_link_and_somebody_known_by_saying_yes() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    for team in ["ops", "web"] {
        assert_eq!(olga.submit("/orgs/acme/teams/add", &[("team", team)]).await.location(), MEMBERS);
    }
    let made = olga
        .submit("/orgs/acme/members/invite", &[("user", "Carol"), ("role", "auditor"), ("teams", "ops, web")])
        .await;
    let code = made.text.split("data-here=\"/join#").nth(1).unwrap_or_else(|| panic!("{}", made.text));
    let code = code.split('"').next().unwrap().to_owned();
    assert!(!olga.get(MEMBERS).await.says(&code), "it is shown once");
    assert!(olga.get(MEMBERS).await.says("Invitations that wait"));
    let join = async |code: &str, password: &str, again: &str| {
        let body = encode(&[("code", code), ("password", password), ("again", again)]);
        world.send(form("/join", "", body)).await
    };
    for (code, password, again, said) in [
        (code.as_str(), "short", "short", "too short"),
        (code.as_str(), PASSWORD, "another one", "not the same"),
        ("x", PASSWORD, PASSWORD, "no such invitation"),
    ] {
        let page = join(code, password, again).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{said}: {}", page.text);
        assert!(!page.says(PASSWORD));
    }
    let joined = join(&format!("https://h/join#{code}"), PASSWORD, PASSWORD).await;
    assert!(joined.status == StatusCode::OK && joined.says("Your user name is <b>carol</b>"), "{}", joined.text);
    assert_eq!(join(&code, PASSWORD, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it works once");
    assert!(world.sign_in("carol").await.get(MEMBERS).await.says("ops, web"));
    let accepted = TrailFilter {
        organization: "acme",
        before: i64::MAX,
        actor: "user:carol",
        act: "invitation.accept",
        since_ms: 0,
        until_ms: i64::MAX,
    };
    let [line] = world.store.read().await.unwrap().trail(&accepted, 2).await.unwrap().try_into().unwrap();
    assert_eq!((line.via.as_str(), line.peer.as_str()), ("invitation", "192.0.2.7"));

    let nobody = world.sign_in("nobody").await;
    for answer in ["no", "yes"] {
        olga.submit("/orgs/acme/members/invite", &[("user", "nobody"), ("role", "member")]).await;
        let page = nobody.get("/account").await;
        assert!(page.says("invites you to <b>acme</b>"), "{}", page.text);
        let fields = [("invitation", page.hidden("invitation")), ("answer", answer.to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(nobody.submit("/account/invitations", &fields).await.location(), "/account");
        assert_eq!(nobody.get(POLICY).await.status == StatusCode::OK, answer == "yes");
        assert_eq!(nobody.submit("/account/invitations", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn members_and_teams_are_changed_by_who_may() {
    let world = World::new().await;
    let (olga, adam, alice) = (world.sign_in("olga").await, world.sign_in("adam").await, world.sign_in("alice").await);
    assert_eq!(olga.submit("/orgs/acme/teams/add", &[("team", "ops")]).await.location(), MEMBERS);
    let page = olga.get(MEMBERS).await;
    // The second one: adam, alice, audrey, olga.
    let seen = page.text.split("name=\"seen\" value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let change = [("user", "alice"), ("role", "admin"), ("teams", "ops"), ("seen", seen.as_str())];
    assert_eq!(olga.submit("/orgs/acme/members/change", &change).await.location(), MEMBERS);
    let late = olga.submit("/orgs/acme/members/change", &change).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.says("changed meanwhile"), "{}", late.text);
    for (address, fields, said) in [
        ("remove", vec![("user", "olga")], "last owner"),
        ("change", vec![("user", "nobody"), ("role", "member"), ("seen", "")], "meanwhile"),
        ("invite", vec![("user", "alice"), ("role", "member")], "is a member of"),
        ("invite", vec![("user", "newcomer"), ("role", "member"), ("teams", "nope")], "; make it first"),
        ("invite", vec![("user", "No Body"), ("role", "member")], "is not a name"),
    ] {
        let page = olga.submit(&format!("{MEMBERS}/{address}"), &fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{said}: {}", page.text);
    }
    assert_eq!(
        adam.submit("/orgs/acme/teams/add", &[("team", "web"), ("description", "pages")]).await.location(),
        MEMBERS
    );
    assert!(adam.submit("/orgs/acme/teams/add", &[("team", "web")]).await.says("has a team"));
    let put = [("team", "web"), ("user", "audrey"), ("in", "yes")];
    assert_eq!(adam.submit("/orgs/acme/teams/person", &put).await.location(), MEMBERS);
    assert!(olga.get(MEMBERS).await.says("Take out: audrey, of web"));
    for (user, said) in [("nobody", "nobody"), ("No Body", "is not a name"), ("", "name")] {
        let page = adam.submit("/orgs/acme/teams/person", &[("team", "web"), ("user", user), ("in", "yes")]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{user}: {}", page.text);
    }
    let found = adam.get("/orgs/acme/members?find=AUD").await;
    assert!(found.says("1 of ") && found.says(">audrey</th>") && !found.says(">alice</th>"), "{}", found.text);
    assert_eq!(adam.submit("/orgs/acme/teams/person", &put[..2]).await.location(), MEMBERS);
    assert_eq!(adam.submit("/orgs/acme/teams/remove", &[("team", "web")]).await.location(), MEMBERS);
    assert!(!adam.get(MEMBERS).await.says("/members/invite"), "an admin is not offered what only owners may");
    for (deed, fields) in [
        ("members/invite", vec![("user", "x"), ("role", "owner")]),
        ("members/change", vec![("user", "audrey"), ("role", "owner"), ("seen", "x")]),
        ("members/remove", vec![("user", "audrey")]),
        ("members/uninvite", vec![("invitation", "x")]),
    ] {
        for browser in [&adam, &world.sign_in("audrey").await] {
            let page = browser.submit(&format!("/orgs/acme/{deed}"), &fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{deed}: {}", page.text);
        }
    }
    let later = olga.get("/orgs/acme/members?find=al&after=adam").await;
    assert_eq!((later.hidden("find"), later.hidden("after")), ("al".to_owned(), "adam".to_owned()));
    let remove = [("user", "alice"), ("find", "al"), ("after", "adam")];
    let back = olga.submit("/orgs/acme/members/remove", &remove).await;
    assert_eq!(back.location(), "/orgs/acme/members?find=al&after=adam", "on the page where it was said");
    assert_eq!(alice.get(POLICY).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tokens_are_shown_once_and_ended() {
    let world = World::new().await;
    let (olga, adam, alice) = (world.sign_in("olga").await, world.sign_in("adam").await, world.sign_in("alice").await);
    let new =
        [("name", "ci"), ("teams", ""), ("until", "2999-12-31"), ("scope-sign-in", "on"), ("scope-org:read", "on")];
    for (browser, page, end, begins) in
        [(&olga, "/orgs/acme/tokens", "/orgs/acme/tokens/end", "pg"), (&alice, "/account", "/account/tokens/end", "pg")]
    {
        let make = if page == "/account" { "/account/tokens" } else { page };
        let made = browser.submit(make, &new).await;
        let secret = made.text.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{}", made.text));
        let secret = secret.split('<').next().unwrap();
        assert!(secret.starts_with(begins), "{secret}");
        let listed = browser.get(page).await;
        assert!(!listed.says(secret) && listed.says("2999-12-31") && listed.says("org:read"), "{}", listed.text);
        let id = listed.hidden("token");
        let aimless = browser.submit(make, &[("name", "x")]).await;
        assert!(aimless.status == StatusCode::UNPROCESSABLE_ENTITY && aimless.says("what the token is for"));
        assert_eq!(browser.submit(end, &[("token", &id)]).await.location(), page, "and the browser stays signed in");
        assert!(browser.submit(end, &[("token", &id)]).await.says("no such token"));
    }
    assert_eq!(adam.get("/orgs/acme/tokens").await.status, StatusCode::OK);
    for (browser, status) in [(&adam, StatusCode::FORBIDDEN), (&alice, StatusCode::FORBIDDEN)] {
        assert_eq!(browser.submit("/orgs/acme/tokens", &new).await.status, status);
        assert_eq!(browser.submit("/orgs/acme/tokens/end", &[("token", "x")]).await.status, status);
    }
    assert_eq!(alice.get("/orgs/acme/tokens").await.status, StatusCode::FORBIDDEN);
    let audit = olga.get("/orgs/acme/audit?act=organization").await;
    assert!(audit.says("organization.token.create") && audit.says("browser from 192.0.2.7"), "{}", audit.text);
    assert!(olga.get("/orgs/acme/audit?actor=adam").await.says("Nothing of that kind was done"));
    assert!(olga.get("/orgs/acme/audit?actor=olga").await.says("organization.token.revoke"));
    assert_eq!(alice.get("/orgs/acme/audit").await.status, StatusCode::FORBIDDEN);
    // What belongs to no organization is for who owns or audits all of them, and is not offered to others.
    let service = olga.get("/orgs/acme/audit?of=service").await;
    assert_eq!(service.status, StatusCode::FORBIDDEN, "{}", service.text);
    assert!(!audit.says("The whole service"), "{}", audit.text);
}

#[tokio::test]
async fn badges_are_given_by_who_owns_every_organization() {
    let world = World::new().await;
    let (olga, alice) = (world.sign_in("olga").await, world.sign_in("alice").await);
    let give = [("publishers", "grafana\nbitnami sponsored-open-source"), ("badge", "verified-publisher")];
    assert!(!olga.get("/publishers").await.says("textarea"), "beta is not hers");
    assert_eq!(olga.submit("/publishers", &give).await.status, StatusCode::FORBIDDEN);
    let mut change = world.store.write().await.unwrap();
    let account = change.account("olga").await.unwrap().unwrap().id;
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    change.set_member(beta, account, Role::Owner, &[]).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(olga.submit("/publishers", &give).await.location(), "/publishers");
    let page = alice.get("/publishers?search=GRAF").await;
    assert!(page.says("grafana") && !page.says("bitnami") && !page.says("Take away"), "{}", page.text);
    let wrong = olga.submit("/publishers", &[("publishers", "a badge"), ("badge", "verified-publisher")]).await;
    assert!(
        wrong.status == StatusCode::UNPROCESSABLE_ENTITY
            && wrong.says("is no badge")
            && wrong.says("a badge</textarea>")
    );
    assert_eq!(alice.submit("/publishers/take", &[("namespace", "grafana")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(olga.submit("/publishers/take", &[("namespace", "grafana")]).await.location(), "/publishers");
    assert!(olga.submit("/publishers/take", &[("namespace", "grafana")]).await.says("has no badge"));
}
