//! The real plugin over its real socket, against the floor.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use proto::{
    control::{ApplyRequest, control_client::ControlClient},
    document::{Categories, Header, Membership, Mode, Policy, Role, Session, WhenExpired},
    keys::SigningKey,
    local,
    sealed::seal,
};

use crate::{Report, load, memory, quantile, reading};

const ROUNDS: usize = 5;

pub fn measure(report: &mut Report) {
    let directory = tempfile::tempdir().expect("a directory");
    let (engine_socket, floor_socket) = (directory.path().join("e.sock"), directory.path().join("f.sock"));
    let plugin = Plugin::start(directory.path(), &engine_socket, report);
    let floor = Running(
        Command::new(env::current_exe().expect("this program"))
            .arg("floor")
            .arg(&floor_socket)
            .spawn()
            .expect("the floor"),
    );
    load::first_answer(&floor_socket, Instant::now());

    println!("# AuthZReq for a pull over the plugin's socket, a connection a call; floor: accept, read, write, close");
    let (mut single, mut parallel) = (Rounds::default(), Rounds::default());
    // In turn, so that a machine that changes its speed changes both.
    for _ in 0..ROUNDS {
        single.add(&load::run(&floor_socket, 1, 4_000), &load::run(&engine_socket, 1, 4_000));
        parallel.add(&load::run(&floor_socket, 16, 16_000), &load::run(&engine_socket, 16, 16_000));
    }
    report.note("floor, 1 connection, median", single.floor_median() / 1e3, "µs");
    report.note("plugin, 1 connection, median", single.plugin_median() / 1e3, "µs");
    report.limit("plugin against floor, 1 connection, median", single.ratio(), "times", 1.5);
    report.note("floor, 16 connections, calls a second", parallel.rates.0, "1/s");
    report.note("plugin, 16 connections, calls a second", parallel.rates.1, "1/s");
    report.note("floor, 16 connections, p99", median(&parallel.floor_p99) / 1e6, "ms");
    report.limit("plugin, 16 connections, p99", parallel.plugin_p99() / 1e6, "ms", 1.0);

    let before = plugin.resident_kib();
    load::run(&engine_socket, 16, 100_000);
    let after = plugin.resident_kib();
    report.limit("plugin, resident memory after 100,000 more requests", after / 1024.0, "MiB", 8.0);
    report.limit("growth over these 100,000", (after - before) / 1024.0, "MiB", 0.25);
    large(&plugin, &engine_socket, &floor_socket, report);
    drop(floor);
}

/// The largest message that engines send.
fn large(plugin: &Plugin, socket: &Path, floor: &Path, report: &mut Report) {
    let message = load::http(&reading::message(&reading::create()));
    let mut buffer = Vec::new();
    let (first, peak) = memory::peak(plugin.id(), || load::call(socket, &message, &mut buffer));
    let (mut times, mut floors) = (vec![first], Vec::new());
    for _ in 0..20 {
        floors.push(load::call(floor, &message, &mut buffer));
        times.push(load::call(socket, &message, &mut buffer));
    }
    times.sort_unstable();
    floors.sort_unstable();
    let (time, floor) = (quantile(&times, 0.5) / 1e6, quantile(&floors, 0.5) / 1e6);
    #[allow(clippy::cast_precision_loss)]
    let mebibytes = message.len() as f64 / f64::from(1 << 20);
    report.note("a create of 4 MiB, size of its message", mebibytes, "MiB");
    report.note("floor, the same message, median", floor, "ms");
    report.note("plugin, a create of 4 MiB over the socket, median", time, "ms");
    report.limit("plugin above the floor", time - floor, "ms", 30.0);
    report.limit("growth of the process while it answers one", peak / 1024.0, "MiB", 24.0);
    report.note("resident memory afterwards", plugin.resident_kib() / 1024.0, "MiB");
}

#[derive(Default)]
struct Rounds {
    floor: Vec<f64>,
    plugin: Vec<f64>,
    floor_p99: Vec<f64>,
    plugin_p99: Vec<f64>,
    rates: (f64, f64),
}

