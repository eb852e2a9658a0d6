//! Each form of each page, filled in once as people do.

use tests::browser::{Company, Window};

/// A day as Chromium's field takes it: month, day, year.
const LAST_DAY: &str = "12312099";

#[tokio::test(flavor = "multi_thread")]
async fn people_are_invited_join_get_roles_and_teams_and_go() {
    let company = Company::start().await;
    let olga = company.window('O').await;
    olga.follow("Members and teams").await;
    olga.says("4 members").await;

    olga.fill("New team", "web").await;
    olga.fill("What it is", "the shop").await;
    olga.press("Add").await;
    olga.says("web").await;

    olga.fill("Name", "ivan").await;
    olga.fill("Teams", "web").await;
    olga.press("Invite").await;
    olga.says("ivan is invited.").await;
    let text = olga.text().await;
    let link = text.lines().find(|line| line.contains("/join#")).unwrap().trim().to_owned();
    assert!(link.starts_with(&company.service.url()), "a whole address to hand on: {link}");

    let ivan = company.window('n').await;
    ivan.open(&link).await;
    assert_eq!(ivan.path().await, "/join", "the secret is out of the address");
    ivan.fill("New password", company.password()).await;
    ivan.fill("The same again", "correct horse").await;
    ivan.press("Join").await;
    ivan.says("The two passwords are not the same").await;
    ivan.fill("New password", company.password()).await;
    ivan.fill("The same again", company.password()).await;
    ivan.press("Join").await;
    ivan.says("You belong to acme.").await;
    ivan.follow("Sign in").await;
    ivan.sign_in("ivan", company.password()).await;
    ivan.says("You can look at this policy.").await;

    olga.follow("Members and teams").await;
    olga.says("5 members").await;
    olga.unfold("Change ivan").await;
    olga.choose_at("role-ivan", "Auditor: sees everything, is restricted").await;
    olga.press("Save").await;
    olga.says("Saved.").await;
    ivan.open("/orgs/acme/activity").await;
    assert_eq!(ivan.heading().await, "Activity", "an auditor sees it");

    olga.fill("Name", "judy").await;
    olga.press("Invite").await;
    olga.follow("Members and teams").await;
    olga.unfold("Take back: judy").await;
    olga.press("Yes: take back").await;
    olga.says_not("judy").await;

    olga.unfold("Remove: ivan").await;
    olga.press("Yes: remove").await;
    olga.says("4 members").await;
    ivan.open("/orgs/acme/activity").await;
    assert_eq!(ivan.heading().await, "Not here", "who left sees nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_requests_tokens_and_publishers_are_changed_as_people_do() {
    let company = Company::start().await;
    let (olga, alice) = tokio::join!(company.window('O'), company.window('M'));
    lists(&olga).await;
    requests(&olga, &alice).await;
    tokens(&olga).await;
    publishers(&olga).await;
    assert_eq!(olga.complaints().await, [""; 0]);
    assert_eq!(alice.complaints().await, [""; 0]);
}

async fn lists(olga: &Window) {
    olga.follow("Allowlist").await;
    olga.fill("Images", "grafana/grafana:11.*").await;
    olga.choose("For", "The person named beside").await;
    olga.fill("Team or person", "alice").await;
    olga.fill("Until (empty: for good)", LAST_DAY).await;
    olga.fill("Why", "dashboards").await;
    olga.press("Allow").await;
    olga.says("Saved.").await;
    olga.says("dashboards").await;
    olga.fill("Images", "Not An Image").await;
    olga.press("Allow").await;
    assert_eq!(olga.value("Images").await, "Not An Image", "what was typed is not lost");
    assert_eq!(olga.run("return document.querySelector('[aria-invalid]').id").await, "pattern");

    olga.follow("Denylist").await;
    olga.fill("Images", "evil/*").await;
    olga.press("Deny").await;
    olga.says("evil/*").await;
    olga.unfold("Remove: evil/*").await;
    olga.press("Yes: remove").await;
    olga.says("The list is empty.").await;
}

async fn requests(olga: &Window, alice: &Window) {
    olga.follow("Image access").await;
    olga.tick("Image Access Management").await;
    olga.fill("Registries", "Not A Host").await;
    olga.press("Save and publish").await;
    assert!(olga.is_ticked("Image Access Management").await, "what was chosen is not lost");
    assert_eq!(olga.run("return document.querySelector('[aria-invalid]').id").await, "registries");
    olga.fill("Registries", "ghcr.io").await;
    olga.press("Save and publish").await;
    olga.says("On, enforced").await;

    alice.follow("My policy").await;
    alice.fill("Image", "evil/miner").await;
    alice.press("Try").await;
    alice.says("would be refused.").await;
    for image in ["evil/miner", "evil/other", "evil/third"] {
        alice.open(&format!("/requests/new?image={image}")).await;
        assert_eq!(alice.value("Image").await, image);
        alice.fill("Why do you need it?", "a load test").await;
        alice.press("Ask").await;
    }
    alice.press("Take back the request for docker.io/evil/third").await;
    alice.says("Taken back").await;

    olga.follow("Requests").await;
    olga.says_not("docker.io/evil/third").await;
    olga.follow("docker.io/evil/other").await;
    olga.fill("Reason", "we have our own: acme/other").await;
    olga.press("Deny").await;
    olga.follow("docker.io/evil/miner").await;
    olga.choose("For how long", "7 days").await;
    olga.fill("A word to alice", "for the test").await;
    olga.press("Approve").await;
    olga.says("Nothing waits for an answer.").await;
    olga.follow("All").await;
    olga.says("docker.io/evil/miner").await;

    alice.open("/requests").await;
    alice.says("for the test").await;
    alice.says("we have our own: acme/other").await;
    alice.open("/my-policy?image=evil/miner").await;
    alice.says("may be pulled.").await;
}

async fn tokens(olga: &Window) {
    for (link, owner) in [("Tokens", "ci"), ("Account", "my laptop")] {
        olga.follow(link).await;
        olga.fill("What it is for", owner).await;
        olga.fill("Until (empty: for good)", LAST_DAY).await;
        olga.tick("Read over the API").await;
        olga.press("Make").await;
        olga.says("it is shown once").await;
        let secret = olga.run("return document.querySelector('#secret').innerText").await;
        let secret = secret.as_str().unwrap().trim().to_owned();
        assert!(secret.len() > 20, "{secret}");
        olga.follow(link).await;
        olga.says(owner).await;
        olga.says_not(&secret).await;
        olga.unfold(&format!("End: {owner}")).await;
        olga.press("Yes: end").await;
        olga.says("Ended: machines that signed in with it are signed out.").await;
    }
}

async fn publishers(olga: &Window) {
    olga.follow("Publishers").await;
    olga.fill("Namespaces", "grafana\ntraefik sponsored-open-source").await;
    olga.press("Give").await;
    olga.says("2 namespaces in the directory").await;
    olga.fill("Namespace", "traef").await;
    olga.press("Search").await;
    olga.says("Docker-Sponsored Open Source").await;
    olga.follow("Publishers").await;
    olga.unfold("Take away: grafana").await;
    olga.press("Yes: take away").await;
    olga.says("1 namespace in the directory").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_browsers_and_namespaces_are_changed_as_people_do() {
    let company = Company::start().await;
    let (olga, other) = tokio::join!(company.window('O'), company.window('O'));
    olga.follow("Namespaces").await;
    olga.says("docker.io/acme/*").await;
    olga.fill("Namespace", "acme/app").await;
    olga.press("Add").await;
    assert_eq!(olga.value("Namespace").await, "acme/app", "what was typed is not lost");
    assert_eq!(olga.run("return document.querySelector('[aria-invalid]').id").await, "namespace");
    olga.fill("Namespace", "acme-tools").await;
    olga.press("Add").await;
    olga.says("docker.io/acme-tools/*").await;
    olga.unfold("Remove: acme-tools").await;
    olga.press("Yes: remove").await;
    olga.says_not("acme-tools").await;

    let change = async |current: &str, new: &str, again: &str| {
        olga.fill("Current password", current).await;
        olga.fill("New password", new).await;
        olga.fill("The same again", again).await;
        olga.press("Change").await;
    };
    let new = "another long password";
    olga.follow("Account").await;
    change("not the password", new, new).await;
    olga.says("The current password is wrong.").await;
    assert_eq!(olga.run("return document.querySelector('[aria-invalid]').id").await, "current");
    change(company.password(), new, "another long passwort").await;
    olga.says("The two passwords are not the same.").await;
    change(company.password(), new, new).await;
    olga.says("Changed.").await;
    other.open("/account").await;
    assert_eq!(other.heading().await, "Sign in", "who knew the old one is out");
    other.sign_in("olga", new).await;

    olga.follow("Account").await;
    // What the browsers call themselves is Chromium's business.
    let other_one = olga.run("return document.querySelector('summary[aria-label^=\"Sign out: \"]').ariaLabel").await;
    olga.unfold(other_one.as_str().unwrap()).await;
    olga.press("Yes: sign out").await;
    olga.says("That browser is signed out.").await;
    other.open("/account").await;
    assert_eq!(other.heading().await, "Sign in");
    assert_eq!(olga.complaints().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_found_and_taken_along() {
    let company = Company::busy().await;
    let audrey = company.window('U').await;
    audrey.follow("Activity").await;
    audrey.says("docker.io/cryptojack/xmrig").await;
    audrey.fill("Image", "miner").await;
    audrey.fill("Person", "adam").await;
    audrey.choose("From", "Last 7 days").await;
    audrey.press("Search").await;
    audrey.says("docker.io/evil/miner").await;
    let decisions = "return document.querySelectorAll('#h-list ~ table tbody tr').length";
    assert_eq!(audrey.run(decisions).await, 1, "adam's alone");

    audrey.click("Export as CSV").await;
    let csv = company.downloaded("activity-acme.csv").await;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "as it was searched for: {csv}");
    assert!(lines[0].starts_with("received,machine,user,") && lines[1].contains(",adam,"), "{csv}");
    audrey.click("Export as JSON").await;
    let json: serde_json::Value = serde_json::from_str(&company.downloaded("activity-acme.json").await).unwrap();
    assert_eq!((&json["whole"], json["records"].as_array().unwrap().len()), (&true.into(), 1), "{json}");

    audrey.follow("Machines").await;
    audrey.fill("Person", "alice").await;
    audrey.press("Search").await;
    audrey.says("alice").await;

    audrey.follow("Audit log").await;
    audrey.choose("What", "Requests").await;
    audrey.press("Search").await;
    audrey.says("request.approve").await;
    audrey.says_not("member.").await;
}
