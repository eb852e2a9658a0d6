//! The `docker` command against each release of the engine, and what stays when it ends.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command as Std, Stdio},
};

use installer::lab::{Command, Output, installed, wait_until};
use proto::document::{Categories, Mode, Policy, WhenExpired};
use tests::{
    SETTLE,
    engines::{Authority, Flavour, Site, Stock},
    leavings, processes_in,
};

const IMAGES: [&str; 2] = ["docker.io/library/hello:latest", "docker.io/evil/miner:latest"];

fn authority() -> Authority {
    Authority::new(Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    })
}

async fn docker(site: &Site, args: &[&str]) -> Output {
    let program = installed("docker", "docker.io").unwrap();
    let host = format!("unix://{}", site.engine.socket().display());
    let command = Command::new(&program, "docker").env("DOCKER_HOST", host).env("HOME", site.lab.dir());
    command.args(args).run().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_release_pulls_what_is_allowed_says_why_not_and_leaves_nothing() {
    let stock = Stock::of(IMAGES).await.unwrap();
    for &flavour in Flavour::all() {
        let site = Site::start(flavour, &stock, &authority()).await.unwrap();
        // For the test that kills this one.
        let (lab, network) = (site.lab.dir().to_owned(), site.network.id().unwrap());
        println!("{} {network} {}", lab.display(), site.engine.name());

        let allowed = docker(&site, &["pull", "hello"]).await;
        let text = allowed.text();
        assert!(allowed.code() == 0 && text.contains("Downloaded newer image"), "{}: {text}", site.engine.name());
        assert!(!site.registries.take().is_empty(), "{}: it came from the registry", site.engine.name());

        for command in [&["pull", "evil/miner"][..], &["run", "evil/miner"], &["create", "evil/miner"]] {
            let refused = docker(&site, command).await;
            let text = refused.text();
            assert!(refused.code() != 0 && text.contains("is a community image"), "{}: {text}", site.engine.name());
            assert!(text.contains("authorization denied by plugin pullgate: "), "{}: {text}", site.engine.name());
        }
        assert!(site.registries.take().is_empty(), "{}: the registry was asked", site.engine.name());

        assert!(left(&lab, &network).iter().any(|left| left.contains("dockerd")), "{}", site.engine.name());
        drop(site);
        assert_eq!(left(&lab, &network), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_test_leaves_nothing_of_a_release_behind() {
    let mut test = Std::new(std::env::current_exe().unwrap())
        .args(["--exact", "each_release_pulls_what_is_allowed_says_why_not_and_leaves_nothing", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(test.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.starts_with("/tmp/")).unwrap();
    let mut words = line.split(' ');
    let (lab, network) = (PathBuf::from(words.next().unwrap()), words.next().unwrap());
    assert!(left(&lab, network).iter().any(|left| left.contains("dockerd")), "it is running");
    test.kill().unwrap();
    test.wait().unwrap();
    let nothing = || async {
        let left = left(&lab, network);
        if left.is_empty() { Ok(()) } else { Err(left.join("\n")) }
    };
    wait_until("a clean machine", SETTLE, nothing).await.unwrap();
}

/// What names the lab, and what runs in its network under whatever name.
fn left(lab: &Path, network: &str) -> Vec<String> {
    [leavings(lab), processes_in(network)].concat()
}
