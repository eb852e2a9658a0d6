//! The example of two services behind HAProxy, as it is shipped.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use proto::document::Policy;

use crate::{
    database::Database,
    support::{Client, PASSWORD, Service, find, wait_until},
};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../installer/assets/examples-service/haproxy.cfg");
/// Where machines are: addresses of this machine that are not the proxy's.
const MACHINES: [&str; 2] = ["127.0.0.77", "127.0.0.78"];

/// HAProxy with the shipped file, of which only the addresses are others.
struct Proxy {
    child: Child,
    address: String,
    _directory: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn start(services: &[Service; 2]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut text = std::fs::read_to_string(EXAMPLE).unwrap();
        for (ours, here) in [
            ("bind :443", format!("bind {free}")),
            ("10.0.0.11:8443", services[0].address()),
            ("10.0.0.12:8443", services[1].address()),
        ] {
            assert!(text.contains(ours), "{ours}");
            text = text.replace(ours, &here);
        }
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let child = Self::program()
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("haproxy; `tests/setup` installs it");
        Self { child, address: free, _directory: directory }
    }

    fn program() -> Command {
        let path = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].into_iter().find(|path| Path::new(path).exists());
        Command::new(path.unwrap_or("haproxy"))
    }

    /// A machine's connection to whichever service takes it; it is tried until one does.
    async fn client(&self, service: &Service, from: &str) -> Client {
        wait_until("a connection through the proxy", async || service.try_client(&self.address, from).await.ok()).await
    }
}

async fn two() -> [Service; 2] {
    let options = ["--proxy-protocol-from", "127.0.0.1"];
    let mut first = Service::acme_on(Arc::new(Database::new())).await;
    let mut second = first.beside().await;
    for service in [&mut first, &mut second] {
        service.stop().await;
        service.start(&options).await;
    }
    [first, second]
}

#[tokio::test]
async fn machines_of_one_that_dies_go_on_at_the_other_and_are_known_by_their_addresses() {
    let mut services = two().await;
    let trusted = services[0].trusted();
    let proxy = Proxy::start(&services);
    let mut streams = Vec::new();
    let mut token = String::new();
    for machine in MACHINES {
        let mut client = proxy.client(&services[0], machine).await;
        token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
        let mut stream = client.watch(&token, vec![]).await.unwrap();
        stream.next().await;
        streams.push(stream);
    }
    // What is published is at both services' machines.
    services[0].ok(&["policy", "set", "acme", "--message", "through the proxy"]);
    let start = Instant::now();
    for stream in &mut streams {
        while find::<Policy>(&stream.next().await, &trusted)
            .is_none_or(|policy| policy.document.contact.is_none_or(|contact| contact.message != "through the proxy"))
        {
        }
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());

    // One dies. Its machine's stream ends, and the next connection is the other's.
    services[0].kill();
    let start = Instant::now();
    let mut ended = 0;
    for mut stream in streams {
        services[1].ok(&["policy", "set", "acme", "--message", &format!("without {ended}")]);
        // Whose it was says nothing more: its stream ends; the other one's goes on.
        if stream.try_next().await.is_err() {
            ended += 1;
        }
    }
    assert_eq!(ended, 1, "of two connections, each service had one");
    let mut client = proxy.client(&services[1], MACHINES[0]).await;
    let state = client.watch(&token, vec![]).await.unwrap().next().await;
    assert!(find::<Policy>(&state, &trusted).is_some());
    println!("moved over after {:?}", start.elapsed());

    // Who came is who they are, not the proxy.
    client.sign_in("alice", PASSWORD).await.unwrap();
    let sign_ins = wait_until("both machines in the list", async || {
        let listed = services[1].ok(&["sign-ins", "--json"]);
        MACHINES.iter().all(|machine| listed.contains(&format!("\"{machine}\""))).then_some(listed)
    })
    .await;
    assert!(!sign_ins.contains("\"127.0.0.1\""), "{sign_ins}");
}

#[tokio::test]
async fn a_proxy_that_does_not_say_whose_its_connections_are_reaches_nothing() {
    let services = two().await;
    // Straight from the proxy's address, without its header.
    assert!(services[0].try_client(&services[0].address(), "127.0.0.1").await.is_err());
    // From elsewhere nothing is to be said.
    services[0]
        .try_client(&services[0].address(), MACHINES[0])
        .await
        .unwrap()
        .sign_in("alice", PASSWORD)
        .await
        .unwrap();
}
