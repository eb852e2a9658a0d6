//! Start and stop, in order.

use std::{fs, io, os::unix::net::UnixListener, path::Path, sync::Arc};

use anyhow::Context as _;
use proto::{local::Listener, sign_in::Paths};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, level_filters::LevelFilter, warn};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    authorize::Authorizer,
    config::Config,
    control::{self, Sources},
    door::Door,
    enforcer::Enforcer,
    engine_seen::EngineSeen,
    provenance::{Keeper, Provenance},
    record,
    state::StateDir,
};

/// Runs the plugin until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start; the text says what to do.
pub fn run(config: &Config) -> anyhow::Result<()> {
    // Sockets and files are this user's alone; the control socket is opened for others explicitly.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    start_log();
    raise_descriptor_limit();
    let state = StateDir::open(&config.state_dir)?;
    let (enforcer, handle, live) = Enforcer::start(
        state,
        Paths { enrollment: config.enrollment.clone(), registry_json: config.registry_json.clone() },
        config.egress_file.clone(),
    )?;
    let machine_id = enforcer.machine_id().to_owned();
    let (recorder, records) = record::channel();
    let provenance = Arc::new(Provenance::restore(&config.state_dir));
    let mut keeper = Keeper::new(Arc::clone(&provenance), &config.state_dir);

    // The door first: the engine waits for nobody else.
    let engine_socket =
        bind(&config.socket).with_context(|| format!("cannot listen on `{}`", config.socket.display()))?;
    let stop = CancellationToken::new();
    let engine = Arc::new(EngineSeen::default());
    let authorizer =
        Arc::new(Authorizer::new(Arc::clone(&live), recorder.clone(), Arc::clone(&provenance), Arc::clone(&engine)));
    let door = Door::open(engine_socket, authorizer, stop.clone())?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        socket = %config.socket.display(),
        enrollment = %config.enrollment.display(),
        machine_id,
        documents = handle.view().borrow().in_force.len(),
        "answering"
    );

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        make_parent(&config.control_socket)?;
        let listener = Listener::bind(&config.control_socket, 0o666)
            .with_context(|| format!("cannot listen on `{}`", config.control_socket.display()))?;
        let writer = tokio::spawn(enforcer.run());
        let door_user = Arc::new(config.door_user.clone());
        let from = Sources { enforcer: handle, live, recorder, records, provenance, engine, machine_id, door_user };
        tokio::select! {
            served = control::serve(listener, from) => served.context("the control socket failed"),
            () = keeper.run() => Ok(()),
            ended = writer => Err(anyhow::anyhow!("the writer ended: {ended:?}")),
            () = stop_signal() => Ok(()),
            // Only a thread of the door that ended does this.
            () = stop.cancelled() => Ok(()),
        }
    });
    info!("stopping");
    let answered = door.close().context("the engine's socket failed");
    if let Err(error) = keeper.save() {
        warn!(error = %proto::chain(&error), "what is remembered of image names is not on disk");
    }
    // This process still holds the state directory's lock, so the files are its own.
    for socket in [&config.socket, &config.control_socket] {
        let _ = fs::remove_file(socket);
    }
    info!("stopped");
    served.and(answered)
}

async fn stop_signal() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}

/// Binds the engine's socket. A file that nobody answers on is what a killed process left.
fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    make_parent(path)?;
    proto::local::remove_stale(path)?;
    Ok(UnixListener::bind(path)?)
}

/// The directory of a socket; others may look into it, so that they find the control socket.
fn make_parent(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let Some(parent) = path.parent().filter(|parent| !parent.exists()) else { return Ok(()) };
    let masked = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(parent);
    rustix::process::umask(masked);
    made.with_context(|| format!("cannot make the directory `{}`", parent.display()))
}

/// As many connections as the system lets this process have; the bounds are below the usual limit.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the limit that was there holds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn start_log() {
    // Targets, not expressions: `PULLGATE_LOG=debug`, `PULLGATE_LOG=plugin=debug,info`.
    let wanted = std::env::var("PULLGATE_LOG").unwrap_or_default();
    let targets = wanted.parse().ok().filter(|_| !wanted.is_empty());
    let targets = targets.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    tracing_subscriber::registry().with(lines).with(targets).init();
}
