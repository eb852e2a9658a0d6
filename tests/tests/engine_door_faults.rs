//! The registry door while something around it is broken: a clear error, never an allowed pull,
//! never a wait without an end.

use std::time::{Duration, Instant};

use installer::lab::wait_until;
use proto::document::{Categories, Mode, Policy, Push, Registries, Settings, WhenExpired};
use tests::{
    SETTLE,
    door::{Client, Got, Setup, Site, broken},
    engines::{Authority, Flavour, Stock},
};

const COMMUNITY: &str = "is a community image";
const MANIFEST: &str = "manifests/latest";
const BLOB: &str = "blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn policy() -> Policy {
    let hosts = [broken::HOST, broken::FORGED, broken::MISNAMED, broken::PLAIN, broken::NOBODY];
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries { controlled: true, hosts: hosts.iter().map(|&host| host.to_owned()).collect() }),
        // A registry where nothing could be refused is nobody's business, and is not looked into.
        settings: Some(Settings { push: Some(Push::default()), ..Settings::default() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// With what its registries have, which goes when it goes.
async fn site() -> (Site, Stock) {
    let stock = Stock::of(["library/hello:latest", "evil/miner:latest"]).await.unwrap();
    let site = Site::start(Flavour::newest(), &stock, &Authority::new(policy()), Setup::default()).await.unwrap();
    (site, stock)
}

/// An image comes in.
async fn pulls(site: &Site, image: &str) {
    let output = site.docker(&["pull", image]).await;
    assert!(output.code() == 0 && output.text().contains("Downloaded newer image"), "{}", site.told(&output));
    site.docker(&["image", "rm", "--force", image]).await.success().unwrap();
}

/// It does not, in these words, and no registry hears of it.
async fn refuses(site: &Site, image: &str, words: &str) {
    drop(site.registries.take());
    let output = site.docker(&["pull", image]).await;
    assert!(output.code() == 1 && output.text().contains(words), "expected `{words}`: {}", site.told(&output));
    assert!(site.registries.take().is_empty(), "a registry was asked");
}

/// Waits until the engine's pull of an image ends in these words.
async fn refused_at_last(site: &Site, image: &str, words: &str) {
    let refused = || async {
        let output = site.docker(&["pull", image]).await;
        if output.code() == 1 && output.text().contains(words) { Ok(()) } else { Err(site.told(&output)) }
    };
    wait_until(&format!("`{image}` refused: {words}"), SETTLE, refused).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_is_killed_breaks_the_pull_and_nothing_else() {
    let (mut site, _stock) = site().await;
    let broken = site.broken().unwrap();
    let image = format!("{}/slow/layer", broken::HOST);
    let pull = site.begin(&["pull", &image]);
    let layer = || async {
        let heads = broken[0].heads();
        if heads.iter().any(|head| head.starts_with("GET") && head.contains("/blobs/")) {
            Ok(())
        } else {
            Err(format!("{heads:?}"))
        }
    };
    wait_until("a layer on its way", SETTLE, layer).await.unwrap();
    site.door().process().kill();
    let output = pull.await.unwrap().unwrap();
    let text = output.text();
    // Refused, or reset: the engine may have been dialling again just as the listener went.
    let names_the_door = ["refused", "reset by peer"]
        .iter()
        .any(|end| text.contains(&format!("dial tcp 127.0.0.1:857: connect: connection {end}")));
    assert!(output.code() == 1 && names_the_door, "{}", site.told(&output));
    refuses(&site, "hello", "connection refused").await;

    site.restart_door().await.unwrap();
    pulls(&site, "hello").await;
    refuses(&site, "evil/miner", COMMUNITY).await;
    site.docker(&["pull", &image]).await.success().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_plugin_the_door_keeps_what_it_has_and_follows_it_again() {
    let (mut site, _stock) = site().await;
    pulls(&site, "hello").await;
    site.plugin.process().kill();
    pulls(&site, "hello").await;
    refuses(&site, "evil/miner", COMMUNITY).await;

    site.plugin.restart(&site.lab).await.unwrap();
    let stricter = Policy { categories: Some(Categories::default()), ..policy() };
    let changed = site.documents.changed(stricter, site.documents.role());
    changed.put_in_force(&site.lab, &site.plugin).await.unwrap();
    refused_at_last(&site, "hello", "is a Docker Official Image").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_never_heard_from_the_plugin_refuses_until_it_does() {
    let (mut site, _stock) = site().await;
    site.plugin.process().kill();
    site.door().process().kill();
    site.restart_door().await.unwrap();
    let started = Instant::now();
    refuses(&site, "hello", "has not heard from the plugin").await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());

    site.plugin.restart(&site.lab).await.unwrap();
    let heard = || async {
        let output = site.docker(&["pull", "hello"]).await;
        if output.code() == 0 { Ok(()) } else { Err(site.told(&output)) }
    };
    wait_until("the door to hear from the plugin", SETTLE, heard).await.unwrap();
    refuses(&site, "evil/miner", COMMUNITY).await;
}

/// What an engine says of a registry that is broken, and how long that takes.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_says_what_is_wrong_with_a_registry() {
    let (site, _stock) = site().await;
    let _broken = site.broken().unwrap();
    let all = |repository: &str| format!("{}/{repository}/image", broken::HOST);
    let other = |host: &str| format!("{host}/repository/image");
    let cases = [
        (all("silent"), "502 pullgate: the answer of `all.broken.example:443` cannot be used: the connection ended"),
        (all("garbage"), "502 pullgate: the answer of"),
        (all("circle"), "stopped after 10 redirects"),
        (all("not-json"), "invalid character"),
        (other(broken::FORGED), "the certificate of `forged.broken.example:444` is not accepted"),
        (other(broken::MISNAMED), "certificate not valid for name"),
        (other(broken::NOBODY), "cannot be reached: Connection refused"),
    ];
    for (image, words) in cases {
        let started = Instant::now();
        let output = site.docker(&["pull", &image]).await;
        println!("{image}: {:.1} s: {}", started.elapsed().as_secs_f64(), output.text());
        assert!(output.code() == 1 && output.text().contains(words), "expected `{words}`: {}", site.told(&output));
    }
    pulls(&site, "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_answer_is_never_a_whole_one() {
    let (site, _stock) = site().await;
    let _broken = site.broken().unwrap();
    let ask = async |host: &str, repository: &str, what: &str| -> std::io::Result<Got> {
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:443") };
        Client::through_door(&site, &host).await?.get(&format!("/v2/{repository}/image/{what}")).await
    };
    // What the door says itself: the status, and what it tells people.
    let said = async |host: &str, repository: &str, status: u16, words: &str| {
        let started = Instant::now();
        let got = ask(host, repository, MANIFEST).await.unwrap_or_else(|error| panic!("{host} {repository}: {error}"));
        println!("{host} {repository}: {:.1} s: {}", started.elapsed().as_secs_f64(), got.head.lines().next().unwrap());
        assert!(got.status() == status && got.reason().contains(words), "{host} {repository}: {got:?}");
        let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        assert!(body["errors"][0]["message"].as_str().unwrap().contains(words), "{body}");
    };
    // What had begun ends without being whole.
    let cut = async |repository: &str| {
        let got = ask(broken::HOST, repository, BLOB).await.unwrap();
        assert!(got.status() == 200 && !got.whole, "{repository}: {got:?}");
    };
    tokio::join!(
        // As long as the door waits for a head.
        said(broken::HOST, "hangs", 504, "did not answer in time"),
        said(broken::HOST, "silent", 502, "the connection ended"),
        said(broken::HOST, "garbage", 502, "HTTP"),
        said(broken::HOST, "huge", 502, "message head is too large"),
        said(broken::HOST, "two-lengths", 502, "content-length"),
        said(broken::FORGED, "any", 502, "certificate"),
        said(broken::MISNAMED, "any", 502, "certificate"),
        said(broken::PLAIN, "any", 502, "TLS"),
        said(broken::NOBODY, "any", 502, "refused"),
        said(broken::HOST, "half", 502, "it ends in the middle"),
        cut("half"),
        cut("half-chunk"),
    );
    let got = ask(broken::HOST, "circle", BLOB).await.unwrap();
    assert_eq!(got.status(), 307, "redirects are the client's to follow: {got:?}");
}
