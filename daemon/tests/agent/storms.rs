//! Large files and files that never rest. The agent follows, within its bounds, and nobody is signed out by it.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{Agent, Machine, save};

/// In memory: a disk would be a brake.
fn fast() -> Machine {
    Machine::below(Path::new("/dev/shm"))
}

/// Something that writes as fast as it can, on a thread of its own.
struct Storm {
    stop: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
    started: Instant,
}

impl Storm {
    fn of(mut write: impl FnMut() + Send + 'static) -> Self {
        let (stop, writes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&writes));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                write();
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { stop, writes, thread: Some(thread), started: Instant::now() }
    }

    /// Waits until it has raged for so long. Writes a second.
    async fn rage(&self, time: Duration) -> u64 {
        tokio::time::sleep_until((self.started + time).into()).await;
        self.writes.load(Ordering::Relaxed) * 1000 / u64::try_from(self.started.elapsed().as_millis()).expect("short")
    }

    fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("once").join().expect("no panic");
    }
}

/// Alice is signed in while the storm rages, and bob soon after its end.
async fn survives(machine: &Machine, agent: &Agent, what: &str, storm: Storm) {
    let before = agent.processor_time();
    let rate = storm.rage(Duration::from_secs(4)).await;
    let used = agent.processor_time() - before;
    storm.end();
    let end = Instant::now();
    machine.login("bob", "s3cret-bob");
    machine.in_force(Some("bob")).await;
    let (followed, memory) = (end.elapsed(), agent.memory_mib("VmHWM"));
    println!(
        "{what}: {rate} writes/s; {used:?} of processor in 4 s, followed after {followed:?}, {memory} MiB at most"
    );
    let mut applies = machine.plugin.applies();
    applies.dedup();
    assert_eq!(applies, ["alice acme:1", "bob acme:1"], "{what}");
    assert!(rate > 1000, "{what}: only {rate} writes a second are no storm");
    // Settling at most, a reading, the service and the plugin.
    assert!(followed < Duration::from_secs(5), "{what}: {followed:?}");
    assert!(used < Duration::from_millis(1200), "{what}: {used:?} of processor in 4 s");
    assert!(memory < 64, "{what}: {memory} MiB");
}

#[tokio::test]
async fn thousands_of_renames_a_second_sign_nobody_out() {
    let (machine, agent) = fast().with_alice().await;
    let (config, text) = (machine.config(), machine.text("alice", "s3cret-alice"));
    let temporary = machine.config_dir().join("config.json1");
    let storm = Storm::of(move || {
        fs::write(&temporary, &text).expect("write");
        fs::rename(&temporary, &config).expect("rename");
    });
    survives(&machine, &agent, "renames", storm).await;
}

#[tokio::test]
async fn thousands_of_rewrites_in_place_a_second_sign_nobody_out() {
    let (machine, agent) = fast().with_alice().await;
    let (config, text) = (machine.config(), machine.text("alice", "s3cret-alice"));
    let storm = Storm::of(move || fs::write(&config, &text).expect("write"));
    survives(&machine, &agent, "rewrites in place", storm).await;
}

#[tokio::test]
async fn a_storm_of_other_files_costs_little() {
    let (machine, agent) = fast().with_alice().await;
    let (other, temporary) = (machine.config_dir().join("other.json"), machine.config_dir().join("other.json1"));
    let before = agent.readings();
    let storm = Storm::of(move || {
        fs::write(&temporary, "{}").expect("write");
        fs::rename(&temporary, &other).expect("rename");
    });
    survives(&machine, &agent, "other files", storm).await;
    // The kernel drops events that are too many, and what they were is then unknown: a reason to look.
    assert!(agent.readings() <= before + 4, "{} readings", agent.readings() - before);
}

/// Who signs out while something keeps the file busy is signed out all the same.
#[tokio::test]
async fn a_sign_out_is_believed_though_the_file_never_rests() {
    let (machine, _agent) = fast().with_alice().await;
    let config = machine.config();
    let storm = Storm::of(move || save(&config, r#"{"auths":{}}"#));
    machine.in_force(None).await;
    println!("signed out after {:?}", storm.started.elapsed());
    assert!(storm.started.elapsed() < Duration::from_secs(15));
    storm.end();
}

fn large(path: &Path, registries: usize, last: &str) {
    let entry = |n: usize| {
        let auth = STANDARD.encode(format!("user{n:06}:s3cret-token-{n:06}"));
        format!("\"registry-{n:06}.example.com:5000\":{{\"auth\":\"{auth}\"}},")
    };
    let entries: String = (0..registries).map(entry).collect();
    // Docker writes keys in order; what is looked for stands behind all others.
    let last = last.trim_start_matches(r#"{"auths":{"#);
    let temporary = path.with_extension("tmp");
    fs::write(&temporary, format!("{{\"auths\":{{{entries}{last}")).expect("write");
    fs::rename(temporary, path).expect("rename");
}

#[tokio::test]
async fn files_of_1500_registries_and_of_50_mb_are_read() {
    let machine = Machine::new();
    for (registries, bytes) in [(1_500, 100_000), (580_000, 50_000_000)] {
        large(&machine.config(), registries, &machine.text("alice", "s3cret-alice"));
        assert!(fs::metadata(machine.config()).expect("metadata").len() > bytes);
        let start = Instant::now();
        let agent = machine.agent();
        agent.logged("credentials found").await;
        let (took, used) = (start.elapsed(), agent.processor_time());
        machine.in_force(Some("alice")).await;
        let (most, now) = (agent.memory_mib("VmHWM"), agent.memory_mib("VmRSS"));
        println!("{registries} registries: {took:?}, {used:?} of processor, {most} MiB at most, {now} MiB then");
        // The text once, and the agent.
        assert!(most < 50 + 40, "{most} MiB");
        assert!(now < 40, "{now} MiB are kept");
        // Unoptimised; the installed program takes a twentieth of it.
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
}
