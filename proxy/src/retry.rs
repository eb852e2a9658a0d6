//! When to try the plugin's control socket again.

use std::{
    error::Error,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

/// The first pause, and how often the socket is looked at while the plugin is away: one system call.
const FIRST: Duration = Duration::from_millis(25);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that grow, and end at once when there is another socket than the one that did not answer.
#[derive(Debug)]
pub(crate) struct Retry {
    socket: PathBuf,
    tried: Option<Socket>,
    pause: Duration,
}

/// Which socket is at a path, and since when with which rights.
type Socket = (u64, u64, i64, i64);

impl Retry {
    pub(crate) fn new(socket: &Path) -> Self {
        Self { tried: look(socket), socket: socket.to_owned(), pause: FIRST }
    }

    /// It answered.
    pub(crate) fn succeeded(&mut self) {
        self.pause = FIRST;
    }

    /// Waits until it is time for the next attempt.
    pub(crate) async fn pause(&mut self) {
        // Many machines' doors do not ask as one, and two tasks of this door neither.
        let until = Instant::now() + self.pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.pause = (self.pause * 2).min(LONGEST);
        loop {
            let found = look(&self.socket);
            if found != self.tried {
                self.tried = found;
                self.pause = FIRST;
                // One that went is nobody to ask.
                if found.is_some() {
                    return;
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sleep(left.min(FIRST)).await;
        }
    }
}

/// Why a call did not come to its end: what the plugin said, or what became of the connection.
pub(crate) fn why(status: &Status) -> String {
    if status.code() == Code::Unimplemented {
        return "pullgate-plugin is older than this door, and does not know what it asks for; upgrade it".to_owned();
    }
    let mut root: Option<&(dyn Error + 'static)> = status.source();
    while let Some(cause) = root.and_then(Error::source) {
        root = Some(cause);
    }
    let root = root.map(|cause| format!(": {cause}")).filter(|cause| !cause.ends_with(status.message()));
    let text = format!("{}{}", status.message(), root.unwrap_or_default());
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

fn look(socket: &Path) -> Option<Socket> {
    // The directory entry: whoever replaced it started anew.
    let found = fs::symlink_metadata(socket).ok()?;
    Some((found.dev(), found.ino(), found.ctime(), found.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_second_and_begin_anew_after_an_answer() {
        let mut retry = Retry::new(Path::new("/nowhere"));
        let mut paused = Vec::new();
        for attempt in 0..12 {
            if attempt == 10 {
                retry.succeeded();
            }
            let start = Instant::now();
            retry.pause().await;
            paused.push(start.elapsed().as_millis());
        }
        assert!((12..=26).contains(&paused[0]), "{paused:?}");
        assert!(paused[6..10].iter().all(|pause| (500..=1001).contains(pause)), "{paused:?}");
        assert!((12..=26).contains(&paused[10]), "{paused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_socket_ends_a_pause_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("control.sock");
        let mut retry = Retry::new(&path);
        for _ in 0..8 {
            retry.pause().await;
        }
        let _socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
        let start = Instant::now();
        retry.pause().await;
        assert!(start.elapsed().is_zero(), "{:?}", start.elapsed());
        retry.pause().await;
        assert!(!start.elapsed().is_zero(), "the same socket is not new twice");
    }
}
