//! What a process can do no more, seen from inside. Each test runs in a process of its own: what it gives up
//! does not come back.
#![cfg(target_os = "linux")]

use std::{
    env, fs,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::Command,
    sync::mpsc,
    thread,
};

use proto::sandbox::{Calls, Files, keep_calls, keep_files};
use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType},
    process::{Pid, Signal},
};

const CHILD: &str = "PULLGATE_TEST_SANDBOXED";

/// Runs `body` in a process that runs this test alone.
fn alone(name: &str, body: impl FnOnce(&Path)) {
    if let Some(root) = env::var_os(CHILD) {
        return body(Path::new(&root));
    }
    let root = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, root.path()).env("RUST_BACKTRACE", "0");
    let output = child.output().expect("a process");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn denied<T>(result: io::Result<T>, what: &str) {
    let error = result.err().unwrap_or_else(|| panic!("{what} went through"));
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{what}: {error}");
}

/// What the kernel says about this thread: no new privileges, a filter.
fn restricted() -> (bool, bool) {
    let status = fs::read_to_string("/proc/thread-self/status").expect("a status");
    (status.contains("NoNewPrivs:\t1\n"), status.contains("Seccomp:\t2\n"))
}

#[test]
fn files_are_kept_as_they_were_named_and_no_others() {
    alone("files_are_kept_as_they_were_named_and_no_others", |root| {
        let path = |name: &str| root.join(name);
        for dir in ["etc", "state", "other"] {
            fs::create_dir(path(dir)).expect("a directory");
            fs::write(path(dir).join("file"), dir).expect("a file");
        }
        std::os::unix::fs::symlink("file", path("other/link")).expect("a link");
        let files = Files { readable: vec![path("etc"), "/proc".into()], writable: vec![path("state")], tcp: false };
        keep_files(&files).expect("all of it");
        assert_eq!(fs::read_to_string(path("etc/file")).expect("kept"), "etc");
        denied(fs::write(path("etc/file"), "x"), "writing what is only read");
        denied(fs::remove_file(path("etc/file")), "removing what is only read");
        denied(fs::read(path("other/file")), "reading something else");
        denied(fs::read_dir(path("other")), "listing something else");
        denied(fs::write(path("other/new"), "x"), "writing something else");
        denied(fs::rename(path("state/file"), path("other/moved")), "moving a file out");
        // Where links lead and what there is can still be told: the plugin follows mounts.
        assert_eq!(fs::read_link(path("other/link")).expect("not opened"), Path::new("file"));
        assert!(fs::metadata(path("other/file")).expect("not opened").is_file());
        fs::write(path("state/.new"), "new").expect("written");
        fs::rename(path("state/.new"), path("state/file")).expect("replaced");
        fs::create_dir(path("state/sealed")).expect("made");
        assert_eq!(fs::read_to_string(path("state/file")).expect("kept"), "new");
        drop(UnixListener::bind(path("state/socket")).expect("bound"));
        fs::remove_file(path("state/socket")).expect("removed");
        fs::File::open(path("state")).expect("a directory").sync_all().expect("synced");
        denied(Command::new("/bin/true").spawn(), "starting a program");
        denied(TcpListener::bind("127.0.0.1:0"), "listening on TCP");
        denied(TcpStream::connect("127.0.0.1:9"), "dialling TCP");
        assert!(restricted().0);
    });
}

#[test]
fn a_file_can_be_made_later_and_replaced() {
    alone("a_file_can_be_made_later_and_replaced", |root| {
        let path = root.join("config/enrollment.json");
        let files = Files { readable: vec![path.clone()], writable: Vec::new(), tcp: true };
        let (made, is_made) = mpsc::channel();
        thread::scope(|scope| {
            // Only that thread, and what it starts, is restricted.
            let kept = scope.spawn(|| {
                keep_files(&files).expect("all of it");
                made.send(()).expect("somebody waits");
                thread::park();
                fs::read_to_string(&path)
            });
            is_made.recv().expect("restricted");
            fs::create_dir(root.join("config")).expect("not restricted here");
            fs::write(root.join("config/new"), "later").expect("a file");
            fs::rename(root.join("config/new"), &path).expect("a file");
            kept.thread().unpark();
            assert_eq!(kept.join().expect("a thread").expect("read"), "later");
        });
    });
}

#[test]
fn a_local_process_answers_and_dials_nobody() {
    alone("a_local_process_answers_and_dials_nobody", |root| {
        let socket = root.join("socket");
        let listener = UnixListener::bind(&socket).expect("bound");
        let mut caller = UnixStream::connect(&socket).expect("before");
        let other = thread::spawn(thread::park);
        keep_calls(Calls::Local).expect("a filter");
        // What it is for goes on.
        let (mut stream, _) = listener.accept().expect("accepted");
        stream.write_all(b"answer").expect("written");
        let mut read = [0; 6];
        caller.read_exact(&mut read).expect("read");
        fs::write(root.join("file"), "x").expect("written");
        fs::rename(root.join("file"), root.join("new")).expect("renamed");
        thread::spawn(|| vec![0_u8; 8 << 20].len()).join().expect("a thread with memory");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await });
        // The rest does not, though this may be root.
        denied(UnixStream::connect(&socket), "dialling a Unix socket");
        denied(TcpListener::bind("127.0.0.1:0"), "a TCP socket");
        denied(UdpSocket::bind("127.0.0.1:0"), "a UDP socket");
        for family in [AddressFamily::INET6, AddressFamily::NETLINK, AddressFamily::PACKET, AddressFamily::VSOCK] {
            let made = rustix::net::socket(family, SocketType::DGRAM, None);
            assert_eq!(made.err(), Some(Errno::PERM), "{family:?}");
        }
        never(root);
        let tasks = fs::read_dir("/proc/self/task").expect("threads");
        for task in tasks {
            let status = fs::read_to_string(task.expect("one").path().join("status")).expect("a status");
            assert!(status.contains("Seccomp:\t2\n"), "every thread: {status}");
        }
        other.thread().unpark();
        other.join().expect("ended");
    });
}

#[test]
fn a_process_of_the_network_dials_and_starts_nothing() {
    alone("a_process_of_the_network_dials_and_starts_nothing", |root| {
        keep_calls(Calls::Network).expect("a filter");
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("an address").port();
        // By its name, which the system's libraries resolve.
        let address = ("localhost", port).to_socket_addrs().expect("resolved").find(std::net::SocketAddr::is_ipv4);
        TcpStream::connect(address.expect("an address")).expect("dialled");
        UdpSocket::bind("127.0.0.1:0").expect("bound").send_to(b"x", "127.0.0.1:9").expect("sent");
        assert_eq!(rustix::net::socket(AddressFamily::PACKET, SocketType::RAW, None).err(), Some(Errno::PERM));
        never(root);
        assert_eq!(restricted(), (true, true));
    });
}

/// What no list has.
fn never(root: &Path) {
    denied(Command::new("/bin/true").spawn(), "starting a program");
    denied(std::os::unix::fs::chroot(root), "another root");
    let parent = Pid::from_raw(std::os::unix::process::parent_id().cast_signed()).expect("a parent");
    assert_eq!(rustix::process::kill_process(parent, Signal::CONT), Err(Errno::PERM));
    assert_eq!(rustix::process::setpriority_process(None, 5).err(), Some(Errno::PERM));
    assert_eq!(
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("device"),
            rustix::fs::FileType::CharacterDevice,
            rustix::fs::Mode::RUSR,
            rustix::fs::makedev(1, 3)
        ),
        Err(Errno::PERM)
    );
}
