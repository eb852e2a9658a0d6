//! The control socket: who is calling, and how many may.

use tokio_stream::StreamExt as _;

use super::*;

#[tokio::test]
async fn the_kernel_says_who_calls_and_places_are_bounded() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let listener = Listener::bind(&path, 0o666).expect("a socket");
    assert!(matches!(Listener::bind(&path, 0o666), Err(error) if error.kind() == io::ErrorKind::AddrInUse));
    let callers: Vec<_> =
        (0..=SLOTS_PER_USER).map(|_| std::os::unix::net::UnixStream::connect(&path).expect("a caller")).collect();
    let mut incoming = std::pin::pin!(listener.incoming());
    let mut places = Vec::new();
    for _ in 0..SLOTS_PER_USER {
        let connection = incoming.next().await.expect("a caller").expect("a connection");
        assert_eq!(connection.peer.uid, Some(rustix::process::geteuid().as_raw()));
        assert_eq!(connection.peer.pid, i32::try_from(std::process::id()).ok());
        places.push(connection);
    }
    // One more is turned away, and has a place once another is given back.
    drop(places.pop());
    let again = std::os::unix::net::UnixStream::connect(&path).expect("a caller");
    let connection = incoming.next().await.expect("a caller").expect("a connection");
    assert_eq!(connection.peer.uid, Some(rustix::process::geteuid().as_raw()));
    drop((callers, again));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_says_nothing_loses_its_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("control.sock");
    let listener = Listener::bind(&path, 0o600).expect("a socket");
    let _caller = std::os::unix::net::UnixStream::connect(&path).expect("a caller");
    let mut connection = listener.accept().await.expect("a connection");
    let start = tokio::time::Instant::now();
    let mut buffer = [0; 1];
    let read = tokio::io::AsyncReadExt::read(&mut connection, &mut buffer).await;
    assert!(matches!(read, Err(error) if error.kind() == io::ErrorKind::TimedOut));
    assert!(start.elapsed() >= FIRST_BYTE_DEADLINE);
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
}
