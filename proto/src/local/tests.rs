//! The control socket: who is calling, and how many may.

use super::*;

#[tokio::test]
async fn the_kernel_says_who_calls() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let listener = Listener::bind(&path, 0o666).expect("a socket");
    assert!(matches!(Listener::bind(&path, 0o666), Err(error) if error.kind() == io::ErrorKind::AddrInUse));
    let _caller = std::os::unix::net::UnixStream::connect(&path).expect("a caller");
    let connection = listener.accept().await.expect("a connection");
    assert_eq!(connection.peer.uid, Some(rustix::process::geteuid().as_raw()));
    assert_eq!(connection.peer.pid, Some(std::process::id()));
}

#[tokio::test]
async fn who_says_nothing_makes_room_and_who_spoke_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let listener = Listener::bind(&path, 0o666).expect("a socket");
    let call = || std::os::unix::net::UnixStream::connect(&path).expect("a caller");
    let mut speaker = call();
    std::io::Write::write_all(&mut speaker, &[b'P'; PREFACE_BYTES]).expect("an introduction");
    let mut spoke = listener.accept().await.expect("a connection");
    let mut buffer = [0; PREFACE_BYTES];
    tokio::io::AsyncReadExt::read_exact(&mut spoke, &mut buffer).await.expect("the introduction");
    let mut silent = VecDeque::new();
    let mut callers = Vec::new();
    // Far more than one user's share: each new one is let in, and the oldest silent one goes.
    for _ in 0..3 * SLOTS_PER_USER {
        callers.push(call());
        silent.push_back(listener.accept().await.expect("a place for the newest"));
        if silent.len() >= SLOTS_PER_USER {
            let mut oldest = silent.pop_front().expect("the oldest");
            let read = tokio::io::AsyncReadExt::read(&mut oldest, &mut buffer).await;
            assert!(read.is_err(), "the oldest silent caller was sent away");
        }
    }
    let mut open = silent.pop_back().expect("the newest");
    let newest = tokio::io::AsyncReadExt::read(&mut open, &mut buffer);
    assert!(tokio::time::timeout(Duration::from_millis(20), newest).await.is_err(), "the newest may still speak");
    std::io::Write::write_all(&mut speaker, b"more").expect("more");
    let count = tokio::io::AsyncReadExt::read(&mut spoke, &mut buffer).await.expect("who spoke stays");
    assert_eq!(count, 4);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_says_nothing_loses_its_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let listener = Listener::bind(&path, 0o600).expect("a socket");
    let mut caller = std::os::unix::net::UnixStream::connect(&path).expect("a caller");
    // The beginning of an introduction is none.
    std::io::Write::write_all(&mut caller, b"PRI * HTTP/2.0").expect("a beginning");
    let mut connection = listener.accept().await.expect("a connection");
    let start = tokio::time::Instant::now();
    let mut buffer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut connection, &mut buffer).await;
    assert!(matches!(read, Err(error) if error.kind() == io::ErrorKind::TimedOut));
    assert!(start.elapsed() >= PREFACE_DEADLINE);
}

#[test]
fn a_socket_that_nobody_answers_on_is_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    drop(Listener::bind(&path, 0o666).expect("a socket"));
    assert!(path.exists(), "a name is not taken away behind a successor's back");
    drop(Listener::bind(&path, 0o666).expect("the same name again"));
    let file = directory.path().join("file");
    std::fs::write(&file, "precious").expect("a file");
    assert!(Listener::bind(&file, 0o666).is_err());
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "precious");
}
