//! A PostgreSQL server of this test process (`tests/postgres`), and a database of it for each test.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/postgres");

/// What the server asks for over TCP.
pub const PASSWORD: &str = "of-the-tests";

/// The one server; its input closes with this process, and then it goes.
static SERVER: LazyLock<Arc<Server>> = LazyLock::new(|| Arc::new(Server::start()));

/// A server, stopped and removed with this value or this process.
pub struct Server {
    directory: String,
    port: String,
    script: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

impl Server {
    /// One of its own, for a test that stops it.
    pub fn start() -> Self {
        let mut child = Command::new(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut ready = String::new();
        output.read_line(&mut ready).unwrap();
        let words: Vec<_> = ready.split_whitespace().collect();
        let ["ready", directory, port] = words[..] else { panic!("`tests/postgres` says above why it does not run") };
        let (directory, port) = (directory.to_owned(), port.to_owned());
        Self { directory, port, script: Mutex::new((input, output)), _child: child }
    }

    /// A line of `tests/postgres`.
    pub fn tell(&self, act: &str) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(script.0, "{act}").unwrap();
        let mut answer = String::new();
        script.1.read_line(&mut answer).unwrap();
        assert_eq!(answer, "ok\n", "`{act}`: `tests/postgres` says above why not");
    }
}

/// A fresh database, dropped with this value.
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// Empty, on the server that all tests of this process share.
    pub fn new() -> Self {
        Self::on(&SERVER)
    }

    /// Empty, on this server.
    pub fn on(server: &Arc<Server>) -> Self {
        Self::create(server, "")
    }

    /// A copy of this one, which nobody is connected to.
    #[allow(dead_code, reason = "the tests of processes let those make the schema")]
    pub fn like(other: &Self) -> Self {
        Self::create(&other.server, &other.name)
    }

    fn create(server: &Arc<Server>, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { server: Arc::clone(server), name };
        database.tell("create", template);
        database
    }

    /// A line of `tests/postgres` about this database.
    pub fn tell(&self, act: &str, more: &str) {
        self.server.tell(&format!("{act} {} {more}", self.name));
    }

    /// Over the socket, without a password.
    pub fn url(&self) -> String {
        let Server { directory, port, .. } = &*self.server;
        format!("postgres:///{}?host={directory}/socket&port={port}&user=pullgate", self.name)
    }

    /// Over TCP, with a password and these parameters.
    pub fn url_over_tcp(&self, parameters: &str) -> String {
        format!("postgres://pullgate:{PASSWORD}@127.0.0.1:{}/{}?{parameters}", self.server.port, self.name)
    }

    /// The authority that certified the server.
    pub fn ca_file(&self) -> String {
        format!("{}/ca.pem", self.server.directory)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test that failed says so itself.
        if !std::thread::panicking() {
            self.tell("drop", "");
        }
    }
}
