//! What engines ask of registries on loopback addresses is led to the door whatever starts anew: the engine, the
//! machine.

use installer::lab::wait_until;
use proto::document::{Categories, Mode, Policy, Registries, WhenExpired};
use tests::{REGISTRY, SETTLE, engines::Authority};

use crate::site::Site;

const IMAGE: &str = "evil/miner";
const REFUSED: &str = "is in the registry `127.0.0.1:5000`, and acme allows";

/// Docker Hub alone.
fn policy() -> Policy {
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries { controlled: true, hosts: Vec::new() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// Somebody is signed in, and the policy is in force.
async fn sign_in(site: &Site) {
    let status = site.machine.done("pullgate status --json; true").await.unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let machine_id = status["machine_id"].as_str().unwrap_or_else(|| panic!("{status:#}")).to_owned();
    site.machine.write("/opt/courier.pl", include_bytes!("courier.pl"), 0o644).unwrap();
    let courier =
        format!("systemd-run --quiet perl /opt/courier.pl /run/courier.sock {}", proto::paths::CONTROL_SOCKET);
    site.machine.done(&courier).await.unwrap();
    let socket = site.machine.path("/run/courier.sock");
    let there = || std::future::ready(if socket.exists() { Ok(()) } else { Err("it is not there".to_owned()) });
    wait_until("a courier's socket", SETTLE, there).await.unwrap();
    Authority::new(policy()).put_in_force_on(machine_id, &socket).await.unwrap();
}

/// The rules are in place, `status` has proved them, and the registry is asked for nothing.
async fn is_covered(site: &Site, after: &str) {
    site.asks().await;
    // From the engine's first answer on. The plugin sees no name in a build; trixie's machine has no buildx.
    let builders: &[&str] = if site.machine.suite() == "bookworm" { &["0", "1"] } else { &["0"] };
    for builder in builders {
        let build = format!("printf 'FROM {REGISTRY}/{IMAGE}\\n' | DOCKER_BUILDKIT={builder} docker build -");
        let built = site.machine.run(&build).await.unwrap();
        let is_refused = built.code() != 0 && built.text().contains(REFUSED);
        assert!(
            is_refused && !built.text().contains("denied by plugin"),
            "{after}, builder {builder}: {}",
            built.text()
        );
    }
    let pulled = site.machine.run(&format!("docker pull {REGISTRY}/{IMAGE}")).await.unwrap();
    assert!(pulled.code() != 0 && pulled.text().contains(REFUSED), "{after}: {}", pulled.text());

    let checked = site.pullgate("egress check").await;
    assert_eq!(
        (checked.code(), checked.stdout.trim()),
        (0, "egress rules are in place"),
        "{after}: {}",
        checked.text()
    );
    // The plugin looks at the rules and meets its door within a moment.
    let proved = || async {
        let status = site.pullgate("status --json").await.stdout;
        let json: serde_json::Value = serde_json::from_str(&status).map_err(|error| error.to_string())?;
        let ways = json["coverage"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is = |way: &&serde_json::Value| way["way"] == "loopback" && way["state"] == "enforced";
        if ways.iter().any(|way| is(&way)) && json["door"]["egress"]["in_place"] == true { Ok(()) } else { Err(status) }
    };
    let proved = wait_until("loopback to be enforced", SETTLE, proved).await;
    proved.unwrap_or_else(|error| panic!("{after}: {error}"));

    // It is there, and who is not the engine is not led anywhere.
    let manifest = format!("http://{REGISTRY}/v2/{IMAGE}/manifests/latest");
    let there = format!("curl -sS -o /dev/null -w '%{{http_code}}' -A somebody {manifest}");
    let answers = || async {
        let said = site.machine.run(&there).await.map_err(|error| error.to_string())?;
        if said.stdout == "200" { Ok(()) } else { Err(said.text()) }
    };
    wait_until("the registry", SETTLE, answers).await.unwrap();
    let asked =
        format!("journalctl -b -u docker-registry.service -o cat | grep '/v2/{IMAGE}/' | grep -v somebody; true");
    assert_eq!(site.machine.done(&asked).await.unwrap(), "", "{after}: the registry was asked");
}

async fn holds(suite: &'static str) {
    let mut site = Site::boot(suite).await;
    site.machine.registry(&[IMAGE]).await.unwrap();
    site.machine.done("systemctl enable docker-registry.service").await.unwrap();
    // What brought the image there is in the log as well.
    site.machine.done("journalctl --rotate && journalctl --vacuum-time=1s").await.unwrap();
    site.machine.write("/opt/enrollment.json", Authority::enrollment(true), 0o644).unwrap();
    site.installs("--enrollment /opt/enrollment.json").await;
    sign_in(&site).await;
    is_covered(&site, "after the install").await;
    site.machine.done("systemctl restart docker").await.unwrap();
    is_covered(&site, "after a restart of the engine").await;
    site.machine.reboot().await.unwrap();
    is_covered(&site, "after a reboot").await;
    site.machine.cut_power().await.unwrap();
    is_covered(&site, "after a power cut").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_engine_20_10_loopback_is_covered_after_a_restart_of_the_engine_and_after_a_reboot() {
    holds("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_engine_26_1_loopback_is_covered_after_a_restart_of_the_engine_and_after_a_reboot() {
    holds("trixie").await;
}
