//! What the way through the registry door costs, measured beside the straight way in one run, with registries at the
//! other end of a cable of 1 Gbit/s.

use std::time::{Duration, Instant};

use proto::document::{Categories, Mode, Policy, WhenExpired};
use tests::{
    door::{Client, Setup, Site},
    engines::{Authority, Flavour, Rate, Stock, Ware},
};

const LAYERS: usize = 20;
const LAYER_BYTES: usize = 4 << 20;
/// Of each way.
const PULLS: usize = 7;
/// A pull through the door may take so much of the time of a straight one, where a registry is at the other end of
/// a cable. Engine, door and registry share this machine's processors all the same, and the build is no release.
const MOST: f64 = 1.1;
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
        let setup = Setup { door, cable: Some(Rate::GIGABIT), ..Setup::default() };
        Site::start(Flavour::newest(), &stock, &authority(), setup).await.unwrap()
    };
    let (straight, mut door) = (start(false).await, start(true).await);

    // One of each first: files that are read for the first time are nobody's speed.
    let (_, _) = (pull(&straight).await, pull(&door).await);
    let used = door.door().processor_time().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..PULLS {
        times[0].push(pull(&straight).await);
        times[1].push(pull(&door).await);
    }
    // Neighbours are compared: what else the machine does, it does to both.
    let mut shares: Vec<f64> = times[1].iter().zip(&times[0]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
    shares.sort_unstable_by(f64::total_cmp);
    let share = shares[shares.len() / 2];
    // What else the machine does can only add to a pull: the fastest of each way say what the door itself costs.
    let [by, through] = times.each_ref().map(|times| times.iter().min().copied().unwrap_or_default());
    let least = through.as_secs_f64() / by.as_secs_f64();
    println!("the fastest: straight {by:?}, through the door {through:?}, {least:.3} times");
    let [by, through] = times.each_mut().map(|times| median(times));
    let bytes = (LAYERS * LAYER_BYTES) >> 20;
    println!(
        "{LAYERS} layers, {bytes} MiB, median of {PULLS}: straight {by:?}, through the door {through:?}, {share:.3} times"
    );
    let used = (door.door().processor_time().unwrap() - used).as_secs_f64() / PULLS as f64 * 1024.0 / bytes as f64;
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
    let [by, through] = times.each_mut().map(|times| median(times));
    println!("a manifest, median of {REQUESTS}: straight {by:?}, through the door {through:?}");

    assert!(least.min(share) <= MOST, "{least:.3} times, and {share:.3} at the median");
    assert!(through.saturating_sub(by) < MANIFEST, "{through:?} after {by:?}");
}
