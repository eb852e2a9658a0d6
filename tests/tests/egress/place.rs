//! A network with somebody on every address of interest, and a control group in the place of the
//! engine's.

use std::{
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use installer::lab::{Cgroup, Lab, Output, installed};
use rustix::net::sockopt;
use tests::{engines::Network, own_program};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// An address that is the network's own, and not of loopback.
pub const ELSEWHERE: &str = "192.0.2.7";
/// The same of IPv6.
pub const ELSEWHERE_6: &str = "2001:db8::7";

/// Ends from top to bottom when dropped.
pub struct Place {
    pub engine: Cgroup,
    pub network: Network,
    pub lab: Lab,
}

/// Who dials.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    In(&'a Cgroup),
    Outside,
}

impl Place {
    pub async fn new() -> Self {
        let lab = Lab::new().unwrap();
        let network = Network::start_with(&lab, &[ELSEWHERE.parse().unwrap()], |_| ELSEWHERE.parse().unwrap()).await;
        let network = network.unwrap();
        let place = Self { engine: Cgroup::new(&lab, "engine").unwrap(), network, lab };
        let busybox = installed("busybox", "busybox-static").unwrap();
        let address = format!("{ELSEWHERE_6}/128");
        let add = ["ip", "-6", "address", "add", &address, "dev", "lo"];
        place.network.run(&busybox, "busybox").unwrap().args(add).run().await.unwrap().success().unwrap();
        // It is tentative for a moment, even on loopback.
        let there = || std::future::ready(place.network.listen(format!("[{ELSEWHERE_6}]:1").parse().unwrap()).is_ok());
        place.until("an address of IPv6", Duration::from_secs(10), there).await;
        for address in ["127.0.0.1:858", "[::1]:858"] {
            place.answer(address, "door");
        }
        place
    }

    /// On `address` somebody says `name`, and to whom one meant to speak if that was somebody else.
    pub fn answer(&self, address: &str, name: &'static str) {
        let listener = self.network.listen(address.parse().unwrap()).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let said = match meant(&stream) {
                    Some(address) => format!("{name} for {address}\n"),
                    None => format!("{name}\n"),
                };
                // Who went away needs no answer.
                let _ = stream.write_all(said.as_bytes()).await;
            }
        });
    }

    /// Who answers on `host` and `port`, or `nobody`.
    pub async fn dial(&self, from: From<'_>, host: &str, port: u16) -> String {
        let busybox = installed("busybox", "busybox-static").unwrap();
        let mut command = self.network.command(&busybox).unwrap();
        command.args(["nc", "-w", "5", host, &port.to_string()]);
        if let From::In(cgroup) = from {
            command = cgroup.enter(&command).unwrap();
        }
        command.stdin(Stdio::null()).stderr(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        if said.is_empty() { "nobody".to_owned() } else { said.trim_end().to_owned() }
    }

    pub async fn dial_inside(&self, host: &str, port: u16) -> String {
        self.dial(From::In(&self.engine), host, port).await
    }

    pub async fn dial_outside(&self, host: &str, port: u16) -> String {
        self.dial(From::Outside, host, port).await
    }

    pub fn state_file(&self) -> PathBuf {
        self.lab.path("run/egress.json")
    }

    /// `pullgate egress COMMAND` in the network, with what says where everything is.
    pub async fn egress(&self, command: &str, args: &[&str]) -> Output {
        self.egress_command(command, args).run().await.unwrap()
    }

    pub fn egress_command(&self, command: &str, args: &[&str]) -> installer::lab::Command {
        let (state, cgroup) = (self.state_file().display().to_string(), self.engine.path().display().to_string());
        let places = match command {
            "apply" | "watch" => vec!["--state-file", &state, "--cgroup", &cgroup],
            _ => vec!["--state-file", &state],
        };
        let program = self.network.run(&own_program("pullgate"), "pullgate").unwrap();
        program.args([&["egress", command], &places[..], args].concat())
    }

    /// The rules must be put in place.
    pub async fn apply(&self, args: &[&str]) {
        self.egress("apply", args).await.success().unwrap();
    }

    /// `nft` in the network; must work.
    pub async fn nft(&self, args: &[&str]) -> String {
        let nft = installed("nft", "nftables").unwrap();
        self.network.run(&nft, "nft").unwrap().args(args).run().await.unwrap().success().unwrap().stdout
    }

    /// Loads rules that are not ours.
    pub async fn load(&self, rules: &str) {
        let nft = installed("nft", "nftables").unwrap();
        self.network.run(&nft, "nft").unwrap().args(["-f", "-"]).stdin(rules).run().await.unwrap().success().unwrap();
    }

    /// Until rules are as they are to be; how long that took.
    pub async fn until<F: Future<Output = bool>>(
        &self,
        what: &str,
        bound: Duration,
        is_so: impl Fn() -> F,
    ) -> Duration {
        let start = std::time::Instant::now();
        let looked = || async { if is_so().await { Ok(()) } else { Err("not yet".to_owned()) } };
        installer::lab::wait_until(what, bound, looked).await.unwrap();
        start.elapsed()
    }
}

/// What the connection was addressed to, if it was led here.
fn meant(stream: &TcpStream) -> Option<SocketAddr> {
    let here = stream.local_addr().unwrap();
    let v4 = |address: SocketAddrV4| SocketAddr::from(address);
    let v6 = |address: SocketAddrV6| SocketAddr::from((*address.ip(), address.port()));
    let meant = if here.is_ipv4() {
        sockopt::ip_original_dst(stream).map(v4)
    } else {
        sockopt::ipv6_original_dst(stream).map(v6)
    };
    meant.ok().filter(|meant| *meant != here)
}
