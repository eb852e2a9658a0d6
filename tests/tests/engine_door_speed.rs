//! What the way through the registry door costs, measured beside the straight way in one run, with registries at the
//! other end of a cable of 1 Gbit/s.

use std::time::{Duration, Instant};

use proto::document::{Categories, Mode, Policy, WhenExpired};
use tests::{
    door::{Client, Setup, Site},
    engines::{Authority, Flavour, Rate, Stock, Ware},
    measure::Shares,
};

const LAYERS: usize = 20;
const LAYER_BYTES: usize = 4 << 20;
/// A pull through the door may take so much of the time of a straight one, where a registry is at the other end of
/// a cable. Engine, door and registry share this machine's processors all the same, and the build is no release.
const MOST: f64 = 1.1;
/// A straight pull takes as long as a straight pull, but for this: else the machine is too busy to say anything.
const NOISE: f64 = 0.05;
/// At least, and at most: it is measured until it is clear.
const ROUNDS: std::ops::RangeInclusive<usize> = 9..=40;
const REQUESTS: usize = 300;
/// What the door may add to a manifest at the median.
const MANIFEST: Duration = Duration::from_millis(2);
const IMAGE: &str = "library/layers:latest";

fn authority() -> Authority {
    Authority::new(Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    })
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn pull(site: &Site) -> Duration {
    let started = Instant::now();
    let output = site.docker(&["pull", "--quiet", "layers"]).await;
    let took = started.elapsed();
    assert_eq!(output.code(), 0, "{}", site.told(&output));
    site.docker(&["image", "rm", "--force", "layers"]).await.success().unwrap();
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_of_twenty_layers_and_a_manifest_take_hardly_longer_through_the_door() {
    let stock = Stock::with([(IMAGE, Ware::Layers(LAYERS, LAYER_BYTES))]).await.unwrap();
    let start = async |door| {
        let setup = Setup { door, cable: Some(Rate::GIGABIT), in_memory: true, ..Setup::default() };
        Site::start(Flavour::newest(), &stock, &authority(), setup).await.unwrap()
    };
    let (straight, mut door) = (start(false).await, start(true).await);

    // One of each first: files that are read for the first time are nobody's speed.
    let (_, _) = (pull(&straight).await, pull(&door).await);
    let used = door.door().processor_time().unwrap();
    // Each pull through the door between two straight ones: what else the machine does, it does to all three, and what
    // it does to two that are alike says how far the figure is to be trusted.
    let (mut through, mut alike, mut times) = (Shares::default(), Shares::default(), [Vec::new(), Vec::new()]);
    let mut before = pull(&straight).await;
    let is_clear = |through: &Shares, alike: &Shares| {
        (alike.median() - 1.0).abs() <= NOISE && !(through.lowest() <= MOST && MOST < through.highest())
    };
    while through.len() < *ROUNDS.start() || through.len() < *ROUNDS.end() && !is_clear(&through, &alike) {
        let (middle, after) = (pull(&door).await, pull(&straight).await);
        through.add(middle, (before + after) / 2);
        alike.add(after, before);
        times[0].push(after);
        times[1].push(middle);
        before = after;
    }
    let bytes = (LAYERS * LAYER_BYTES) >> 20;
    let [by, middle] = times.each_mut().map(|times| median(times));
    println!("{LAYERS} layers, {bytes} MiB, median: straight {by:?}, through the door {middle:?}");
    println!("through the door by straight: {through}");
    println!("straight by straight: {alike}");
    let pulls = through.len() as f64;
    let used = (door.door().processor_time().unwrap() - used).as_secs_f64() / pulls * 1024.0 / bytes as f64;
    println!("the door: {used:.2} s of a processor for a GiB, {} KiB of memory", door.door().resident_kib().unwrap());

    let target = "/v2/library/layers/manifests/latest";
    let host = "registry-1.docker.io:443";
    let mut clients = [Client::straight(&door, host).await.unwrap(), Client::through_door(&door, host).await.unwrap()];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..REQUESTS {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            let started = Instant::now();
            let got = client.get(target).await.unwrap();
            times.push(started.elapsed());
            assert_eq!(got.status(), 200, "{got:?}");
        }
    }
    let [by, manifest] = times.each_mut().map(|times| median(times));
    println!("a manifest, median of {REQUESTS}: straight {by:?}, through the door {manifest:?}");

    assert!((alike.median() - 1.0).abs() <= NOISE, "this machine is too busy to tell: straight by straight is {alike}");
    // What is between the bounds nobody can tell; what is all but surely above the limit is a fault.
    assert!(through.lowest() <= MOST, "through the door by straight: {through}");
    assert!(manifest.saturating_sub(by) < MANIFEST, "{manifest:?} after {by:?}");
}
