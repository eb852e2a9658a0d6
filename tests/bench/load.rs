//! The load: messages as the engine sends them, one connection each.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// What one run showed.
pub struct Load {
    /// Nanoseconds a call, sorted.
    pub latencies: Vec<u64>,
    /// Calls a second over all connections.
    pub rate: f64,
}

/// A pull as CLI 28 asks for it.
pub fn message() -> Vec<u8> {
    let body = br#"{"RequestMethod":"POST","RequestUri":"/v1.47/images/create?fromImage=docker.io%2Flibrary%2Falpine&tag=3.20","RequestHeaders":{"Content-Length":"0","User-Agent":"Docker-Client/28.5.2 (linux)"}}"#;
    let mut message = format!(
        "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Length: {}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n",
        body.len()
    )
    .into_bytes();
    message.extend_from_slice(body);
    message
}

/// One call: dial, write, read to the end. Panics when the answer is not "allow".
pub fn call(path: &Path, message: &[u8], buffer: &mut Vec<u8>) -> u64 {
    let start = Instant::now();
    let mut stream = UnixStream::connect(path).expect("the socket answers");
    stream.write_all(message).expect("the message is taken");
    buffer.clear();
    stream.read_to_end(buffer).expect("an answer");
    let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    assert!(buffer.ends_with(br#"{"Allow":true}"#), "{}", String::from_utf8_lossy(buffer));
    elapsed
}

/// Calls over `connections` threads until `calls` are made.
pub fn run(path: &Path, connections: usize, calls: usize) -> Load {
    let message = message();
    let start = Instant::now();
    let mut latencies: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut buffer = Vec::with_capacity(1024);
                    (0..calls / connections).map(|_| call(path, &message, &mut buffer)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a load thread")).collect()
    });
    #[allow(clippy::cast_precision_loss)]
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Load { latencies, rate }
}

/// Waits until something answers there, bounded; the time it took.
pub fn first_answer(path: &Path, start: Instant) -> Duration {
    let message = message();
    loop {
        if UnixStream::connect(path).is_ok() {
            call(path, &message, &mut Vec::new());
            return start.elapsed();
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nothing answers on {}", path.display());
        thread::yield_now();
    }
}
