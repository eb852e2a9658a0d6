//! The main job in the browser, with a real engine: an owner drafts a policy, sees what it would do and publishes it, a
//! developer's pull is refused, they ask, the owner approves, the pull works.

use std::time::Duration;

use installer::lab::{Account, Options, wait_until};
use tests::{
    SETTLE, Station,
    browser::{Driver, Scripting, Window},
    station, told,
};

const IMAGE: &str = "evil/miner";

/// A browser in which the page of this address is shown, after somebody signed in.
async fn signed_in(driver: &Driver, station: &Station, who: &Account, address: &str) -> Window {
    let window = driver.window(&station.service.url(), Scripting::On).await;
    window.open(address).await;
    window.sign_in(who.name, &who.password).await;
    window
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_in_the_browser_and_docker_follows() {
    let station = station(&Options::default()).await;
    let driver = Driver::start(&station.lab).await.unwrap();
    station.sign_in(&station.member).await.unwrap();
    station.pulls(IMAGE).await;

    let owner = signed_in(&driver, &station, &station.owner, "/").await;
    owner.says("Off: nobody is restricted").await;
    owner.tick("Image Access Management").await;
    owner.tick("Docker Verified Publisher images").await;
    owner.fill("Message", "We pull from publishers that we know.").await;
    owner.fill("Page to ask at", &format!("{}/requests/new", station.service.url())).await;
    // The pull from before is known here as soon as the agent has handed it over.
    let known = async || {
        owner.press("Preview").await;
        let text = owner.text().await;
        if text.contains("docker.io/evil/miner") { Ok(text) } else { Err(text) }
    };
    let preview = wait_until("the preview to know the pull", SETTLE, known).await.unwrap();
    assert!(preview.contains("Newly refused") && preview.contains(station.member.name), "{preview}");
    // The one person is more than a tenth of all: the owner has to mean it.
    owner.fill("Type the number of people who would lose something", "1").await;
    owner.press("Publish").await;
    owner.says("On, enforced").await;
    station.plugin.wait_for_check(&[IMAGE], [false], SETTLE).await.unwrap();

    let refused = station.docker.run(&["pull", IMAGE]).await.unwrap();
    assert_eq!(refused.code(), 1, "{}", told(&refused));
    assert!(refused.text().contains("We pull from publishers that we know."), "{}", told(&refused));
    // As the owner picked the categories.
    station.pulls("hello").await;
    station.refuses("verifiedco/tool", "verified").await;

    owner.follow("Activity").await;
    owner.comes_to_say("docker.io/evil/miner").await;
    owner.says("refused").await;

    let text = refused.text();
    let link = text.split("Ask for it: ").nth(1).and_then(|rest| rest.split([' ', '\n']).next()).unwrap();
    let developer = signed_in(&driver, &station, &station.member, link).await;
    assert_eq!(developer.value("Image").await, "docker.io/evil/miner");
    developer.fill("Why do you need it?", "the load test of the new cluster").await;
    developer.press("Ask").await;
    developer.says("Waiting").await;

    owner.follow("Requests").await;
    owner.follow("docker.io/evil/miner").await;
    owner.says("the load test of the new cluster").await;
    owner.choose("For how long", "7 days").await;
    owner.press("Approve").await;
    owner.says("Approved.").await;
    // The page came after the approval, so this is a second at most since then.
    station.plugin.wait_for_check(&[IMAGE], [true], Duration::from_secs(1)).await.unwrap();
    station.pulls(IMAGE).await;
    developer.open("/requests").await;
    developer.says("Approved").await;

    // What the machine says of itself: there is no registry door at this station.
    owner.follow("Machines").await;
    owner.comes_to_say("no registry door follows the policy there").await;
    owner.says("engine 2").await;
}
