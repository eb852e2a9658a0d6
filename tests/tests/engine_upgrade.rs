//! The plugin and the door are replaced while a real engine works: no call fails, none waits for long, and one
//! that is lost with a killed process is refused.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use installer::lab::{Options, http, installed, wait_until};
use proto::document::{Categories, Mode, Policy, Push, Registries, Settings, WhenExpired};
use tests::{
    SETTLE, Station,
    door::{Setup, Site, broken},
    engines::{Authority, Flavour, Rate, Stock, Ware},
    governed_station,
};
use tokio::task::JoinSet;

/// Calls a second, each on a connection of its own.
const RATE: u64 = 200;
const UPGRADES: u32 = 20;
/// Between two replacements; with what a start takes, 20 of them are some seconds.
const BETWEEN: Duration = Duration::from_millis(100);

const REFUSED: &str = "/v1.41/images/create?fromImage=evil/miner&tag=latest";
const ALLOWED: &str = "/v1.41/images/create?fromImage=library/hello&tag=latest";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ping,
    Refused,
    Allowed,
}

#[derive(Debug)]
struct Call {
    kind: Kind,
    /// Status and text, or why there is none.
    answer: Result<(u16, String), String>,
    took: Duration,
}

impl Call {
    fn is_as_it_should_be(&self) -> bool {
        match (&self.answer, self.kind) {
            (Ok((200, _)), Kind::Ping) => true,
            (Ok((200, text)), Kind::Allowed) => text.contains("\"status\"") && !text.contains("\"error\""),
            (Ok((403, text)), Kind::Refused) => text.contains("is a community image"),
            _ => false,
        }
    }
}

/// Calls at an even pace until `stop`, however long each of them takes.
async fn load(station: &Station, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<Call>> {
    let socket = station.engine.socket().to_owned();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
        let mut calls = JoinSet::new();
        for number in 0_u64.. {
            pace.tick().await;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let (kind, method, target) = match number % 20 {
                0 => (Kind::Refused, "POST", REFUSED),
                10 => (Kind::Allowed, "POST", ALLOWED),
                _ => (Kind::Ping, "GET", "/_ping"),
            };
            let socket = socket.clone();
            calls.spawn(async move {
                let start = Instant::now();
                let answer = http::unix(&socket, method, target).await;
                let answer = answer.map(|answer| (answer.status, answer.text())).map_err(|error| format!("{error:#}"));
                Call { kind, answer, took: start.elapsed() }
            });
        }
        calls.join_all().await
    })
}

