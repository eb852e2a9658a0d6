//! The tricks of the engine lab (C1 to C14) on `POST /images/create`, and what surrounds it.

mod bodies;

use super::*;
use crate::action::{LocalImage, Rename};

fn read_post(target: &str, content_type: Option<&str>, content_length: Option<&str>) -> Action {
    read(&Request { method: "POST", target, content_type, content_length, ..Request::default() })
}

#[track_caller]
fn pulls(target: &str, expected: &str) {
    let action = read_post(target, None, Some("0"));
    let fetched: Vec<_> = action.fetched().map(crate::ImageRef::as_str).collect();
    assert_eq!((action.verdict(), fetched.as_slice()), ("understood", [expected].as_slice()), "{target}: {action:?}");
}

#[track_caller]
fn refuses(action: &Action) {
    assert!(matches!(action, Action::Unverifiable(_)), "{action:?}");
}

#[test]
fn every_way_to_write_the_path_is_the_same_pull() {
    for path in [
        "/v1.41/images/create",
        "/images/create",
        "/v1.41/%69mages/create",
        "/v1.41/images%2fcreate",
        "/%761.41/images/create",
        "http://x/v1.41/images/create",
        "foo://x/v1.41/images/create",
        "/v01.041/images/create",
        "/v1.41.0/images/create",
        "/v1.24/images/create",
    ] {
        pulls(&format!("{path}?fromImage=evil/miner&tag=v2"), "docker.io/evil/miner:v2");
    }
}

#[test]
fn a_body_that_is_not_shown_could_be_a_form() {
    let target = "/v1.41/images/create?fromImage=alpine&tag=1";
    for content_type in [
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
        "",
        "APPLICATION/X-WWW-FORM-URLENCODED; x",
    ] {
        for content_length in [None, Some("45"), Some("00"), Some("+0"), Some("")] {
            refuses(&read_post(target, Some(content_type), content_length));
        }
        let pull = read_post(target, Some(content_type), Some("0")).verdict() == "understood";
        assert_eq!(pull, !content_type.to_ascii_lowercase().contains("form"), "{content_type}");
    }
    assert_eq!(read_post(target, None, None).verdict(), "understood");
    let shown = Request {
        method: "POST",
        target,
        content_type: Some("application/json"),
        content_length: Some("9"),
        body: b"{}",
        ..Request::default()
    };
    assert_eq!(read(&shown).verdict(), "understood");
}

#[test]
fn over_http2_a_length_of_zero_proves_nothing() {
    let target = "/v1.55/images/create?fromImage=alpine&tag=1";
    let request =
        Request { method: "POST", target, content_length: Some("0"), may_be_http2: true, ..Request::default() };
    assert_eq!(read(&request).verdict(), "understood");
    refuses(&read(&Request { content_type: Some("text/plain"), ..request }));
    let shown = Request { content_type: Some("application/json"), body: b"{}", ..request };
    assert_eq!(read(&shown).verdict(), "understood");
}

#[test]
fn the_first_value_counts_and_from_image_beats_from_src() {
    pulls("/images/create?fromImage=a&fromImage=b&tag=1&tag=2", "docker.io/library/a:1");
    pulls("/images/create?from%49mage=a&tag=1", "docker.io/library/a:1");
    pulls("/images/create?fromSrc=-&fromImage=evil/miner&tag=v2", "docker.io/evil/miner:v2");
    pulls("/images/create?x=1#&fromImage=evil/miner&tag=v2", "docker.io/evil/miner:v2");
    pulls("/images/create?fromImage=evil/miner%3Alatest&tag=v2", "docker.io/evil/miner:v2");
    pulls("/images/create?fromImage=evil/miner", "docker.io/evil/miner");
    pulls("/images/create?fromImage=evil/miner%3A&tag=", "docker.io/evil/miner");
    pulls("/images/create?fromImage=EVIL/miner&tag=1", "EVIL/miner:1");
    pulls("/images/create?&&fromImage=a&&tag=1&", "docker.io/library/a:1");
    pulls("/images/create?fromimage=x&FROMIMAGE=y&fromImage=a&tag=1", "docker.io/library/a:1");
}

