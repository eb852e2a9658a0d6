use std::future::pending;

use tokio::net::TcpListener;

use super::*;

/// Two connections: (near end, far end) of each.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    (near.unwrap(), far.unwrap().0)
}

fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn bytes_arrive_in_both_directions_and_ends_are_passed_on() {
    let (mut client, client_far) = pair().await;
    let (upstream_far, mut upstream) = pair().await;
    let tunnel =
        tokio::spawn(async move { run(client_far, b"first ", upstream_far, pending(), &Limits::default()).await });
    let sent = noise(3 << 20);
    let (there, back) = (sent.clone(), sent.clone());
    let server = tokio::spawn(async move {
        let mut got = Vec::new();
        upstream.read_to_end(&mut got).await.unwrap();
        // Half-closed: the client has ended, and is still answered.
        upstream.write_all(&back).await.unwrap();
        got
    });
    client.write_all(&there).await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert!(got == sent);
    let at_server = server.await.unwrap();
    assert!(at_server.strip_prefix(b"first ") == Some(sent.as_slice()));
    tunnel.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_copy_by_hand_does_the_same() {
    let (mut client, mut client_far) = pair().await;
    let (mut upstream_far, mut upstream) = pair().await;
    let sent = noise(1 << 20);
    let expected = sent.clone();
    let copied = tokio::spawn(async move {
        let moved = AtomicU64::new(0);
        copy(&mut client_far.split().0, &mut upstream_far.split().1, &moved).await.unwrap();
        moved.into_inner()
    });
    let sender = tokio::spawn(async move {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
    });
    let mut got = Vec::new();
    upstream.read_to_end(&mut got).await.unwrap();
    assert!(got == expected);
    sender.await.unwrap();
    assert_eq!(copied.await.unwrap(), 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_that_has_to_end_waits_until_nothing_moves_but_not_for_ever() {
    let limits = Limits::default();
    let start = tokio::time::Instant::now();
    ended(async {}, &AtomicU64::new(7), &limits).await;
    assert_eq!(start.elapsed(), limits.tunnel_quiet);

    let start = tokio::time::Instant::now();
    let moved = AtomicU64::new(0);
    let busy = async {
        loop {
            moved.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(limits.tunnel_quiet / 4).await;
        }
    };
    tokio::select! {
        () = ended(async {}, &moved, &limits) => {}
        () = busy => {}
    }
    assert!(start.elapsed() >= limits.tunnel_end && start.elapsed() < limits.tunnel_end + limits.tunnel_quiet);
}

#[tokio::test]
async fn a_broken_connection_ends_the_tunnel() {
    let (client, client_far) = pair().await;
    let (upstream_far, upstream) = pair().await;
    let tunnel = tokio::spawn(async move { run(client_far, b"", upstream_far, pending(), &Limits::default()).await });
    // A reset, as from a killed process with unread bytes.
    rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).unwrap();
    drop(client);
    assert!(tunnel.await.unwrap().is_err());
    drop(upstream);
}
