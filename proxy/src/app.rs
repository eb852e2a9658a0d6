//! Start and stop, in order.

use std::time::Duration;

use anyhow::Context as _;
use proto::{
    log,
    probe_key::ProbeKey,
    sign_in::Paths,
    supervisor::{Held, Manager, Progress, StopSignals},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, level_filters::LevelFilter, warn};

use crate::{
    ca, cannot_start,
    config::{Ca, Command, Serve},
    door::Door,
    follow,
    gate::Gate,
    leaf::Leaves,
    limits::{self, Limits},
    report, sandbox,
    settings::Settings,
    upstream::Upstream,
};

mod process;

/// More would not be faster: the work is the kernel's and the cipher's, and a laptop has better to do.
const MOST_THREADS: usize = 4;

/// For handing over the last records.
const LAST_RECORDS: Duration = Duration::from_secs(1);

/// Runs a command.
///
/// # Errors
/// When it cannot start; the text says what to do.
pub fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => serve(config),
        Command::Ca(config) => make_ca(config),
    }
}

fn make_ca(config: &Ca) -> anyhow::Result<()> {
    let dir = &config.dir.ca_dir;
    let made = ca::make(dir, &config.only)?;
    if made == ca::Made::Kept && !config.only.is_empty() {
        eprintln!("the certificate authority was there already, and is kept as it is: `--only` changes nothing");
    }
    println!("{}", ca::trust_dir(dir).display());
    Ok(())
}

fn serve(config: &Serve) -> anyhow::Result<()> {
    process::private_files();
    log::start(LevelFilter::INFO);
    process::raise_descriptor_limit();
    sandbox::enter();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(limits::BLOCKING_THREADS)
        .enable_all()
        .build()?;
    let manager = Manager::from_env().unwrap_or_else(|error| {
        warn!(%error, "the service manager cannot be told how far this process is");
        Manager::nobody()
    });
    runtime.block_on(async {
        let held = Held::from_env()?;
        let signals = StopSignals::heed().context("cannot heed signals")?;
        match begin(config) {
            Ok(begun) => open(config, begun, held, &manager, signals).await,
            // Who dials a port that is held waits until somebody answers.
            Err(why) if held.has_tcp() => cannot_start::serve(held, &manager, signals, why).await,
            Err(why) => Err(why),
        }
    })
}

/// What can keep a door from its work: what an administrator wrote, and what `pullgate-proxy ca` made.
fn begin(config: &Serve) -> anyhow::Result<(Settings, Leaves)> {
    let settings = Settings::read(&config.settings)?;
    let leaves = Leaves::new(ca::Authority::load(&config.ca.ca_dir)?)?;
    Upstream::check(&settings)?;
    Ok((settings, leaves))
}

async fn open(
    config: &Serve,
    (settings, leaves): (Settings, Leaves),
    mut held: Held,
    manager: &Manager,
    mut signals: StopSignals,
) -> anyhow::Result<()> {
    let paths = Paths { enrollment: config.enrollment.clone(), registry_json: config.registry_json.clone() };
    let probe_key = ProbeKey::from_seed(&process::random_seed()?);
    let (enforced, following) = follow::follow(config.control_socket.clone(), paths, probe_key.public());
    let (reporter, reporting) = report::channel(config.control_socket.clone());
    let gate = Gate::new(enforced, reporter).with_probe_key(probe_key);
    let door = Door::bind(config.listen, &config.loopback_listen, held.take_tcp()).await?;
    for socket in held.left_over() {
        warn!(socket, "the socket unit holds a socket that is none of this door's, and nobody answers there");
    }
    tell(config, &settings, &door)?;

    let stop = CancellationToken::new();
    let limits = Limits {
        drain: Duration::from_secs(config.drain.into()),
        head: settings.answer,
        push_head: settings.push_answer,
        ..Limits::default()
    };
    let run = door.run(settings, limits, leaves, gate, stop.clone());
    let (mut following, mut reporting) = (tokio::spawn(following), tokio::spawn(reporting));
    let mut run = std::pin::pin!(run);
    // It accepts from its first step on; who dials before waits.
    tell_manager(manager, Progress::Ready, "");
    let mut failed = None;
    tokio::select! {
        ended = run.as_mut() => return ended.context("the door closed"),
        ended = &mut following => failed = Some(anyhow::anyhow!("what follows the plugin ended: {ended:?}")),
        ended = &mut reporting => failed = Some(anyhow::anyhow!("what carries records ended: {ended:?}")),
        () = signals.recv() => {}
    }
    info!("stopping");
    tell_manager(manager, Progress::Stopping, "");
    stop.cancel();
    // Policy and records are needed to the end of the last request.
    run.await?;
    // The gate is gone, so that no record comes any more; the last ones take no longer than a plugin that lives.
    if failed.is_none() && tokio::time::timeout(LAST_RECORDS, reporting).await.is_err() {
        warn!("the plugin did not take the last records");
    }
    info!("stopped");
    failed.map_or(Ok(()), Err)
}

pub(crate) fn tell_manager(manager: &Manager, progress: Progress, words: &str) {
    if let Err(error) = manager.tell(progress, words) {
        warn!(%error, ?progress, "the service manager was not told");
    }
}

/// The first line says where it is and by what it works; each hole is told by itself.
fn tell(config: &Serve, settings: &Settings, door: &Door) -> anyhow::Result<()> {
    let list =
        |addresses: Vec<std::net::SocketAddr>| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %door.address()?,
        loopback = %list(door.loopback_addresses()?),
        settings = %config.settings.display(),
        upstream_proxy = settings.upstream_proxy.as_ref().map(|proxy| tracing::field::display(&proxy.authority)),
        "answering"
    );
    for host in &settings.tunnel {
        warn!(%host, "is never looked into (`tunnel`): images from there are not decided on");
    }
    for address in &settings.loopback_tunnel {
        warn!(%address, "is never looked into (`loopbackTunnel`): images from there are not decided on");
    }
    for host in &settings.insecure {
        warn!(%host, "is not verified (`insecureRegistries`)");
    }
    Ok(())
}
