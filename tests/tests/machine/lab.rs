//! The laboratory of machines: what it boots is one, and nothing of it stays.

use installer::lab::wait_until;
use tests::{Machine, SETTLE, leavings};

async fn is_a_machine(suite: &'static str, systemd: &str, engine: &str) {
    let mut machine = Machine::boot(suite).await.unwrap();
    let said =
        machine.done("systemctl --version | head -1; docker version --format '{{.Server.Version}}'").await.unwrap();
    assert!(said.starts_with(&format!("systemd {systemd} ")) && said.contains(&format!("\n{engine}.")), "{said}");
    let failed = machine.done("systemctl list-units --failed --plain --no-legend").await.unwrap();
    assert_eq!(failed, "", "units that failed");
    machine.registry(&["library/alpine"]).await.unwrap();
    let ran = machine.done("docker run --rm 127.0.0.1:5000/library/alpine").await.unwrap();
    assert_eq!(ran, "library/alpine\n");
    assert_eq!(machine.done("docker info --format '{{.Driver}}'").await.unwrap(), "overlay2\n");

    machine.write("/etc/kept", "kept\n", 0o600).unwrap();
    let boot =
        "cat /proc/sys/kernel/random/boot_id /etc/machine-id; systemctl show --value -p UserspaceTimestampMonotonic";
    let first = machine.done(boot).await.unwrap();
    machine.reboot().await.unwrap();
    let second = machine.done(boot).await.unwrap();
    assert_ne!(first, second, "it has booted again");
    machine.cut_power().await.unwrap();
    assert_ne!(machine.done(boot).await.unwrap(), second, "it has booted again");
    assert_eq!(machine.read("/etc/kept").unwrap(), b"kept\n");
    assert_eq!(machine.done("docker run --rm 127.0.0.1:5000/library/alpine").await.unwrap(), "library/alpine\n");

    let dir = machine.dir().to_owned();
    drop(machine);
    let nothing = || async {
        let left = leavings(&dir);
        if left.is_empty() { Ok(()) } else { Err(left.join("\n")) }
    };
    wait_until("a clean machine", SETTLE, nothing).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bookworm_is_a_machine_with_systemd_252() {
    is_a_machine("bookworm", "252", "20.10").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trixie_is_a_machine_with_systemd_257() {
    is_a_machine("trixie", "257", "26.1").await;
}
