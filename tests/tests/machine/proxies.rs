//! A machine whose engine has a corporate proxy already: the proxy becomes the registry door's way on, with its password
//! and its exceptions; nobody is shown the password; and all of it is as before when pullgate is away again.

mod office;

use self::office::{EXCEPT, Office, PROXY};

const DOOR: &str = "http://127.0.0.1:857 http://127.0.0.1:857 \n";

/// Comes, is disabled and enabled, and goes.
async fn moves(office: Office) {
    let site = &office.site;
    let own = office.goes_through().await;
    assert!(own.contains("192.0.2.3:3128") && own.contains("10.0.0.0/8"), "{own}");
    office.fetches("before").await;
    let before = site.fingerprint().await;

    let plan = site.pullgate("install --dry-run").await;
    assert!(plan.code() == 0 && plan.stdout.contains("proxy.json"), "{}", plan.text());
    let json = site.pullgate("install --dry-run --json").await;
    assert_eq!(site.fingerprint().await, before);
    let installed = site.pullgate("install --yes").await;
    assert_eq!(installed.code(), 0, "{}", installed.text());
    office.shows_no_password(&[plan.text(), json.text(), installed.text()].concat()).await;
    let settings =
        site.machine.done("stat -c '%a %U %G' /etc/pullgate/proxy.json; cat /etc/pullgate/proxy.json").await.unwrap();
    assert!(settings.starts_with("640 root pullgate-proxy\n") && settings.contains(PROXY), "{settings}");
    assert!(settings.contains("[\"direct.corp.example\",\"*.direct.corp.example\",\"10.0.0.0/8\"]"), "{settings}");
    assert_eq!(office.goes_through().await, DOOR);
    site.asks().await;
    office.fetches("with the door").await;
    let again = site.pullgate("install --yes --json").await;
    assert!(again.code() == 0 && again.stdout.contains("\"result\":\"unchanged\""), "{}", again.text());

    // Docker without pullgate is still in the office.
    let disabled = site.pullgate("disable --for 1h --restart").await;
    assert_eq!(disabled.code(), 0, "{}", disabled.text());
    site.is_free().await;
    assert_eq!(office.goes_through().await, own);
    office.fetches("disabled").await;
    let enabled = site.pullgate("enable --restart").await;
    assert_eq!(enabled.code(), 0, "{}", enabled.text());
    assert_eq!(office.goes_through().await, DOOR);
    site.asks().await;
    office.fetches("enabled").await;

    let taken = site.pullgate("uninstall --yes").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before, "byte for byte as before");
    let left = "find /etc/pullgate /etc/systemd/system/docker.service.d -name proxy.json -o -name '*pullgate.*'; true";
    assert_eq!(site.machine.done(left).await.unwrap(), "");
    assert_eq!(office.goes_through().await, own);
    office.fetches("away").await;
    let purged = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(purged.code(), 0, "{}", purged.text());
    assert_eq!(site.leavings().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_engines_file_becomes_the_doors_way_on_and_comes_back() {
    let more = format!(
        ",\n    \"proxies\" : {{ \"http-proxy\": \"{PROXY}\",\n        \"https-proxy\": \"{PROXY}\", \"no-proxy\": \"{EXCEPT}\" }}"
    );
    moves(Office::open("trixie", &more, "").await).await;
}

/// A drop-in's text.
fn drop_in() -> String {
    let proxy = PROXY.replace('%', "%%");
    format!(
        "[Service]\nEnvironment=\"HTTP_PROXY={proxy}\"\nEnvironment=\"HTTPS_PROXY={proxy}\"\nEnvironment=\"NO_PROXY={EXCEPT}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_units_environment_becomes_the_doors_way_on_and_comes_back() {
    moves(Office::open("trixie", "", &drop_in()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_engine_20_10_whose_file_knows_no_proxies_it_is_the_same() {
    let office = Office::open("bookworm", "", &drop_in()).await;
    // Which counts more than a drop-in does.
    office
        .site
        .machine
        .write("/etc/default/docker", format!("https_proxy={PROXY}\nHTTPS_PROXY={PROXY}\n"), 0o600)
        .unwrap();
    office.site.machine.done("systemctl restart docker").await.unwrap();
    moves(office).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_the_door_cannot_speak_to_is_refused_with_the_reason() {
    let more = ",\n    \"proxies\": {\"https-proxy\": \"https://me:p%40ss@192.0.2.3:3128\"}";
    let office = Office::open("trixie", more, "").await;
    let before = office.site.fingerprint().await;
    let refused = office.site.pullgate("install --yes").await;
    assert_eq!(refused.code(), 3, "{}", refused.text());
    assert!(refused.stdout.contains("`https://`") && refused.stdout.contains("`upstreamProxy`"), "{}", refused.text());
    office.shows_no_password(&refused.text()).await;
    assert_eq!(office.site.fingerprint().await, before);
    // As it says: the administrator decides which one the door goes through.
    office
        .site
        .machine
        .write("/etc/pullgate/proxy.json", format!("{{\"upstreamProxy\": \"{PROXY}\"}}"), 0o600)
        .unwrap();
    office.site.installs("").await;
    let told = office.site.machine.done("stat -c '%a %U %G' /etc/pullgate/proxy.json").await.unwrap();
    assert_eq!(told, "640 root pullgate-proxy\n", "the door reads it");
    let taken = office.site.pullgate("uninstall --yes").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    let told = office
        .site
        .machine
        .done("stat -c '%a %U %G' /etc/pullgate/proxy.json; cat /etc/pullgate/proxy.json")
        .await
        .unwrap();
    assert_eq!(told, format!("600 root root\n{{\"upstreamProxy\": \"{PROXY}\"}}"), "as it was");
    assert_eq!(office.site.fingerprint().await, before);
}
