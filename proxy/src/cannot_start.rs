//! A door that cannot start: who asks is told why, and is not kept waiting.
//!
//! With ports that the service manager holds, an engine would wait behind a process that ends over and over. So the process
//! stays for a while and answers every request with what is wrong; then it ends, and the next one tries anew
//! (docs/decisions, 0018). A client that was led here and speaks TLS cannot be told: its connection ends.

use std::{convert::Infallible, net::TcpListener as StdListener, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use proto::{
    chain,
    supervisor::{Held, Manager, Progress, StopSignals},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, error, info, warn};

use crate::{
    answer::{self, Trouble},
    app::tell_manager,
    peer::{self, Peer},
};

/// For so long one process answers before the next one tries again. Between the two, callers wait in the queues of
/// the held ports, for milliseconds.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// For one caller: its request and the answer are a few lines.
const CALL: Duration = Duration::from_secs(5);
/// Callers at the same time; more wait in the queues.
const CALLERS: usize = 256;

/// Answers until it is time to try again, or to stop.
///
/// # Errors
/// Always, `why`, unless it was told to stop.
pub async fn serve(
    mut held: Held,
    manager: &Manager,
    mut signals: StopSignals,
    why: anyhow::Error,
) -> anyhow::Result<()> {
    let fault: Arc<str> = chain(AsRef::<dyn std::error::Error + Send + Sync>::as_ref(&why)).into();
    error!(%fault, seconds = TRY_AGAIN.as_secs(), "cannot start: nothing is fetched, and the next process tries again");
    let callers = Arc::new(Semaphore::new(CALLERS));
    let mut listeners = JoinSet::new();
    for socket in held.take_tcp() {
        listeners.spawn(accept(socket, Arc::clone(&callers), Arc::clone(&fault)));
    }
    tell_manager(manager, Progress::Ready, &format!("cannot start, and fetches nothing: {fault}"));
    let told_to_stop = tokio::select! {
        () = signals.recv() => true,
        () = tokio::time::sleep(TRY_AGAIN) => false,
    };
    tell_manager(manager, Progress::Stopping, "");
    listeners.shutdown().await;
    // Who was accepted is answered.
    let _ = timeout(CALL, callers.acquire_many(u32::try_from(CALLERS).unwrap_or(u32::MAX))).await;
    info!("stopped");
    if told_to_stop { Ok(()) } else { Err(why) }
}

async fn accept(socket: StdListener, callers: Arc<Semaphore>, fault: Arc<str>) {
    let listener = match socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket)) {
        Ok(listener) => listener,
        Err(error) => return warn!(%error, "nobody is answered on a port that is held"),
    };
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&callers).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let fault = Arc::clone(&fault);
                tokio::spawn(async move {
                    let _place = place;
                    answer(stream, &fault).await;
                });
            }
            // Without descriptors it fails at once, again and again.
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, fault: &str) {
    // A fault may quote the settings, which are root's to read.
    let is_engine = peer::of(&stream) == Peer::Engine;
    let told = service_fn(|_| async {
        let trouble = if is_engine { Trouble::CannotStart { why: fault.to_owned() } } else { Trouble::Stranger };
        Ok::<_, Infallible>(answer::trouble(&trouble))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(CALL).keep_alive(false);
    match timeout(CALL, http.serve_connection(TokioIo::new(stream), told)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(error = chain(&error), "a connection broke"),
        Err(_) => debug!("a connection was too slow"),
    }
}