fn told(what: &str, calls: &[Call]) -> String {
    let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let failed = calls.iter().filter(|call| !call.is_as_it_should_be()).count();
    format!(
        "{what}: {} calls, {failed} not as they should be; median {:?}, 99 % {:?}, longest {:?}",
        calls.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_fails_while_the_plugin_is_upgraded_and_a_killed_one_lets_nothing_in() {
    let mut station = governed_station(&Options { held: true, ..Options::default() }).await;
    station.pulls("hello").await;

    let stop = Arc::new(AtomicBool::new(false));
    let calls = load(&station, Arc::clone(&stop)).await;
    for _ in 0..UPGRADES {
        let here = station.parts();
        here.plugin.process().stop();
        here.plugin.restart(&here.lab).await.unwrap();
        tokio::time::sleep(BETWEEN).await;
    }
    stop.store(true, Ordering::Relaxed);
    let calls = calls.await.unwrap();
    println!("{}", told("20 upgrades", &calls));
    let failed: Vec<_> = calls.iter().filter(|call| !call.is_as_it_should_be()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let slow: Vec<_> = calls.iter().filter(|call| call.took >= Duration::from_secs(1)).collect();
    assert!(slow.is_empty(), "{slow:#?}");
    assert!(calls.len() > 500, "{} calls", calls.len());

    let stop = Arc::new(AtomicBool::new(false));
    let calls = load(&station, Arc::clone(&stop)).await;
    for _ in 0..UPGRADES {
        let here = station.parts();
        here.plugin.process().kill();
        here.plugin.restart(&here.lab).await.unwrap();
        tokio::time::sleep(BETWEEN).await;
    }
    stop.store(true, Ordering::Relaxed);
    let calls = calls.await.unwrap();
    println!("{}", told("20 times kill -9", &calls));
    let allowed = |call: &&Call| call.kind == Kind::Refused && !matches!(call.answer, Ok((403 | 500, _)) | Err(_));
    let let_in: Vec<_> = calls.iter().filter(allowed).collect();
    assert!(let_in.is_empty(), "{let_in:#?}");
    assert!(station.registry.reads("evil/miner").is_empty(), "the registry was asked");
    // What is lost is what was with a process that died, and no more.
    let lost = calls.iter().filter(|call| !call.is_as_it_should_be()).count();
    assert!(lost <= calls.len() / 10, "{lost} of {}", calls.len());
    station.refuses("evil/miner", "is a community image").await;
}

/// A registry under a policy, whose one image takes ten seconds; the door is in front.
async fn slow_site(flavour: Flavour) -> (Site, Stock) {
    let policy = Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries { controlled: true, hosts: vec![broken::HOST.to_owned()] }),
        settings: Some(Settings { push: Some(Push::default()), ..Settings::default() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    };
    let stock = Stock::of(["library/hello:latest", "evil/miner:latest"]).await.unwrap();
    let setup = Setup { held: true, ..Setup::default() };
    let site = Site::start(flavour, &stock, &Authority::new(policy), setup).await.unwrap();
    (site, stock)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_survives_the_upgrade_of_the_door() {
    // With the engine's own image store, and with containerd's.
    let newest = Flavour::newest();
    for &flavour in Flavour::all().iter().filter(|flavour| flavour.name == newest.name) {
        let (mut site, _stock) = slow_site(flavour).await;
        let broken = site.broken().unwrap();
        let start = Instant::now();
        let image = format!("{}/slow/layer", broken::HOST);
        let pull = site.begin(&["pull", &image]);
        let layer = |heads: Vec<String>| heads.into_iter().filter(|head| head.contains("/blobs/")).collect::<Vec<_>>();
        let under_way = || async {
            let layers = layer(broken[0].heads());
            if layers.len() >= 2 { Ok(()) } else { Err(format!("{layers:?}")) }
        };
        wait_until("a layer on its way", SETTLE, under_way).await.unwrap();
        site.door().process().stop();
        let away = Instant::now();
        // Who asks while no door runs waits for the next one, and is decided on as ever.
        let refused = site.begin(&["pull", "evil/miner"]);
        site.restart_door().await.unwrap();
        let refused = refused.await.unwrap().unwrap();
        assert!(refused.code() == 1 && refused.text().contains("is a community image"), "{}", site.told(&refused));
        let waited = away.elapsed();
        let output = pull.await.unwrap().unwrap();
        assert!(output.code() == 0, "{}", site.told(&output));
        let layers = layer(broken[0].heads());
        let resumed = layers.iter().any(|head| head.to_ascii_lowercase().contains("range: bytes="));
        assert!(resumed, "the rest was not asked for: {layers:#?}");
        println!("{}: the pull took {:?}, a pull meanwhile {waited:?}", site.engine.name(), start.elapsed());
    }
}

const LAYER: usize = 16 << 20;
/// Some seconds for a layer.
const SLOW: Rate = Rate::mbit(40);

/// How the registry answered requests for layers: status, and bytes that it wrote. Its access log has a line once an
/// answer ended, whichever way.
fn layers(site: &Site) -> Vec<(u16, u64)> {
    let log = fs::read_to_string(site.lab.path("log/registry-hub.log")).unwrap();
    let answered = |line: &str| {
        let (_, rest) = line.split_once("] \"GET /v2/library/layer/blobs/")?;
        let mut words = rest.split_once("\" ")?.1.split(' ');
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    log.lines().filter_map(answered).collect()
}

/// Bytes that came from the registries until now.
async fn received(site: &Site) -> u64 {
    let program = installed("ip", "iproute2").unwrap();
    let show = site.network.run(&program, "ip").unwrap().args(["-json", "-stats", "link", "show", "dev", "cable"]);
    let told: serde_json::Value = serde_json::from_str(&show.run().await.unwrap().success().unwrap().stdout).unwrap();
    told[0]["stats64"]["rx"]["bytes"].as_u64().unwrap()
}

/// A layer of a real registry is cut in the middle: whoever pulls asks for the rest of it, and not for the beginning.
#[tokio::test(flavor = "multi_thread")]
async fn every_engine_asks_for_the_rest_of_a_layer_that_is_cut() {
    let policy = Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    };
    let stock = Stock::with([("library/layer:latest", Ware::Layers(1, LAYER))]).await.unwrap();
    for &flavour in Flavour::all() {
        let setup = Setup { held: true, cable: Some(SLOW), ..Setup::default() };
        let mut site = Site::start(flavour, &stock, &Authority::new(policy.clone()), setup).await.unwrap();
        for killed in [false, true] {
            let (start, before, seen) = (Instant::now(), received(&site).await, layers(&site).len());
            let pull = site.begin(&["pull", "layer"]);
            let under_way = || async {
                let came = received(&site).await - before;
                if came > LAYER as u64 / 4 { Ok(()) } else { Err(format!("{came} bytes")) }
            };
            wait_until("a layer on its way", SETTLE, under_way).await.unwrap();
            match killed {
                true => site.door().process().kill(),
                false => site.door().process().stop(),
            }
            site.restart_door().await.unwrap();
            let output = pull.await.unwrap().unwrap();
            assert_eq!(output.code(), 0, "{}", site.told(&output));
            let logged = || async {
                let answers = layers(&site).split_off(seen);
                // The configuration, the beginning, the rest.
                if answers.iter().map(|(_, bytes)| bytes).sum::<u64>() > LAYER as u64 {
                    Ok(answers)
                } else {
                    Err(format!("{answers:?}"))
                }
            };
            let answers = wait_until("the registry to have logged it", SETTLE, logged).await.unwrap();
            let how = if killed { "killed" } else { "stopped" };
            println!("{}, {how}: {:?}, {answers:?}", site.engine.name(), start.elapsed());
            let rest = answers.iter().find(|(status, _)| *status == 206);
            let (_, rest) =
                rest.unwrap_or_else(|| panic!("{}, {how}: from its beginning: {answers:?}", site.engine.name()));
            assert!(*rest > 0 && *rest < LAYER as u64 * 7 / 8, "{answers:?}");
            site.docker(&["image", "rm", "--force", "layer"]).await.success().unwrap();
        }
    }
}
