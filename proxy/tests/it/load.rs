//! Many at once.

use std::sync::Arc;

use tokio::{io::AsyncWriteExt as _, sync::Barrier, task::JoinSet};

use crate::{
    client::Client,
    process::{Process, trusting},
    server::Server,
};

const DOWNLOADS: usize = 200;
const SIZE: usize = 1 << 20;
/// What the door may hold in memory meanwhile, in KiB. 32 MiB is the aim, and a release keeps it; a build for tests
/// has larger code and larger futures.
const MOST: usize = if cfg!(debug_assertions) { 40 << 10 } else { 32 << 10 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_downloads_at_once_need_little_memory() {
    let barrier = Arc::new(Barrier::new(DOWNLOADS));
    let server = Server::tls(move |_, conn| {
        let barrier = Arc::clone(&barrier);
        Box::pin(async move {
            conn.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes()).await.unwrap();
            conn.flush().await.unwrap();
            // All are under way before one of them can be done.
            barrier.wait().await;
            let piece = vec![7; 64 << 10];
            for _ in 0..SIZE / piece.len() {
                conn.write_all(&piece).await.unwrap();
            }
            conn.flush().await.is_ok()
        })
    })
    .await;
    let process = Process::start("info", &trusting(&server));
    let mut downloads = JoinSet::new();
    for n in 0..DOWNLOADS {
        let (door, name, roots) = (process.address, server.name(), process.roots.clone());
        downloads.spawn(async move {
            let mut client = Client::tls(door, &name, &roots).await;
            let answer = client.get(&format!("/layer/{n}"), "").await;
            assert!(answer.body.len() == SIZE && answer.body.iter().all(|&byte| byte == 7));
        });
    }
    while let Some(done) = downloads.join_next().await {
        done.unwrap();
    }
    let (peak, anonymous) = (process.memory("VmHWM:"), process.memory("RssAnon:"));
    println!("{DOWNLOADS} downloads at once: {peak} KiB at most, {anonymous} KiB of it without files afterwards");
    assert!(peak < MOST, "{peak} KiB");
    let (well, log) = process.stop();
    assert!(well, "{log}");
}
