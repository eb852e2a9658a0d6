//! Without scripting: whatever people come for is done all the same.

use tests::browser::{Company, Scripting};

#[tokio::test(flavor = "multi_thread")]
async fn people_who_run_no_scripts_get_everything_done() {
    let company = Company::start().await;
    let olga = company.window_with('O', Scripting::Off).await;

    olga.tick("Image Access Management").await;
    olga.tick("Docker Verified Publisher images").await;
    olga.press("Save and publish").await;
    olga.says("Saved.").await;
    olga.says("On, enforced").await;
    assert!(!olga.is_ticked("Docker Verified Publisher images").await);

    olga.follow("Allowlist").await;
    olga.fill("Images", "grafana/grafana").await;
    olga.press("Allow").await;
    olga.says("grafana/grafana").await;
    olga.unfold("Remove: grafana/grafana").await;
    olga.press("Yes: remove").await;
    olga.says("The list is empty.").await;

    let alice = company.window_with('M', Scripting::Off).await;
    alice.open("/requests/new?image=evil/miner").await;
    alice.fill("Why do you need it?", "a load test").await;
    alice.press("Ask").await;
    alice.says("docker.io/evil/miner").await;

    olga.follow("Requests").await;
    olga.follow("docker.io/evil/miner").await;
    olga.press("Approve").await;
    olga.says("Approved.").await;
    alice.open("/requests").await;
    alice.says("Approved").await;

    // An invitation's secret stands in the link, behind what no browser sends: without scripting it is typed.
    olga.follow("Members and teams").await;
    olga.fill("Name", "ivan").await;
    olga.press("Invite").await;
    let text = olga.text().await;
    let link = text.lines().find(|line| line.contains("/join#")).unwrap().trim().to_owned();
    let ivan = company.window_with('n', Scripting::Off).await;
    ivan.open(&link).await;
    assert_eq!(ivan.value("Invitation").await, "");
    ivan.fill("Invitation", &link).await;
    ivan.fill("New password", company.password()).await;
    ivan.fill("The same again", company.password()).await;
    ivan.press("Join").await;
    ivan.says("You belong to acme.").await;
    ivan.follow("Sign in").await;
    ivan.sign_in("ivan", company.password()).await;
    assert_eq!(ivan.heading().await, "Image access");
}
