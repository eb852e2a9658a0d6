use std::path::Path;

use super::*;

fn addresses(of: &[&str]) -> BTreeSet<SocketAddr> {
    of.iter().map(|address| address.parse().unwrap()).collect()
}

fn plain() -> Rules {
    Rules {
        engine: Cgroup::new(Path::new("/sys/fs/cgroup"), Path::new("system.slice/docker.service")).unwrap(),
        loopback_port: 858,
        listeners: addresses(&["127.0.0.1:857", "127.0.0.1:858", "[::1]:858"]),
        direct: addresses(&["127.0.0.1:24224"]),
        exceptions: BTreeSet::new(),
        registry_ports: [80, 443, 5000].into(),
        bridges: ["docker0", "docker_gwbridge", "br-*"].map(str::to_owned).into(),
        containers: None,
    }
}

fn confined() -> Rules {
    let containers = Containers {
        cgroup: Cgroup::new(Path::new("/sys/fs/cgroup/unified"), Path::new("docker")).unwrap(),
        registries: ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|address| address.parse().unwrap()).into(),
    };
    let engine = Cgroup::new(Path::new("/sys/fs/cgroup/unified"), Path::new("lab/engine")).unwrap();
    Rules { engine, containers: Some(containers), ..plain() }
}

/// `PULLGATE_REGENERATE=1` writes it anew.
#[track_caller]
fn is_snapshot(rules: &Rules, file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/egress/rules").join(file);
    let text = render(rules);
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap(), "`{}`", path.display());
}

#[test]
fn the_engine_alone() {
    is_snapshot(&plain(), "engine.nft");
}

#[test]
fn the_engine_and_containers() {
    is_snapshot(&confined(), "containers.nft");
}

/// An empty list is a syntax error to `nft`.
#[test]
fn what_is_empty_has_no_rule() {
    let containers = confined().containers.map(|containers| Containers { registries: BTreeSet::new(), ..containers });
    let text = render(&Rules { listeners: BTreeSet::new(), direct: BTreeSet::new(), containers, ..plain() });
    assert!(!text.contains("{  }") && text.contains("chain to_registries {\n\t}\n"), "{text}");
}