#[test]
fn what_engines_could_read_differently_is_refused() {
    for query in [
        "a=1;fromImage=evil/miner&tag=1",
        "fromImage=alpine&tag=1&x=%zz",
        "fromImage=alpine&tag=1&x=%4",
        "fromImage=alpine%00&tag=1",
        "fromImage=alp%20ine",
        "fromImage=alp+ine",
        "fromImage=alpine%ff",
        "fromImage=Alpine&tag=1",
        "fromImage=scratch",
        "fromImage=alpine&tag=a/b",
        "fromImage=alpine&tag=sha256:abc",
        "fromImage=https://evil.example/x",
    ] {
        refuses(&read_post(&format!("/v1.41/images/create?{query}"), None, Some("0")));
    }
    let many = format!("/images/create?{}fromImage=alpine", "x=1&".repeat(1000));
    refuses(&read_post(&many, None, Some("0")));
}

#[test]
fn without_a_name_it_is_an_import() {
    for query in ["", "fromSrc=-&repo=alpine", "fromSrc=http%3A%2F%2Fx%2Fy.tar", "fromImage=&fromImage=alpine"] {
        let action = read_post(&format!("/v1.41/images/create?{query}"), None, Some("0"));
        assert_eq!((action.word(), action.verdict()), ("import", "unverifiable"), "{query}: {action:?}");
        assert!(matches!(action.asks().first(), Some(Ask::LocalContent(_))), "{query}: {action:?}");
    }
}

#[test]
fn unknown_reads_pass_and_unknown_writes_are_refused() {
    for (method, word) in [("GET", "unknown_read"), ("HEAD", "unknown_read"), ("OPTIONS", "options")] {
        let action = read(&Request { method, target: "/v9.9/brand/new", ..Request::default() });
        assert_eq!(action, Action::NotGoverned(word));
    }
    for (method, target) in [("POST", "/v1.99/brand/new"), ("PUT", "/images/create"), ("post", "/images/create")] {
        let action = read(&Request { method, target, ..Request::default() });
        assert_eq!((action.asks(), action.verdict()), ([Ask::Unknown].as_slice(), "unverifiable"), "{method} {target}");
    }
    for (method, target) in [("PRI", "*"), ("", ""), ("POST", "/a%zz")] {
        refuses(&read(&Request { method, target, ..Request::default() }));
    }
}

#[test]
fn an_import_of_a_file_could_be_a_pull_in_a_form() {
    let target = "/v1.41/images/create?fromSrc=-&repo=ok";
    for content_length in [None, Some("12")] {
        let action = read_post(target, Some("text/plain"), content_length);
        assert!(matches!(action.asks(), [Ask::Unnamed(_), Ask::Rename(_)]), "{action:?}");
    }
    let named = read_post("/images/create?fromSrc=-&fromImage=evil", Some("text/plain"), None);
    refuses(&named);
}

#[test]
fn names_that_move_are_seen() {
    let to = |action: &Action| match action.asks() {
        [Ask::Rename(Rename { from, to })] => (from.as_ref().map(LocalImage::to_string), to.to_string()),
        other => panic!("{other:?}"),
    };
    let tag = read_post("/images/evil/miner:2/tag?repo=acme/app&tag=1", None, Some("0"));
    assert_eq!(to(&tag), (Some("docker.io/evil/miner:2".into()), "docker.io/acme/app:1".into()));
    let by_id = read_post("/images/e3b0c4/tag?repo=acme/app", None, Some("0"));
    assert_eq!(to(&by_id), (Some("id:e3b0c4".into()), "docker.io/acme/app:latest".into()));
    assert_eq!(
        to(&read_post("/commit?container=x&repo=a&tag=b", None, Some("0"))),
        (None, "docker.io/library/a:b".into())
    );
    assert_eq!(read_post("/commit?container=x", None, Some("0")), Action::NotGoverned("commit"));
    refuses(&read_post("/images/x/tag?repo=ok", Some("text/plain"), Some("9")));
    // Engine 20.10 drops a digest in `repo` where there is a tag.
    let digest = format!("sha256:{}", "a".repeat(64));
    let trick = read_post(&format!("/images/x/tag?repo=acme/app@{digest}&tag=1"), None, Some("0"));
    assert_eq!(to(&trick), (Some("docker.io/library/x:latest".into()), "docker.io/acme/app:1".into()));
    refuses(&read_post(&format!("/images/x/tag?repo=acme/app@{digest}"), None, Some("0")));
}
