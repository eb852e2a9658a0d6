//! What the table of vectors cannot say.

use super::*;

fn repository(method: &str, target: &str) -> Repository {
    match read(&Request { host: "registry.example:5000", method, target }) {
        Asked::Repository(repository) => repository,
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn every_spelling_of_a_host_is_one_repository() {
    let key = |host, target| match read(&Request { host, method: "GET", target }) {
        Asked::Repository(repository) => repository.key(),
        other => panic!("{host}: {other:?}"),
    };
    for host in ["registry-1.docker.io", "REGISTRY-1.docker.io:443", "docker.io", "index.docker.io:0443"] {
        assert_eq!(key(host, "/v2/library/alpine/manifests/latest"), " docker.io/library/alpine");
        // Hub answers for both (C13 of the engine lab).
        assert_eq!(key(host, "/v2/alpine/manifests/latest"), " docker.io/library/alpine");
    }
    assert_eq!(key("GHCR.io:443", "/v2/a/b/tags/list"), key("ghcr.io", "/v2/a/b/tags/list"));
    assert_ne!(key("ghcr.io:5000", "/v2/a/b/tags/list"), key("ghcr.io", "/v2/a/b/tags/list"));
    assert_eq!(key("[::ffff:a00:5]:5000", "/v2/a/tags/list"), key("10.0.0.5:5000", "/v2/a/tags/list"));
}

#[test]
fn a_name_reads_back_as_people_would_have_to_write_it() {
    for host in ["registry", "registry:443", "localhost", "localhost:5000", "[::1]:5000", "registry-1.docker.io"] {
        let Asked::Repository(found) = read(&Request { host, method: "GET", target: "/v2/a/b/manifests/1" }) else {
            panic!("{host} was not understood");
        };
        let image = found.image();
        assert_eq!(ImageRef::parse(image.as_str()).as_ref(), Ok(&image), "{host}");
    }
}

#[test]
fn a_name_without_its_namespace_is_as_long_as_with_it() {
    let read = |path: &str| {
        read(&Request { host: "docker.io", method: "GET", target: &alloc::format!("/v2/{path}/tags/list") })
    };
    let Asked::Repository(longest) = read(&"a".repeat(255 - "library/".len())) else {
        panic!("247 bytes were refused")
    };
    let image = longest.image();
    assert_eq!(ImageRef::parse(image.as_str()).map(|again| again.place() == image.place()), Ok(true));
    for path in ["a".repeat(256 - "library/".len()), alloc::format!("b/{}", "a".repeat(254))] {
        assert!(matches!(read(&path), Asked::Unverifiable(_)), "{path}");
    }
}

#[test]
fn a_mirror_answers_for_its_own_name_and_for_the_one_it_stands_for() {
    let digest = alloc::format!("sha256:{}", "a".repeat(64));
    let asked = repository("GET", &alloc::format!("/v2/evil/miner/manifests/{digest}?ns=docker.io"));
    assert_ne!(asked.key(), repository("GET", "/v2/evil/miner/tags/list").key());
    assert_ne!(asked.key(), repository("GET", "/v2/evil/miner/tags/list?ns=ghcr.io").key());
    let names = |action: &Action| action.fetched().map(|image| image.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(
        names(&asked.action()),
        [alloc::format!("registry.example:5000/evil/miner@{digest}"), alloc::format!("docker.io/evil/miner@{digest}")]
    );
    let tag = asked.name.with_tag("1").expect("a tag");
    assert_eq!(names(&asked.fetch_through(tag)), ["registry.example:5000/evil/miner:1", "docker.io/evil/miner:1"]);
}

#[test]
fn a_mirror_of_docker_hub_is_one_whatever_the_request_says() {
    let names = |action: &Action| action.fetched().map(|image| image.as_str().to_owned()).collect::<Vec<_>>();
    for (ns, hosts) in [
        ("", &["registry.example:5000", "docker.io"][..]),
        ("?ns=docker.io", &["registry.example:5000", "docker.io"]),
        ("?ns=registry-1.docker.io", &["registry.example:5000", "docker.io"]),
        ("?ns=registry.example:5000", &["registry.example:5000", "docker.io"]),
        ("?ns=quay.io", &["registry.example:5000", "quay.io", "docker.io"]),
    ] {
        let asked = repository("GET", &alloc::format!("/v2/evil/miner/manifests/1{ns}")).mirroring("docker.io");
        let expected: Vec<_> = hosts.iter().map(|host| alloc::format!("{host}/evil/miner:1")).collect();
        assert_eq!(names(&asked.action()), expected, "{ns}");
        let digest = alloc::format!("sha256:{}", "a".repeat(64));
        let through = asked.fetch_through(asked.name.at_digest(&digest).expect("a digest"));
        assert_eq!(names(&through).len(), hosts.len(), "{ns}");
        assert_eq!(asked.key().split_whitespace().count(), hosts.len(), "{ns}");
    }
    let hub = read(&Request { host: "docker.io", method: "GET", target: "/v2/evil/miner/manifests/1" });
    let Asked::Repository(hub) = hub else { panic!("{hub:?}") };
    assert_eq!(hub.mirroring("docker.io").mirrored, []);
}

#[test]
fn an_upload_says_what_it_will_be() {
    let digest = alloc::format!("sha256:{}", "a".repeat(64));
    for target in [
        alloc::format!("/v2/a/blobs/uploads/?mount={digest}&from=b/c"),
        alloc::format!("/v2/a/blobs/uploads/e6-.=_?state=x%3D&digest=sha256%3A{}", "a".repeat(64)),
    ] {
        assert_eq!(repository("PUT", &target).part, Part::Upload { digest: Some(digest.clone()) }, "{target}");
    }
    assert_eq!(repository("POST", "/v2/a/blobs/uploads/").part, Part::Upload { digest: None });
}
