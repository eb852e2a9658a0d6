//! The door itself, as a user who is not root.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use proto::control::{RecordsRequest, control_client::ControlClient};
use rustix::process::Signal;

use crate::machine::{Machine, SOON};

/// Nobody's number on a usual system.
const DOOR_USER: &str = "12345";

struct Door(Child);

impl Door {
    fn stop(&mut self) {
        let pid = rustix::process::Pid::from_raw(self.0.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command as the door's user; the program is a copy, since that user may not get to where it is built.
fn as_door_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={DOOR_USER}")).arg(format!("--regid={DOOR_USER}")).arg("--clear-groups");
    command.arg("--").arg(program);
    command
}

/// Waits for something that is not there yet.
fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < SOON, "waited for: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Asks for a manifest of Docker Hub as an engine does, but for TLS.
fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(b"CONNECT registry-1.docker.io:443 HTTP/1.1\r\nHost: registry-1.docker.io:443\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    let request =
        "GET /v2/evil/miner/manifests/latest HTTP/1.1\r\nHost: registry-1.docker.io:443\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_of_its_own_user_follows_refuses_and_reports_to_its_last_breath() {
    assert!(rustix::process::geteuid().is_root(), "this test runs the door as another user: run it as root");
    let mut machine = Machine::new();
    fs::set_permissions(machine.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    let program = machine.path("pullgate-proxy");
    fs::copy(tests::own_program("pullgate-proxy"), &program).unwrap();
    let state = machine.path("door");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(12345), Some(12345)).unwrap();
    let made = as_door_user(&program).arg("ca").arg("--ca-dir").arg(&state).stdout(Stdio::null()).status().unwrap();
    assert!(made.success());

    let log = machine.path("door.log");
    let mut command = as_door_user(&program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--loopback-listen", "127.0.0.1:0"]);
    for (flag, name) in [
        ("--control-socket", "control.sock"),
        ("--enrollment", "enrollment.json"),
        ("--registry-json", "registry.json"),
        ("--settings", "proxy.json"),
        ("--ca-dir", "door"),
    ] {
        command.arg(flag).arg(machine.path(name));
    }
    let mut door = Door(command.stderr(fs::File::create(&log).unwrap()).stdout(Stdio::null()).spawn().unwrap());
    let told = || fs::read_to_string(&log).unwrap();
    let port: u16 = wait("the door's address", || {
        let log = told();
        let (_, rest) = log.split_once("listen=127.0.0.1:")?;
        rest.split(' ').next()?.trim().parse().ok()
    });

    // A plugin that knows no such user hands it nothing, and the door says what to do.
    machine.start_plugin();
    wait("the refusal", || told().contains("--door-user").then_some(()));
    let answer = tokio::task::spawn_blocking(move || ask(port)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("has not heard from the plugin"), "{answer}");
    machine.kill_plugin();

    machine.start_plugin_with(&["--door-user", DOOR_USER]);
    machine.put_in_force(1).await;
    let start = Instant::now();
    let status = loop {
        let status = machine.status().await;
        if !status.doors.is_empty() {
            break status;
        }
        assert!(start.elapsed() < SOON, "waited for the door; {}", told());
    };
    assert_eq!((status.doors[0].uid, status.doors[0].version.as_str()), (12345, env!("CARGO_PKG_VERSION")));
    wait("what is in force", || told().contains("sessions=1").then_some(()));
    let answer = tokio::task::spawn_blocking(move || ask(port)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("community image"), "{answer}");
    door.stop();

    let mut control = ControlClient::new(proto::local::connect_lazy(&machine.path("control.sock")));
    let records = control.records(RecordsRequest { wait_ms: 5_000, ..RecordsRequest::default() }).await.unwrap();
    let records = records.into_inner().records;
    let last = records.last().unwrap();
    assert_eq!((last.action.as_str(), last.reason.as_str(), last.allowed), ("fetch", "category", false));
    assert_eq!((last.users.as_slice(), &last.machine_id), (&["dana".to_owned()][..], &status.machine_id));
    assert!(answer.contains(&last.id), "the id in the text is the record's: {} {answer}", last.id);
}
