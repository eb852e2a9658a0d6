//! How long, how large, how many. Everything that a peer could stretch has its bound here.

use std::time::Duration;

/// Largest head of a request, in bytes; what waits of an answer for a slow client is bounded by it too.
/// The longest heads have a bearer token of 4 KiB to 8 KiB.
pub const REQUEST_HEAD: usize = 16 << 10;
/// Largest head of an answer, and most that is read of a body at once, in bytes.
pub const ANSWER_HEAD: usize = 64 << 10;
/// With more connections to registries than these, each reads in small pieces: a few downloads are
/// fast, and many do not need more memory than a few.
pub const CROWD: usize = 32;
/// A small piece, in bytes. Hyper's buffer is 8 KiB, and grows when it is filled.
pub const CROWDED_READ: usize = (8 << 10) - 1;
/// Read at once of an upstream connection under TLS, where there is no crowd; rustls itself would ask for 4 KiB a time.
pub const READ_AHEAD: usize = 64 << 10;
/// Bodies from this length on, in bytes, go from socket to socket where both are in the clear; a shorter one is
/// through before two sockets have changed hands.
pub const SPLICED: u64 = 16 << 10;
/// Ciphertext that waits for a slow peer, per connection. It is written in one system call.
pub const TLS_BUFFER: usize = 64 << 10;
/// The same in a crowd: one TLS record.
pub const CROWDED_TLS_BUFFER: usize = 16 << 10;
/// A small manifest, in bytes: nearly all are smaller than a tenth of this.
pub const SMALL_MANIFEST: usize = 64 << 10;
/// Small manifests in memory at the same time: 4 MiB ...
pub const SMALL_MANIFESTS: usize = 64;
/// ... and of one registry.
pub const SMALL_MANIFESTS_PER_HOST: usize = 32;
/// Larger ones, each of which counts as the largest that there can be: 12 MiB. Of one registry, one.
pub const LARGE_MANIFESTS: usize = 3;
/// What is still read of an upload that was answered before its end, so that the answer is not lost
/// in the reset of a connection with unread bytes.
pub const LINGER_BYTES: usize = 1 << 20;
/// Idle upstream connections kept a host. An engine loads three layers at a time, a build some more.
pub const IDLE_PER_HOST: usize = 8;
/// Those in the clear, of all hosts together: a build that asks many hosts once leaves no descriptors behind.
pub const IDLE_CLEAR: usize = 64;
/// Threads for calls that block: names, and documents that are verified.
pub const BLOCKING_THREADS: usize = 32;
/// Names that are resolved at the same time. Whoever owns a name can make that last as long as the resolver's
/// patience, and must not keep documents waiting, nor fill a queue without end.
pub const LOOKUPS: usize = 24;

/// The bounds that a test may want shorter.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Client connections at the same time, both listeners together.
    pub connections: usize,
    /// Name resolution and TCP, all addresses of a host together.
    pub connect: Duration,
    /// A TLS handshake, on either side.
    pub tls: Duration,
    /// From the last byte of a request (or the last one that the registry took) to the head of its answer.
    pub head: Duration,
    /// The same where something is sent there: a registry that puts a layer of some GiB together answers when it is done.
    pub push_head: Duration,
    /// Silence inside a body, in either direction, and a client that takes nothing.
    pub idle: Duration,
    /// First byte behind a CONNECT.
    pub first_byte: Duration,
    /// From the first byte that could come to a connection's first head.
    pub first_head: Duration,
    /// Between two requests of a connection, and to a request's whole head ...
    pub keep_alive: Duration,
    /// ... and the same while more than half of the connections are taken.
    pub keep_alive_short: Duration,
    /// An upstream connection nobody uses. Below the 60 s after which load balancers give one up, so
    /// that requests are not sent into a connection that is being closed.
    pub upstream_idle: Duration,
    /// The first bytes of a client on the loopback listener.
    pub silent: Duration,
    /// So often it is looked whether the host of a tunnel has become governed by the passing of time.
    pub tunnel_look: Duration,
    /// A tunnel to a host that has become governed ends when nothing moved for this long ...
    pub tunnel_quiet: Duration,
    /// ... and at the latest after this.
    pub tunnel_end: Duration,
    /// What is under way at SIGTERM may take this long ...
    pub drain: Duration,
    /// ... and a client that has just connected this long to ask.
    pub late: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connect: Duration::from_secs(15),
            tls: Duration::from_secs(15),
            head: Duration::from_secs(60),
            push_head: Duration::from_secs(900),
            idle: Duration::from_secs(60),
            first_byte: Duration::from_secs(30),
            first_head: Duration::from_secs(10),
            keep_alive: Duration::from_secs(120),
            keep_alive_short: Duration::from_secs(5),
            upstream_idle: Duration::from_secs(50),
            silent: Duration::from_secs(1),
            tunnel_look: Duration::from_secs(5),
            tunnel_quiet: Duration::from_secs(1),
            tunnel_end: Duration::from_secs(60),
            drain: Duration::from_secs(5),
            late: Duration::from_secs(1),
        }
    }
}
