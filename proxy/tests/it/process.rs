//! The real process.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use rustls::{RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};

use crate::{
    client::Client,
    server::{Server, ok},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pullgate-proxy");

/// The program; another build of it where memory is to be measured as it is delivered.
fn program() -> String {
    std::env::var("PULLGATE_PROXY").unwrap_or_else(|_| PROGRAM.to_owned())
}

/// A running `pullgate-proxy serve`.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    pub roots: RootCertStore,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    dir: tempfile::TempDir,
}

fn make_ca(dir: &Path) {
    let made = Command::new(program()).arg("ca").arg("--ca-dir").arg(dir).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(String::from_utf8(made.stdout).unwrap().trim(), dir.join("trust").to_str().unwrap());
}

impl Process {
    /// Without a plugin, and nobody has signed in though somebody must: every host is governed, and only
    /// requests that bring no image in are passed on.
    pub fn start(log: &str, settings: &serde_json::Value) -> Self {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let at = |name: &str| dir.path().join(name);
        make_ca(&at("ca"));
        std::fs::write(at("proxy.json"), settings.to_string()).unwrap();
        std::fs::write(at("registry.json"), r#"{"allowedOrgs": ["acme"]}"#).unwrap();
        let mut child = Command::new(program())
            .args(["serve", "--drain", "1", "--listen", "127.0.0.1:0", "--loopback-listen", "--ca-dir"])
            .arg(at("ca"))
            .args(["--settings".as_ref(), at("proxy.json").as_os_str()])
            .args(["--control-socket".as_ref(), at("control.sock").as_os_str()])
            .args(["--enrollment".as_ref(), at("enrollment.json").as_os_str()])
            .args(["--registry-json".as_ref(), at("registry.json").as_os_str()])
            .env("PULLGATE_LOG", log)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        while !first.contains("answering") {
            assert!(lines.read_line(&mut first).unwrap() > 0, "{first}");
        }
        let listen = first.split("listen=").nth(1).unwrap().split(' ').next().unwrap();
        let log = Arc::new(Mutex::new(first.clone()));
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in lines.lines().map_while(Result::ok) {
                    log.lock().unwrap().push_str(&(line + "\n"));
                }
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(at("ca/trust/pullgate.pem")).unwrap()).unwrap();
        Self { child, address: listen.parse().unwrap(), roots, log, reader: Some(reader), dir }
    }

    /// Where it looks for the plugin.
    pub fn control_socket(&self) -> std::path::PathBuf {
        self.dir.path().join("control.sock")
    }

    /// What it said until now.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// A line of `/proc/PID/status`, in KiB.
    pub fn memory(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Descriptors that it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Ends of pipes that it has open.
    pub fn pipes(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().flatten();
        let is_pipe = |target: std::path::PathBuf| target.to_string_lossy().starts_with("pipe:");
        open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(is_pipe)).count()
    }

