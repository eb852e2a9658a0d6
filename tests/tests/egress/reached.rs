//! What is led where, what is rejected, and whom that is not about.

use std::{process::Stdio, time::Duration};

use installer::lab::{Cgroup, Process, installed};
use tokio::{io::AsyncWriteExt as _, time::timeout};

use crate::place::{ELSEWHERE, ELSEWHERE_6, From, Place};

/// The registries and the rest that a network has: each says which it is.
fn furnish(place: &Place) {
    for (address, name) in [
        ("0.0.0.0:5000", "registry"),
        ("[::1]:5000", "registry"),
        ("[2001:db8::7]:5000", "registry"),
        ("127.0.0.1:857", "forward door"),
        ("0.0.0.0:24224", "log"),
        ("0.0.0.0:24225", "log"),
        ("0.0.0.0:5001", "registry"),
        ("[2001:db8::7]:5001", "registry"),
    ] {
        place.answer(address, name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_asks_of_loopback_is_led_to_the_door_and_nobody_elses() {
    let place = Place::new().await;
    furnish(&place);
    // What Go dials without a proxy, and 0.0.0.0, for which the kernel puts 127.0.0.1.
    let loopback =
        ["127.0.0.1", "127.0.1.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:127.9.9.9", "0.0.0.0"];
    for host in loopback {
        assert_eq!(place.dial_inside(host, 5000).await, "registry", "{host}, without rules");
    }
    place.apply(&[]).await;
    for host in loopback {
        let meant = match host {
            "0.0.0.0" => "127.0.0.1:5000".to_owned(),
            "::1" => "[::1]:5000".to_owned(),
            host => format!("{}:5000", host.trim_start_matches("::ffff:")),
        };
        assert_eq!(place.dial_inside(host, 5000).await, format!("door for {meant}"), "{host}");
        assert_eq!(place.dial_outside(host, 5000).await, "registry", "{host}, not the engine");
    }
    // Where nobody listens, the door answers all the same, and where it does not listen nobody does.
    assert_eq!(place.dial_inside("127.0.0.1", 4999).await, "door for 127.0.0.1:4999");

    // The door itself is dialled as it is.
    assert_eq!(place.dial_inside("127.0.0.1", 857).await, "forward door");
    for host in ["127.0.0.1", "::1"] {
        assert_eq!(place.dial_inside(host, 858).await, "door", "{host}");
    }
    assert_eq!(place.dial_inside("127.0.0.2", 857).await, "door for 127.0.0.2:857", "exact");
    let beside = Cgroup::new(&place.lab, "engine-2").unwrap();
    assert_eq!(place.dial(From::In(&beside), "127.0.0.1", 5000).await, "registry", "another control group");
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_are_exact() {
    let place = Place::new().await;
    furnish(&place);
    place.apply(&["--except", "127.0.0.1:24224", "--except", "192.0.2.7:5000"]).await;
    let told = proto::egress::read(&place.state_file()).unwrap().exceptions;
    assert_eq!(told, ["127.0.0.1:24224".parse().unwrap(), "192.0.2.7:5000".parse().unwrap()]);
    assert_eq!(place.dial_inside("127.0.0.1", 24224).await, "log");
    assert_eq!(place.dial_inside("::ffff:127.0.0.1", 24224).await, "log", "the same packet");
    assert_eq!(place.dial_inside("127.0.0.2", 24224).await, "door for 127.0.0.2:24224");
    assert_eq!(place.dial_inside("127.0.0.1", 24225).await, "door for 127.0.0.1:24225");
    assert_eq!(place.dial_inside("::1", 24224).await, "door for [::1]:24224");
    assert_eq!(place.dial_inside(ELSEWHERE, 5000).await, "registry");
    assert_eq!(place.dial_inside(ELSEWHERE_6, 5000).await, "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_dials_no_registry_elsewhere_by_itself() {
    let place = Place::new().await;
    furnish(&place);
    place.apply(&[]).await;
    for host in [ELSEWHERE, ELSEWHERE_6] {
        assert_eq!(place.dial_inside(host, 5000).await, "nobody", "{host}");
        assert_eq!(place.dial_outside(host, 5000).await, "registry", "{host}");
        assert_eq!(place.dial_inside(host, 5001).await, "registry", "{host}: no port of registries");
    }
    place.apply(&["--registry-ports", "5001"]).await;
    assert_eq!(place.dial_inside(ELSEWHERE, 5000).await, "registry");
    assert_eq!(place.dial_inside(ELSEWHERE, 5001).await, "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_there_before_the_rules_does_not_go_past_the_door() {
    let place = Place::new().await;
    // Where nobody follows connections, as Docker's own rules do, none is known from before.
    place
        .load("table inet docker { chain c { type filter hook output priority 0; ct state established accept; }; }")
        .await;
    let listener = place.network.listen("127.0.0.1:5000".parse().unwrap()).unwrap();
    let busybox = installed("busybox", "busybox-static").unwrap();
    let mut command = place.network.command(&busybox).unwrap();
    // It never says anything itself, and so never ends by itself.
    command.args(["nc", "127.0.0.1", "5000"]).stdin(Stdio::null());
    let mut client = Process::start(&place.lab, "client", place.engine.enter(&command).unwrap()).unwrap();
    let (mut stream, _) = timeout(Duration::from_secs(10), listener.accept()).await.unwrap().unwrap();
    stream.write_all(b"hello\n").await.unwrap();
    place.until("a greeting", Duration::from_secs(10), || async { client_log(&place).contains("hello") }).await;
    assert!(client.is_running());
    place.apply(&[]).await;
    stream.write_all(b"again\n").await.unwrap();
    let ended = || std::future::ready(if client.is_running() { Err("it runs".to_owned()) } else { Ok(()) });
    installer::lab::wait_until("the connection's end", Duration::from_secs(10), ended).await.unwrap();
}

fn client_log(place: &Place) -> String {
    std::fs::read_to_string(place.lab.path("log/client.log")).unwrap_or_default()
}

/// Published ports: who listens in the engine's control group is answered.
#[tokio::test(flavor = "multi_thread")]
async fn what_listens_in_the_engines_control_group_is_reached() {
    let place = Place::new().await;
    place.apply(&[]).await;
    let busybox = installed("busybox", "busybox-static").unwrap();
    for (name, port) in [("server-1", 8080), ("server-2", 443)] {
        let mut command = place.network.command(&busybox).unwrap();
        command.args(["nc", "-ll", "-p", &port.to_string(), "-e", "/bin/echo", "published"]);
        let _server = Process::start(&place.lab, name, place.engine.enter(&command).unwrap()).unwrap();
        for host in ["127.0.0.1", "::1", ELSEWHERE, ELSEWHERE_6] {
            let answers = || async { place.dial_outside(host, port).await == "published" };
            place.until("an answer", Duration::from_secs(10), answers).await;
        }
    }
}

/// Who may use docker can publish any port, also the door's while it is down.
#[tokio::test(flavor = "multi_thread")]
async fn a_published_port_does_not_take_the_doors_place() {
    let place = Place::new().await;
    let containers = Cgroup::new(&place.lab, "containers").unwrap();
    let group = containers.path().display().to_string();
    let busybox = installed("busybox", "busybox-static").unwrap();
    let listen = |name: &'static str, group: &Cgroup| {
        let mut command = place.network.command(&busybox).unwrap();
        command.args(["nc", "-ll", "-p", "857", "-e", "/bin/echo", "somebody else"]);
        Process::start(&place.lab, name, group.enter(&command).unwrap()).unwrap()
    };
    for (name, cgroup) in [("published", &place.engine), ("in-a-container", &containers)] {
        place.egress("remove", &[]).await.success().unwrap();
        let _somebody = listen(name, cgroup);
        let answers = || async { place.dial_inside("127.0.0.1", 857).await == "somebody else" };
        place.until("an answer without rules", Duration::from_secs(10), answers).await;
        place.apply(&["--containers-not-to", ELSEWHERE, "--container-cgroup", &group]).await;
        assert_eq!(place.dial_inside("127.0.0.1", 857).await, "nobody", "{name}");
    }
    // Without `docker-proxy`, a published port is a rule.
    furnish(&place);
    let publish = "table ip docker { chain output { type nat hook output priority -100; \
                   ip daddr 127.0.0.1 tcp dport { 857, 858 } dnat to 192.0.2.7:5001; }; }";
    place.load(publish).await;
    assert_eq!(place.dial_outside("127.0.0.1", 857).await, "registry for 127.0.0.1:857");
    assert_eq!(place.dial_inside("127.0.0.1", 857).await, "forward door");
    assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "door for 127.0.0.1:5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_with_the_hosts_network_are_kept_from_registries_if_asked_for() {
    let place = Place::new().await;
    furnish(&place);
    let containers = Cgroup::new(&place.lab, "containers").unwrap();
    let group = containers.path().display().to_string();
    let here = || place.dial(From::In(&containers), ELSEWHERE, 5000);
    place.apply(&[]).await;
    assert_eq!(here().await, "registry", "off by default");
    let door = |cgroup| place.dial(From::In(cgroup), "127.0.0.1", 857);
    assert_eq!(door(&containers).await, "forward door", "as anybody's who is root");
    let state = || proto::egress::read(&place.state_file()).unwrap();
    assert!(!state().containers);
    // This machine's resolvers are out of reach from there. The engine starts all the same.
    let unknown = ["--containers-not-to", "nowhere.invalid", "--container-cgroup", &group];
    let output = place.egress("apply", &unknown).await;
    assert!(output.code() == 0 && output.stderr.contains("`nowhere.invalid` has no address now"), "{}", output.text());
    assert_eq!(here().await, "registry");
    place.apply(&["--containers-not-to", ELSEWHERE, "--container-cgroup", &group]).await;
    assert!(state().containers);
    assert_eq!(here().await, "nobody");
    // Nor does the door fetch for them what they do not.
    assert_eq!(door(&containers).await, "nobody");
    assert_eq!(door(&place.engine).await, "forward door");
    for host in ["127.0.0.1", "::1"] {
        assert_eq!(place.dial(From::In(&containers), host, 858).await, "nobody", "{host}");
    }
    assert_eq!(place.dial(From::In(&containers), ELSEWHERE, 5001).await, "registry", "no port of registries");
    assert_eq!(place.dial(From::In(&containers), ELSEWHERE_6, 5000).await, "registry", "another address");
    assert_eq!(
        place.dial(From::In(&containers), "127.0.0.1", 5000).await,
        "registry",
        "the engine's rules are the engine's"
    );
    assert_eq!(place.dial_outside(ELSEWHERE, 5000).await, "registry");
    assert_eq!(place.egress("check", &[]).await.code(), 0);
}
