//! Many at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{io::AsyncWriteExt as _, sync::Barrier, task::JoinSet};

use crate::{
    client::Client,
    process::{Process, trusting},
    server::{Answering, Conn, Server},
};

const DOWNLOADS: usize = 200;
const SIZE: usize = 1 << 20;
const PIECE: usize = 64 << 10;
/// What the door may hold in memory meanwhile, in KiB. 32 MiB is the aim, and a release keeps it; a build for tests
/// has larger code and larger futures.
const MOST: usize = if cfg!(debug_assertions) { 40 << 10 } else { 32 << 10 };

/// Says the head and so many pieces, and the rest when everybody else is there too.
fn begin_and_wait(barrier: Arc<Barrier>, first: usize, conn: &mut Conn) -> Answering<'_> {
    Box::pin(async move {
        conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes()).await.unwrap();
        let piece = vec![7; PIECE];
        for _ in 0..first {
            conn.write_all(&piece).await.unwrap();
        }
        conn.flush().await.unwrap();
        barrier.wait().await;
        for _ in first..SIZE / PIECE {
            conn.write_all(&piece).await.unwrap();
        }
        conn.flush().await.is_ok()
    })
}

/// Waits until the door has so many of something open.
async fn until(what: &str, wanted: impl Fn(usize) -> bool, count: impl Fn() -> usize) {
    let end = Instant::now() + Duration::from_secs(30);
    while !wanted(count()) {
        assert!(Instant::now() < end, "{} {what}", count());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Many downloads, all under way before one of them can be done; `meanwhile` looks at the door then.
async fn download_many(
    (server, first): (&Server, usize),
    process: &Process,
    barrier: &Barrier,
    meanwhile: impl AsyncFnOnce(),
) {
    let begun = Arc::new(Barrier::new(DOWNLOADS + 1));
    let mut downloads = JoinSet::new();
    for n in 0..DOWNLOADS {
        let (door, name, roots, tls) = (process.address, server.name(), process.roots.clone(), server.tls);
        let begun = Arc::clone(&begun);
        downloads.spawn(async move {
            let mut client = match tls {
                true => Client::tls(door, &name, &roots).await,
                false => Client::clear(door, &name).await,
            };
            client.send(format!("GET /layer/{n} HTTP/1.1\r\nHost: {name}\r\n\r\n")).await;
            let head = client.head().await.unwrap();
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            let mut body = vec![0; SIZE];
            let (beginning, rest) = body.split_at_mut(first * PIECE);
            client.exactly(beginning).await.unwrap();
            begun.wait().await;
            client.exactly(rest).await.unwrap();
            assert!(body.iter().all(|&byte| byte == 7));
        });
    }
    begun.wait().await;
    meanwhile().await;
    barrier.wait().await;
    while let Some(done) = downloads.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_downloads_at_once_need_little_memory() {
    let barrier = Arc::new(Barrier::new(DOWNLOADS + 1));
    let wait = Arc::clone(&barrier);
    let server = Server::tls(move |_, conn| begin_and_wait(Arc::clone(&wait), 0, conn)).await;
    let process = Process::start("info", &trusting(&server));
    download_many((&server, 0), &process, &barrier, async || {}).await;
    let (peak, anonymous) = (process.memory("VmHWM:"), process.memory("RssAnon:"));
    println!("{DOWNLOADS} downloads at once: {peak} KiB at most, {anonymous} KiB of it without files afterwards");
    assert!(peak < MOST, "{peak} KiB");
    let (well, log) = process.stop();
    assert!(well, "{log}");
}

/// What a door has open that serves nobody: some sockets of its own are there or not, as they are needed.
const FEW: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_downloads_in_the_clear_need_four_descriptors_each_and_leave_none() {
    let barrier = Arc::new(Barrier::new(DOWNLOADS + 1));
    let wait = Arc::clone(&barrier);
    let server = Server::clear(move |_, conn| begin_and_wait(Arc::clone(&wait), 1, conn)).await;
    let process = Process::start("info", &serde_json::json!({}));
    let (pipes, before) = (process.pipes(), process.descriptors());
    let mut peaks = Vec::new();
    for _ in 0..2 {
        download_many((&server, 1), &process, &barrier, async || {
            until("pipes", |open| open == pipes + 2 * DOWNLOADS, || process.pipes()).await;
            let open = process.descriptors();
            assert!(open <= before + 4 * DOWNLOADS + FEW, "{open} descriptors, {before} before");
        })
        .await;
        // Pipes and clients are gone; of the registry's connections some are kept to be asked again.
        until("pipes", |open| open == pipes, || process.pipes()).await;
        let kept = proxy::limits::IDLE_PER_HOST;
        until("descriptors", |open| open <= before + kept + FEW, || process.descriptors()).await;
        peaks.push(process.memory("VmHWM:"));
    }
    println!("{DOWNLOADS} downloads in the clear at once: {} KiB at most, {} the second time", peaks[0], peaks[1]);
    assert!(peaks[1] < MOST, "{peaks:?} KiB");
    let (well, log) = process.stop();
    assert!(well, "{log}");
}

/// Both sides of half of them go away in the middle, with a body that is cut: nothing of them stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_in_the_clear_that_break_off_leave_nothing_open() {
    let gone = Arc::new(Barrier::new(DOWNLOADS / 2 + 1));
    let wait = Arc::clone(&gone);
    let server = Server::clear(move |head, conn| {
        let (wait, dies) = (Arc::clone(&wait), head.contains("/dies "));
        Box::pin(async move {
            conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes()).await.unwrap();
            conn.write_all(&[7; PIECE]).await.unwrap();
            conn.flush().await.unwrap();
            if dies {
                wait.wait().await;
                return false;
            }
            let _ = tokio::io::AsyncReadExt::read_to_end(conn, &mut Vec::new()).await;
            false
        })
    })
    .await;
    let process = Process::start("info", &serde_json::json!({}));
    let (pipes, before) = (process.pipes(), process.descriptors());
    let mut clients = Vec::new();
    for n in 0..DOWNLOADS {
        let mut client = Client::clear(process.address, &server.name()).await;
        let path = if n % 2 == 0 { "/dies" } else { "/left" };
        client.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
        client.head().await.unwrap();
        client.exactly(&mut [0; PIECE]).await.unwrap();
        clients.push(client);
    }
    until("pipes", |open| open == pipes + 2 * DOWNLOADS, || process.pipes()).await;
    gone.wait().await;
    for mut client in clients.into_iter().step_by(2) {
        assert!(client.end().await.is_empty(), "nothing follows what was cut");
    }
    // The iterator dropped every other one.
    until("pipes", |open| open == pipes, || process.pipes()).await;
    until("descriptors", |open| open <= before + FEW, || process.descriptors()).await;
}
