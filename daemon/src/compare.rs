//! Answers who asks for a comparison with the policy service: `pullgate sync`.
//!
//! One at a time and no more than one a second: each is a question to the service. Who asks is this user or root, as
//! the kernel says.

#[cfg_attr(unix, path = "compare/socket.rs")]
#[cfg_attr(not(unix), path = "compare/nowhere.rs")]
mod door;

use std::time::Duration;

use proto::agent::{Compared, Standing};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tracing::{debug, warn};

use self::door::Listener;
pub use self::door::Socket;
use crate::sync::Event;

/// For a comparison. A service that is there answers in a second; a sign-in takes its time.
const LIMIT: Duration = Duration::from_secs(25);
/// Of that, for a look at the credentials.
const LOOK: Duration = Duration::from_secs(10);
/// Between two questions to the service.
const PAUSE: Duration = Duration::from_secs(1);
/// For a caller that does not read.
const WRITE: Duration = Duration::from_secs(1);

/// Where the agent stands, and how many comparisons were begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Comparisons that were begun since the start.
    pub begun: u64,
    /// Where it stands.
    pub standing: Standing,
}

/// Answers on the lock's own socket; without one, waits for nothing. Ends when nobody listens to `events`.
///
/// `looks`: has the credentials looked at first. Who has just signed in is not told that nobody is.
pub async fn serve(
    socket: Option<Socket>,
    uid: u32,
    looks: mpsc::Sender<oneshot::Sender<()>>,
    events: mpsc::Sender<Event>,
    mut progress: watch::Receiver<Progress>,
) {
    let Some(listener) = socket.and_then(|socket| {
        Listener::new(socket).inspect_err(|error| warn!(%error, "nobody can ask this agent for a comparison")).ok()
    }) else {
        return events.closed().await;
    };
    let mut last: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = events.closed() => return,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                debug!(%error, "a caller could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if !door::is_of(&stream, uid) {
            continue;
        }
        let is_due = last.is_none_or(|last| last.elapsed() >= PAUSE);
        let standing = match is_due {
            true => {
                last = Some(Instant::now());
                compare(&looks, &events, &mut progress).await
            }
            false => progress.borrow().standing,
        };
        answer(stream, standing).await;
    }
}

/// Begins a comparison and waits until it led somewhere.
async fn compare(
    looks: &mpsc::Sender<oneshot::Sender<()>>,
    events: &mpsc::Sender<Event>,
    progress: &mut watch::Receiver<Progress>,
) -> Standing {
    let until = Instant::now() + LIMIT;
    let (looked, told) = oneshot::channel();
    let look = async {
        if looks.send(looked).await.is_ok() {
            let _ = told.await;
        }
    };
    // A file system that does not answer, and then what is known counts.
    let _ = timeout(LOOK, look).await;
    let before = progress.borrow().begun;
    let done = |progress: &Progress| progress.begun > before && progress.standing != Standing::Busy;
    if events.send(Event::Compare).await.is_ok() {
        let _ = timeout_at(until, progress.wait_for(done)).await;
    }
    progress.borrow().standing
}

async fn answer(mut stream: impl AsyncWrite + Unpin, standing: Standing) {
    let Ok(mut line) = serde_json::to_vec(&Compared { standing }) else { return };
    line.push(b'\n');
    if !matches!(timeout(WRITE, stream.write_all(&line)).await, Ok(Ok(()))) {
        debug!("whoever asked for a comparison did not wait for the answer");
    }
}