impl Rounds {
    fn add(&mut self, floor: &load::Load, plugin: &load::Load) {
        self.floor.push(quantile(&floor.latencies, 0.5));
        self.plugin.push(quantile(&plugin.latencies, 0.5));
        self.floor_p99.push(quantile(&floor.latencies, 0.99));
        self.plugin_p99.push(quantile(&plugin.latencies, 0.99));
        self.rates = (self.rates.0.max(floor.rate), self.rates.1.max(plugin.rate));
    }

    fn floor_median(&self) -> f64 {
        median(&self.floor)
    }

    fn plugin_median(&self) -> f64 {
        median(&self.plugin)
    }

    fn plugin_p99(&self) -> f64 {
        median(&self.plugin_p99)
    }

    /// The median of the rounds' own ratios.
    fn ratio(&self) -> f64 {
        median(&self.floor.iter().zip(&self.plugin).map(|(floor, plugin)| plugin / floor).collect::<Vec<_>>())
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Plugin(Running);

impl Plugin {
    /// Starts the release binary beside this one, and puts a policy in force.
    fn start(directory: &Path, socket: &Path, report: &mut Report) -> Self {
        let key = SigningKey::from_seed(&[7; 32]);
        let enrollment = directory.join("enrollment.json");
        let trusted = key.verifying_key().to_base64();
        let json = format!(r#"{{"service":"https://127.0.0.1:1","trustKeys":["{trusted}"],"allowedOrgs":["acme"]}}"#);
        fs::write(&enrollment, json).expect("the enrollment file");
        let control = directory.join("c.sock");
        let start = || {
            let started = Instant::now();
            let child = Command::new(binary())
                .args(["--socket".as_ref(), socket.as_os_str(), "--control-socket".as_ref(), control.as_os_str()])
                .args(["--state-dir".as_ref(), directory.join("state").as_os_str()])
                .args(["--enrollment".as_ref(), enrollment.as_os_str()])
                .args(["--egress-file".as_ref(), directory.join("egress.json").as_os_str()])
                .stderr(Stdio::null())
                .spawn()
                .expect("the plugin");
            (Running(child), started)
        };
        let (running, _) = start();
        put_in_force(&control, &key);
        drop(running);
        // Again, now with documents on disk, as after a reboot.
        let (running, started) = start();
        let first = load::first_answer(socket, started);
        println!("# The plugin's process");
        report.limit("start of the process to first answer", first.as_secs_f64() * 1e3, "ms", 20.0);
        Self(running)
    }

    fn resident_kib(&self) -> f64 {
        memory::resident(self.id(), "VmRSS:")
    }

    fn id(&self) -> u32 {
        self.0.0.id()
    }
}

fn binary() -> PathBuf {
    env::current_exe().expect("this program").with_file_name("pullgate-plugin")
}

fn put_in_force(control: &Path, key: &SigningKey) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut client = ControlClient::new(local::connect_lazy(control));
        let started = Instant::now();
        let status = loop {
            match client.status(proto::control::StatusRequest {}).await {
                Ok(status) => break status.into_inner(),
                Err(error) => assert!(started.elapsed().as_secs() < 10, "the plugin does not answer: {error}"),
            }
        };
        let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs()).expect("seconds");
        let header = |subject: &str, audience: &str| {
            Some(Header {
                subject: subject.into(),
                audience: audience.into(),
                generation: 1,
                issued_at: now,
                refresh_after: now + 3600,
                expires_at: now + 7200,
            })
        };
        let policy = Policy {
            header: header("acme", "any"),
            enabled: true,
            mode: Mode::Enforce.into(),
            categories: Some(Categories { official: true, verified_publisher: true, community: false }),
            when_expired: WhenExpired::Keep.into(),
            ..Policy::default()
        };
        let session = Session {
            header: header("dana", &format!("machine:{}", status.machine_id)),
            machine_id: status.machine_id.clone(),
            uid: rustix::process::geteuid().as_raw(),
            organizations: vec![Membership {
                organization: "acme".into(),
                role: Role::Member.into(),
                teams: Vec::new(),
            }],
        };
        let envelopes = vec![seal(&policy, key), seal(&session, key)];
        client.apply(ApplyRequest { envelopes, end_session: false }).await.expect("documents in force");
    });
}
