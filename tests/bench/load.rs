//! The load: messages as the engine sends them, one connection each.

use std::{
    io::{Read as _, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, poll};

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
    http(body)
}

/// A message of the engine as it goes over the socket.
pub fn http(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: plugin.moby.localhost\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Length: {}\r\nAccept: application/vnd.docker.plugins.v1.2+json\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
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

/// `calls` calls, with `connections` of them under way at any moment. One client thread, so that the
/// server is not what the client's own threads wait for.
pub fn run(path: &Path, connections: usize, calls: usize) -> Load {
    let message = message();
    let mut latencies = Vec::with_capacity(calls);
    let start = Instant::now();
    if connections == 1 {
        let mut buffer = Vec::with_capacity(1024);
        latencies.extend((0..calls).map(|_| call(path, &message, &mut buffer)));
    } else {
        let mut under_way: Vec<Call> = (0..connections).map(|_| Call::begin(path, &message)).collect();
        let mut begun = connections;
        while !under_way.is_empty() {
            let mut fds: Vec<_> =
                under_way.iter().map(|call| PollFd::from_borrowed_fd(call.stream.as_fd(), PollFlags::IN)).collect();
            poll(&mut fds, None).expect("a poll");
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            for (place, _) in ready.iter().enumerate().rev().filter(|(_, ready)| **ready) {
                let Some(latency) = under_way[place].proceed() else { continue };
                latencies.push(latency);
                if begun < calls {
                    begun += 1;
                    under_way[place] = Call::begin(path, &message);
                } else {
                    under_way.swap_remove(place);
                }
            }
        }
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Load { latencies, rate }
}

/// A call under way.
struct Call {
    stream: UnixStream,
    start: Instant,
    answer: Vec<u8>,
}

impl Call {
    fn begin(path: &Path, message: &[u8]) -> Self {
        let start = Instant::now();
        let mut stream = UnixStream::connect(path).expect("the socket answers");
        stream.write_all(message).expect("the message is taken");
        Self { stream, start, answer: Vec::new() }
    }

    /// The latency once the answer is there to its end.
    fn proceed(&mut self) -> Option<u64> {
        let mut buffer = [0; 1024];
        let count = self.stream.read(&mut buffer).expect("an answer");
        self.answer.extend_from_slice(&buffer[..count]);
        if count > 0 {
            return None;
        }
        assert!(self.answer.ends_with(br#"{"Allow":true}"#), "{}", String::from_utf8_lossy(&self.answer));
        Some(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
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
