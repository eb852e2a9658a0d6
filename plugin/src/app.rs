//! Start and stop, in order.

use std::{fs, sync::Arc, time::Duration};

use anyhow::Context as _;
use proto::{
    log,
    sign_in::Paths,
    supervisor::{Manager, Progress, StopSignals},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, level_filters::LevelFilter, warn};

use crate::{
    authorize::Authorizer,
    cannot_start, clock,
    config::Config,
    control::{self, Sources},
    door::{Door, Probe},
    enforcer::{Enforcer, Handle},
    engine_seen::EngineSeen,
    live::Live,
    provenance::{Keeper, Provenance},
    record::{self, Disk},
    sandbox::Sandbox,
    sockets::{Sockets, make_parent},
    state::StateDir,
};

/// How long the process before this one, whose sockets this one has, may take to its end. A little more than
/// it gives itself: [`crate::door::DRAIN`], and a look at its listener.
const PREDECESSOR: Duration = Duration::from_secs(15);
/// For the callers of the control socket. Each of them comes back and does again what was cut, and meanwhile
/// the engine waits for the next process: one that hangs must not make it wait longer.
const CONTROL_DRAIN: Duration = Duration::from_millis(500);

/// Runs the plugin until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start; the text says what to do.
pub fn run(config: &Config) -> anyhow::Result<()> {
    // Sockets and files are this user's alone; the control socket is opened for others explicitly.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    log::start(LevelFilter::INFO);
    raise_descriptor_limit();
    let manager = Manager::from_env().unwrap_or_else(|error| {
        warn!(%error, "the service manager cannot be told how far this process is");
        Manager::nobody()
    });
    let mut sockets = Sockets::take(config)?;
    match begin(config, &sockets) {
        Ok(begun) => serve(config, &mut sockets, begun, &manager),
        // Who dials a socket that is held waits until somebody answers.
        Err(why) if sockets.are_held() => cannot_start::serve(config, sockets, &manager, why),
        Err(why) => Err(why),
    }
}

type Begun = (Enforcer, Handle, Arc<Live>);

/// What can keep a plugin from its work: everything about the state directory.
fn begin(config: &Config, sockets: &Sockets) -> anyhow::Result<Begun> {
    // Whoever dials a held socket waits in its queue meanwhile. Without one, another plugin is a mistake.
    let patience = if sockets.are_held() { PREDECESSOR } else { Duration::ZERO };
    let state = StateDir::open(&config.state_dir, patience)?;
    let files = Paths { enrollment: config.enrollment.clone(), registry_json: config.registry_json.clone() };
    Ok(Enforcer::start(state, files, config.egress_file.clone())?)
}

fn serve(config: &Config, sockets: &mut Sockets, begun: Begun, manager: &Manager) -> anyhow::Result<()> {
    let (enforcer, handle, live) = begun;
    let machine_id = enforcer.machine_id().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { StopSignals::heed() }).context("cannot heed signals")?;
    let (recorder, records) = record::channel();
    runtime.block_on(records.restore(&config.state_dir, clock::now_ms()));
    let provenance = Arc::new(Provenance::restore(&config.state_dir));
    let mut keeper = Keeper::new(Arc::clone(&provenance), &config.state_dir);

    // The door first: the engine waits for nobody else.
    let engine_socket = sockets.engine(&config.socket)?;
    let held = engine_socket.own.is_none();
    let stop = CancellationToken::new();
    let engine = Arc::new(EngineSeen::default());
    let authorizer =
        Arc::new(Authorizer::new(Arc::clone(&live), recorder.clone(), Arc::clone(&provenance), Arc::clone(&engine)));
    // Before the sandbox, which keeps what is there.
    make_parent(&config.control_socket)
        .with_context(|| format!("cannot make the directory of `{}`", config.control_socket.display()))?;
    let sandbox = Sandbox::begin(config);
    let door = Door::open(engine_socket, authorizer, stop.clone())?;
    info!(
        version = env!("CARGO_PKG_VERSION"),
        socket = %config.socket.display(),
        held,
        enrollment = %config.enrollment.display(),
        machine_id,
        documents = handle.view().borrow().in_force.len(),
        "answering"
    );

    let (kept, run, machine) = (records.clone(), live.counters().started_at_ms, machine_id.clone());
    let ended = runtime.block_on(async {
        let (listener, control_file) = sockets.control(&config.control_socket)?;
        let mut writer = tokio::spawn(enforcer.run());
        let door_user = Arc::new(config.door_user.clone());
        let known = sandbox.sandbox();
        // The last time that this process dials anybody, and that is itself.
        tell_ready(door.probe(), manager, "").await;
        sandbox.finish();
        let from = Sources {
            enforcer: handle,
            live,
            recorder,
            records,
            provenance,
            engine,
            machine_id,
            state_dir: config.state_dir.as_path().into(),
            door_user,
            sandbox: known,
        };
        let mut control = tokio::spawn(control::serve(listener, from, stop.clone()));
        let served = tokio::select! {
            ended = &mut control => Err(anyhow::anyhow!("the control socket failed: {ended:?}")),
            () = keeper.run() => Ok(()),
            ended = &mut writer => Err(anyhow::anyhow!("the writer ended: {ended:?}")),
            () = signals.recv() => Ok(()),
            // Only a thread of the door that ended does this.
            () = stop.cancelled() => Ok(()),
        };
        info!("stopping");
        tell(manager, Progress::Stopping, "");
        // This process still holds the state directory's lock, so the file is its own.
        if let Some(file) = control_file {
            let _ = fs::remove_file(file);
        }
        // Both drain at the same time. The writer goes on: who hands documents over gets an answer.
        stop.cancel();
        let closing = tokio::task::spawn_blocking(move || door.close());
        if !control.is_finished() && tokio::time::timeout(CONTROL_DRAIN, &mut control).await.is_err() {
            info!("connections of the control socket are cut: they did not come to their end in time");
        }
        let answered = closing.await.context("the engine's socket failed")?;
        served.and(answered.context("the engine's socket failed"))
    });
    if let Err(error) = keeper.save() {
        warn!(error = %proto::chain(&error), "what is remembered of image names is not on disk");
    }
    if let Err(error) = runtime.block_on(kept.keep(Disk { state_dir: &config.state_dir, machine_id: &machine, run })) {
        warn!(error = %proto::chain(&error), "records that nobody has fetched are lost");
    }
    info!("stopped");
    ended
}

/// Tells the service manager once the engine's socket gave an answer; `words`: what people should know.
pub(crate) async fn tell_ready(probe: Probe, manager: &Manager, words: &str) {
    match tokio::task::spawn_blocking(move || probe.answered()).await {
        Ok(Ok(())) => tell(manager, Progress::Ready, words),
        Ok(Err(error)) => error!(%error, "the engine's socket does not answer"),
        Err(error) => error!(%error, "the engine's socket was not asked"),
    }
}

pub(crate) fn tell(manager: &Manager, progress: Progress, words: &str) {
    if let Err(error) = manager.tell(progress, words) {
        warn!(%error, ?progress, "the service manager was not told");
    }
}

/// As many connections as the system lets this process have; the bounds are below the usual limit.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the limit that was there holds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