    /// SIGTERM; whether it ended well, and its whole log.
    pub fn stop(mut self) -> (bool, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (ended.success(), self.log.lock().unwrap().clone())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn trusting(server: &Server) -> serde_json::Value {
    serde_json::json!({ "upstreamCa": [server.ca] })
}

#[tokio::test]
async fn no_secret_is_logged_even_at_the_finest_level() {
    let server = Server::saying(ok("x")).await;
    let process = Process::start("trace", &trusting(&server));
    let mut client = Client::tls(process.address, &server.name(), &process.roots).await;
    let headers = "Authorization: Bearer s3cr3t-a\r\nProxy-Authorization: Basic s3cr3t-b\r\nCookie: s3cr3t-c\r\n";
    let answer = client.get("/layer?X-Amz-Signature=s3cr3t-d", headers).await;
    assert_eq!((answer.status(), answer.text()), (200, "x"));
    let misdirected = "GET /layer?s3cr3t-e HTTP/1.1\r\nHost: other.example\r\nAuthorization: s3cr3t-f\r\n\r\n";
    client.send(misdirected).await;
    client.answer(false).await.unwrap().is_trouble(421, "misdirected");
    let (well, log) = process.stop();
    assert!(well, "{log}");
    assert!(log.contains("/layer") && log.contains("stopped"), "{log}");
    assert!(!log.contains("s3cr3t"), "{log}");
}

#[tokio::test]
async fn a_door_that_cannot_start_says_what_to_do() {
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let serve = |settings: &str| {
        let path = dir.path().join("proxy.json");
        std::fs::write(&path, settings).unwrap();
        let output = Command::new(program())
            .args(["serve", "--listen", "127.0.0.1:0", "--loopback-listen", "--ca-dir"])
            .arg(dir.path().join("ca"))
            .arg("--settings")
            .arg(path)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(serve("{}").contains("run `pullgate-proxy ca`"));
    assert!(serve(r#"{"tunel": []}"#).contains("unknown field `tunel`"));
    make_ca(&dir.path().join("ca"));
    std::fs::remove_file(dir.path().join("ca/ca.key")).unwrap();
    // Another key beside the old certificate.
    std::fs::rename(dir.path().join("ca"), dir.path().join("old")).unwrap();
    make_ca(&dir.path().join("ca"));
    std::fs::copy(dir.path().join("old/trust/pullgate.pem"), dir.path().join("ca/trust/pullgate.pem")).unwrap();
    let text = serve("{}");
    assert!(text.contains("is of another key"), "{text}");
}

/// With its port held, as a socket unit does: an engine would wait there for ever.
#[test]
fn a_door_that_cannot_start_answers_on_a_port_that_is_held() {
    use std::io::{Read as _, Write as _};
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let at = |name: &str| dir.path().join(name);
    make_ca(&at("ca"));
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let start = |settings: &str, ca: &str| {
        std::fs::write(at("proxy.json"), settings).unwrap();
        let manager = std::os::unix::net::UnixDatagram::bind(at("notify")).unwrap();
        manager.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        let child = Command::new("sh")
            .args(["-c", r#"exec 3<&0 </dev/null; LISTEN_PID=$$ exec "$@""#, "sh"])
            .arg(program())
            .args(["serve", "--loopback-listen", "--listen", &address.to_string(), "--ca-dir"])
            .arg(at(ca))
            .arg("--settings")
            .arg(at("proxy.json"))
            .envs([("LISTEN_FDS", "1".as_ref()), ("NOTIFY_SOCKET", at("notify").as_os_str())])
            .stdin(std::os::fd::OwnedFd::from(held.try_clone().unwrap()))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut word = [0; 2048];
        let read = manager.recv(&mut word).unwrap();
        std::fs::remove_file(at("notify")).unwrap();
        (child, String::from_utf8_lossy(&word[..read]).into_owned(), manager)
    };
    let ask = move |request: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for (settings, ca, why) in [
        (r#"{"tunel": []}"#, "ca", "unknown field `tunel`"),
        ("{}", "none", "run `pullgate-proxy ca`"),
        (r#"{"upstreamCa": ["/nonexistent/ca.pem"]}"#, "ca", "`/nonexistent/ca.pem` of `upstreamCa`"),
    ] {
        let (mut child, ready, _manager) = start(settings, ca);
        assert!(
            ready.starts_with("READY=1\nSTATUS=cannot start, and fetches nothing: ") && ready.contains(why),
            "{ready}"
        );
        for request in [
            "CONNECT registry-1.docker.io:443 HTTP/1.1\r\nHost: registry-1.docker.io:443\r\n\r\n",
            "GET http://registry.example/v2/ HTTP/1.1\r\nHost: registry.example\r\n\r\n",
        ] {
            let answer = ask(request);
            // Go shows the reason phrase of a refused CONNECT, and nothing else.
            let line = answer.lines().next().unwrap();
            assert!(line.starts_with("HTTP/1.1 503 pullgate: the registry door cannot start"), "{answer}");
            assert!(line.contains(why) && line.ends_with("(door_cannot_start)"), "{answer}");
        }
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success());
    }
    // It ends by itself after a while, and whoever asks in between waits for the next one.
    let (mut child, _, _manager) = start("{", "ca");
    assert!(!child.wait().unwrap().success());
    let waits = std::thread::spawn(move || {
        ask("GET http://registry.invalid/v2/ HTTP/1.1\r\nHost: registry.invalid\r\nConnection: close\r\n\r\n")
    });
    let (mut child, ready, _manager) = start("{}", "ca");
    assert!(ready.starts_with("READY=1\nSTATUS=\n"), "{ready}");
    let answer = waits.join().unwrap();
    assert!(answer.contains("(upstream_unreachable)"), "{answer}");
    child.kill().unwrap();
    child.wait().unwrap();
}
