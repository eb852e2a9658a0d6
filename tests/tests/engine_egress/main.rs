//! Egress rules around real engines: whom they mean, and that everything which is no registry's
//! business goes on as before.
//!
//! The engines have bridges, firewall rules and swarm here, as on a workstation. In the place of the
//! door's loopback listener stands one that hands every connection on to whom it was for.

mod site;

use std::{net::Ipv4Addr, time::Duration};

use installer::lab::wait_until;
use serde_json::{Map, json};
use tests::{
    engines::{Flavour, Stock, Ware},
    told,
};

use self::site::{ELSEWHERE, Site, group};

const BOUND: Duration = Duration::from_secs(60);
const BASE: &str = "localhost:5000/library/base";

async fn stock() -> Stock {
    let wares = [
        ("library/base:latest", Ware::Runnable),
        ("library/start:latest", Ware::Runnable),
        ("library/other:latest", Ware::Bare),
    ];
    Stock::with(wares).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_fetches_from_loopback_passes_the_door_and_all_else_goes_on() {
    let stock = stock().await;
    for &flavour in Flavour::all() {
        let site = Site::start(flavour, &stock, &[]).await;
        fetches(&site).await;
        meant(&site).await;
        published_ports(&site).await;
        networks(&site).await;
        builds(&site).await;
        swarm(&site).await;
        assert_eq!(site.egress(&["check"]).await.text(), "egress rules are in place", "{}", site.engine.name());
    }
}

async fn fetches(site: &Site) {
    let name = site.engine.name().to_owned();
    for host in ["localhost", "127.0.0.1"] {
        let image = format!("{host}:5000/library/other");
        site.docker(&["pull", &image]).await.success().unwrap();
        assert_eq!(site.led(), ["127.0.0.1:5000"], "{name}: {host}");
        site.docker(&["rmi", &image]).await.success().unwrap();
    }
    site.docker(&["pull", BASE]).await.success().unwrap();
    assert_eq!(site.led(), ["127.0.0.1:5000"], "{name}");
    // No proxy is set, so it dials by itself.
    let refused = site.docker(&["pull", &format!("{ELSEWHERE}:5000/library/other")]).await;
    assert!(refused.code() != 0 && refused.text().contains("connection refused"), "{name}: {}", told(&refused));
}

/// Everything that is the engine's, and nothing of what it starts.
async fn meant(site: &Site) {
    site.docker(&["run", "-d", "--name", "one", "-p", "127.0.0.1:18080:80", BASE, "busybox", "sleep", "600"])
        .await
        .success()
        .unwrap();
    let inside = site.processes_in(site.cgroup.path());
    for program in ["dockerd", "containerd", "docker-proxy"] {
        assert!(inside.iter().any(|other| other == program), "{}: {program} is not in {inside:?}", site.engine.name());
    }
    assert!(!inside.iter().any(|other| other == "busybox"), "{}: {inside:?}", site.engine.name());
    let talk = site.docker(&["exec", "one", "busybox", "echo", "talk"]).await.success().unwrap();
    assert_eq!(talk.stdout.trim(), "talk");
    site.docker(&["rm", "-f", "one"]).await.success().unwrap();

    // The registry itself, and not by way of the door.
    let registry = "busybox wget -q -O - http://127.0.0.1:5000/v2/library/base/tags/list";
    let host = site.docker(&["run", "--rm", "--network", "host", BASE, "busybox", "sh", "-c", registry]).await;
    assert!(host.code() == 0 && host.text().contains("latest"), "{}: {}", site.engine.name(), told(&host));
    assert!(site.led().is_empty(), "{}", site.engine.name());
}

/// Container ports that registries have are published too: the way from `docker-proxy` is the engine's.
async fn published_ports(site: &Site) {
    let here = [("127.0.0.1", 18081, 80), ("127.0.0.1", 18443, 443), (ELSEWHERE, 18500, 5000), ("0.0.0.0", 443, 5000)];
    for (number, (host, port, inner)) in here.into_iter().enumerate() {
        let (name, publish) = (format!("web-{number}"), format!("{host}:{port}:{inner}"));
        let listen = inner.to_string();
        let serve = ["busybox", "nc", "-ll", "-p", &listen, "-e", "/bin/busybox", "echo", "published"];
        let run = [&["run", "-d", "--name", &name, "-p", &publish, BASE][..], &serve].concat();
        site.docker(&run).await.success().unwrap();
        let dialled = if host == "0.0.0.0" { "127.0.0.1" } else { host };
        let answers = || async {
            let said = site.dial(dialled, port).await;
            if said == "published" { Ok(()) } else { Err(said) }
        };
        let answered = wait_until("a published port", BOUND, answers).await;
        answered.unwrap_or_else(|error| panic!("{}: {publish}: {error}", site.engine.name()));
        site.docker(&["rm", "-f", &name]).await.success().unwrap();
    }
    assert!(site.led().is_empty(), "{}", site.engine.name());
}

/// Containers find each other by name, through the resolver that the engine has in each of them.
async fn networks(site: &Site) {
    site.docker(&["network", "create", "net"]).await.success().unwrap();
    let serve = ["busybox", "nc", "-ll", "-p", "5000", "-e", "/bin/busybox", "echo", "neighbour"];
    let run = [&["run", "-d", "--name", "web", "--network", "net", BASE][..], &serve].concat();
    site.docker(&run).await.success().unwrap();
    let ask = "for i in 1 2 3 4 5 6 7 8 9; do busybox nc -w 2 web 5000 && exit; busybox sleep 1; done; exit 1";
    let asked = site.docker(&["run", "--rm", "--network", "net", BASE, "busybox", "sh", "-c", ask]).await;
    assert!(asked.code() == 0 && asked.text().contains("neighbour"), "{}: {}", site.engine.name(), told(&asked));
    site.docker(&["rm", "-f", "web"]).await.success().unwrap();
    site.docker(&["network", "rm", "net"]).await.success().unwrap();
}

/// What a build fetches passes the door, what its steps fetch does not.
async fn builds(site: &Site) {
    site.led();
    let step = "RUN [\"/bin/busybox\", \"wget\", \"-q\", \"-O\", \"/tags\", \"http://127.0.0.1:5000/v2/library/base/tags/list\"]";
    site.write("Dockerfile", &format!("FROM localhost:5000/library/start\n{step}\n"));
    let build = ["build", "--network", "host", "--no-cache", "-t", "built", "."];
    site.docker(&build).await.success().unwrap();
    assert_eq!(site.led(), ["127.0.0.1:5000"], "{}", site.engine.name());
    site.write("Dockerfile", &format!("FROM built\n{step}\n"));
    site.docker(&build).await.success().unwrap();
    assert_eq!(site.led(), Vec::<String>::new(), "{}", site.engine.name());
}

async fn swarm(site: &Site) {
    site.docker(&["swarm", "init", "--advertise-addr", ELSEWHERE]).await.success().unwrap();
    let create =
        ["service", "create", "--detach", "--name", "task", "--no-resolve-image", BASE, "busybox", "sleep", "600"];
    site.docker(&create).await.success().unwrap();
    let runs = || async {
        let tasks =
            site.docker(&["service", "ps", "task", "--no-trunc", "--format", "{{.CurrentState}} {{.Error}}"]).await;
        if tasks.text().contains("Running") { Ok(()) } else { Err(tasks.text()) }
    };
    let running = wait_until("a task that runs", BOUND, runs).await;
    running.unwrap_or_else(|error| panic!("{}: {error}", site.engine.name()));
    site.docker(&["service", "rm", "task"]).await.success().unwrap();
    site.docker(&["swarm", "leave", "--force"]).await.success().unwrap();
}

/// Where systemd-resolved listens, for datagrams and for TCP.
const STUB: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// A resolver on a loopback address answers as ever: its datagrams are left alone, and what does not fit into one is asked by
/// TCP, past the door, which carries it on unread. Nothing at such an address is dialled beside the door: who may say which
/// resolver a machine has is not always root.
#[tokio::test(flavor = "multi_thread")]
async fn names_resolve_through_a_resolver_on_loopback() {
    let stock = stock().await;
    for &flavour in Flavour::all() {
        let host = "registry.acme.example:5000";
        let more = Map::from_iter([("insecure-registries".to_owned(), json!([host]))]);
        // A registry elsewhere, so that a name has to be known; it is dialled without a proxy here.
        let rules = ["--registry-ports", "443"];
        let site = Site::start_as(flavour, &stock, &rules, more, Some(STUB)).await;
        let name = site.engine.name().to_owned();
        let resolver = site.network.resolve_by_tcp(STUB, |_| ELSEWHERE.parse().unwrap()).unwrap();
        let pull = async |tag: &str| {
            let before = resolver.asked();
            let image = format!("{host}/library/{tag}");
            site.docker(&["pull", &image]).await.success().unwrap_or_else(|error| panic!("{name}: {error}"));
            let asked = resolver.asked();
            assert!(before[0] < asked[0] && before[1] < asked[1], "{name}: {before:?}, {asked:?}");
        };
        pull("other").await;
        assert_eq!(site.led(), [format!("{STUB}:53")], "{name}");
    }
}

/// Nobody is there: what is sent there gets no answer, and what is rejected has one at once.
const AWAY: &str = "198.51.100.9";
const AWAY_NET: &str = "198.51.100.0/24";

/// What a container dials is forwarded from a bridge, or comes from the control group of its own.
#[tokio::test(flavor = "multi_thread")]
async fn containers_are_kept_from_registries_if_asked_for() {
    let stock = stock().await;
    let site = Site::start(Flavour::newest(), &stock, &[]).await;
    site.docker(&["network", "create", "--subnet", AWAY_NET, "away"]).await.success().unwrap();
    site.docker(&["pull", BASE]).await.success().unwrap();
    let dial = async |network: &str, port: &str| {
        let run = ["run", "--rm", "--network", network, BASE, "busybox", "nc", "-w", "2", AWAY, port];
        site.docker(&run).await.text()
    };
    for network in ["bridge", "host"] {
        let text = dial(network, "5000").await;
        assert!(!text.contains("refused"), "{network}: off by default: {text}");
    }
    let containers = site.containers().display().to_string();
    site.apply(&["--containers-not-to", AWAY, "--container-cgroup", &containers]).await;
    for network in ["bridge", "host"] {
        for (port, is_refused) in [("443", true), ("5000", true), ("5001", false)] {
            let text = dial(network, port).await;
            assert_eq!(text.contains("refused"), is_refused, "{network} {port}: {text}");
        }
    }
    // The escape that the plugin has to refuse while this is on.
    let escape = format!("{}/escape", group(&site.lab));
    let away = ["busybox", "nc", "-w", "2", AWAY, "5000"];
    let run = [&["run", "--rm", "--network", "host", "--cgroup-parent", &escape, BASE][..], &away].concat();
    let text = site.docker(&run).await.text();
    assert!(!text.contains("refused"), "another control group is not meant: {text}");
}

/// A build may name a control group in BuildKit's interface, which no plugin reads. What the engine fetches for it stays
/// the engine's; steps with the machine's network leave the rule for containers, unless the engine's file forbids
/// those.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_in_another_control_group_takes_no_fetch_out_of_the_rules() {
    let stock = stock().await;
    let builder = json!({"entitlements": {"network-host": false}});
    for (more, is_closed) in [(Map::new(), false), (Map::from_iter([("builder".to_owned(), builder)]), true)] {
        let site = Site::start_with(Flavour::newest(), &stock, &[], more).await;
        site.docker(&["network", "create", "--subnet", AWAY_NET, "away"]).await.success().unwrap();
        let containers = site.containers().display().to_string();
        site.apply(&["--containers-not-to", AWAY, "--container-cgroup", &containers]).await;
        site.led();
        let escape = format!("{}/escape", group(&site.lab));
        let step = format!("RUN [\"/bin/busybox\", \"nc\", \"-w\", \"2\", \"{AWAY}\", \"5000\"]");
        let build = async |from: &str, network: &str, parent: &[&str]| {
            site.write("Dockerfile", &format!("FROM localhost:5000/library/{from}\n{step}\n"));
            let args = [&["build", "--no-cache", "--network", network][..], parent, &["."]].concat();
            site.docker(&args).await.text()
        };
        let elsewhere = ["--cgroup-parent", escape.as_str()];
        let text = build("start", "default", &elsewhere).await;
        assert_eq!(site.led(), ["127.0.0.1:5000"], "what the engine fetches passes the door: {text}");
        assert!(text.contains("onnection refused"), "a bridge leads to the rule from everywhere: {text}");
        let by_rule = build("start", "host", &[]).await;
        let text = build("base", "host", &elsewhere).await;
        if is_closed {
            for text in [by_rule, text] {
                assert!(text.contains("network.host is not allowed"), "{text}");
            }
        } else {
            assert!(by_rule.contains("onnection refused"), "{by_rule}");
            assert_eq!(site.led(), ["127.0.0.1:5000"], "what the engine fetches passes the door: {text}");
            assert!(!text.contains("refused") && !text.contains("not allowed"), "docs say that this is open: {text}");
        }
    }
}
