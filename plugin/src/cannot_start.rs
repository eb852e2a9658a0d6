//! A plugin that cannot start: who asks is told why, and is not kept waiting.
//!
//! With sockets that the service manager holds, an engine would wait behind a process that ends over and over, for every
//! call, without a word. So the process stays for a while and answers: what brings an image in or sends one out is refused,
//! with what is wrong and what to do, since nothing is known of policies and sessions; everything else passes, so
//! that Docker can be used and repaired. Then it ends, and the next one tries anew (docs/decisions, 0018).

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use policy::{Documents, Enforced};
use proto::{
    chain,
    local::CANNOT_START,
    sign_in::{Paths, SignInFiles},
    supervisor::{Manager, Progress, StopSignals},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    app::{tell, tell_ready},
    authorize::Authorizer,
    config::Config,
    door::Door,
    engine_seen::EngineSeen,
    live::Live,
    provenance::Provenance,
    record,
    sandbox::Sandbox,
    sockets::Sockets,
};

/// For so long one process answers before the next one tries again. Between the two, callers wait in the queues of
/// the held sockets, for milliseconds.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// Longest that is said of a fault, in characters: the engine prints it on one line.
const MAX_WORDS: usize = 300;

/// Answers until it is time to try again, or to stop.
///
/// # Errors
/// Always, `why`, unless it was told to stop.
pub fn serve(config: &Config, mut sockets: Sockets, manager: &Manager, why: anyhow::Error) -> anyhow::Result<()> {
    let fault = words(&chain(AsRef::<dyn std::error::Error + Send + Sync>::as_ref(&why)));
    error!(fault, seconds = TRY_AGAIN.as_secs(), "cannot start: images are refused, and the next process tries again");
    let files = SignInFiles::read(&Paths {
        enrollment: config.enrollment.clone(),
        registry_json: config.registry_json.clone(),
    });
    let enforced = Enforced { documents: Documents::Unheard, fault: fault.clone(), ..files.enforced() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { StopSignals::heed() }).context("cannot heed signals")?;
    // Nobody fetches these records: there is no agent whose user could be known.
    let (recorder, _records) = record::channel();
    let (live, engine) = (Arc::new(Live::new(enforced)), Arc::new(EngineSeen::default()));
    let authorizer = Arc::new(Authorizer::new(live, recorder, Arc::new(Provenance::default()), engine));
    let engine_socket = sockets.engine(&config.socket)?;
    let stop = CancellationToken::new();
    let sandbox = Sandbox::begin(config);
    let door = Door::open(engine_socket, authorizer, stop.clone())?;
    let told_to_stop = runtime.block_on(async {
        tell_ready(door.probe(), manager, &format!("cannot start, and refuses images: {fault}")).await;
        let control = sockets.control(&config.control_socket);
        sandbox.finish();
        // Agents and commands learn it there.
        if let Ok((listener, _)) = control {
            let told = format!("{CANNOT_START}, and refuses images: {fault}");
            let stopped = stop.clone().cancelled_owned();
            tokio::spawn(async move {
                if let Err(error) = listener.refuse(told, stopped).await {
                    warn!(error = %chain(&error), "nobody is told on the control socket");
                }
            });
        } else {
            warn!("nobody is told on the control socket");
        }
        tokio::select! {
            () = tokio::time::sleep(TRY_AGAIN) => false,
            () = stop.cancelled() => false,
            () = signals.recv() => true,
        }
    });
    tell(manager, Progress::Stopping, "");
    door.close()?;
    info!("stopped");
    if told_to_stop { Ok(()) } else { Err(why) }
}

fn words(fault: &str) -> String {
    let line: String = fault.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
