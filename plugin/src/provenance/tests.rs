use std::fs;

use policy::{ImageRef, Origin, Rename, engine};

use std::sync::Arc;

use super::*;

fn read(method: &str, target: &str, body: &str) -> Action {
    engine::read(&engine::Request {
        method,
        target,
        content_type: (!body.is_empty()).then_some("application/json"),
        body: body.as_bytes(),
        ..engine::Request::default()
    })
}

/// The origins that `docker create IMAGE` is judged by.
fn origins(provenance: &Provenance, image: &str) -> Vec<Origin> {
    let mut action = read("POST", "/v1.41/containers/create", &format!(r#"{{"Image":"{image}"}}"#));
    let Action::Governed(governed) = &mut action else { panic!("{action:?}") };
    provenance.tell(governed, false);
    action.started().map(|start| start.origin.clone()).collect()
}

fn renamed(text: &str) -> Origin {
    Origin::Renamed(ImageRef::parse(text).expect("a reference"))
}

fn tag(provenance: &Provenance, target: &str, code: u16) {
    provenance.allowed(&read("POST", target, "")).expect("no container is being made from it");
    let message = format!(
        r#"{{"RequestMethod":"POST","RequestUri":"{target}","RequestHeaders":{{"Content-Length":"0"}},"ResponseStatusCode":{code}}}"#
    );
    provenance.reported(message.as_bytes());
}

const TAG: &str = "/v1.41/images/evil/miner:1/tag?repo=alpine&tag=3";

#[test]
fn a_container_is_judged_by_everything_that_may_be_behind_its_image() {
    let provenance = Provenance::default();
    assert_eq!(origins(&provenance, "alpine:3"), [Origin::AsNamed]);
    provenance.allowed(&read("POST", TAG, "")).expect("no container is being made from it");
    assert_eq!(origins(&provenance, "alpine:3"), [Origin::AsNamed, renamed("evil/miner:1")]);
    tag(&provenance, "/v1.41/images/acme/app:1/tag?repo=other&tag=1", 201);
    assert_eq!(origins(&provenance, "other:1"), [renamed("acme/app:1")]);
    // An id says nothing, whatever is remembered.
    assert_eq!(origins(&provenance, "cafe"), [Origin::AsNamed]);
}

#[test]
fn while_nothing_runs_a_report_is_not_read() {
    let provenance = Provenance::default();
    assert!(!provenance.waits());
    provenance
        .allowed(&read("POST", "/images/create?fromImage=alpine&tag=3", ""))
        .expect("no container is being made from it");
    assert!(!provenance.waits(), "a pull is not waited for");
    provenance.passed("DELETE", "/images/alpine:3");
    assert!(!provenance.waits(), "nothing is remembered that a removal could clear");
    tag(&provenance, TAG, 201);
    assert!(!provenance.waits());
    provenance.passed("DELETE", "/containers/x");
    assert!(!provenance.waits());
    provenance.passed("DELETE", "/images/alpine:3");
    assert!(provenance.waits());
    provenance.engine_started();
    assert!(!provenance.waits());
}

#[test]
fn what_is_on_disk_comes_back() {
    let directory = tempfile::tempdir().expect("a directory");
    let provenance = Arc::new(Provenance::restore(directory.path()));
    let digest = format!("acme/app@sha256:{:064x}", 1);
    tag(&provenance, TAG, 201);
    tag(&provenance, "/v1.41/images/0123/tag?repo=unknown", 201);
    provenance
        .allowed(&read("POST", "/v1.41/images/good/tag?repo=running", ""))
        .expect("no container is being made from it");
    provenance
        .allowed(&read("POST", &format!("/images/create?fromImage={digest}"), ""))
        .expect("no container is being made from it");
    let mut keeper = Keeper::new(Arc::clone(&provenance), directory.path());
    keeper.save().expect("on disk");
    let file = directory.path().join(FILE);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);

    let again = Provenance::restore(directory.path());
    assert_eq!(again.remembered(), Remembered { names: 3, digests: 1, overflowed: false });
    assert_eq!(origins(&again, "alpine:3"), [renamed("evil/miner:1")]);
    assert_eq!(origins(&again, "unknown"), [Origin::Unknown]);
    assert_eq!(origins(&again, &digest), [Origin::PulledDigest]);
    // What ran then may still run.
    assert!(again.waits());
    tag(&again, "/v1.41/images/good/tag?repo=running", 201);
    assert_eq!(origins(&again, "running"), [Origin::AsNamed, renamed("good:latest")]);
    // Nothing changed, nothing is written.
    fs::remove_file(&file).expect("the file");
    keeper.save().expect("nothing to do");
    assert!(!file.exists());
}

#[test]
fn a_damaged_file_is_a_memory_that_forgot() {
    let good = r#"{"version":1,"overflowed":false,"untracked":false,"names":{},"running":[],"digests":[]}"#;
    let version = good.replace("\"version\":1", "\"version\":2");
    let many: String = (0..10_001).map(|n| format!(r#""n:{n}":null,"#)).collect();
    let many = good.replace("{}", &format!("{{{}}}", many.trim_end_matches(',')));
    for (text, damaged) in
        [(good, false), ("", true), ("{", true), ("[]", true), ("\u{0}", true), (version.as_str(), true), (&many, true)]
    {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(FILE), text).expect("a file");
        let provenance = Provenance::restore(directory.path());
        assert_eq!(provenance.remembered().overflowed, damaged, "{text:.40}");
        let expected = if damaged { Origin::Unknown } else { Origin::AsNamed };
        assert_eq!(origins(&provenance, "alpine"), [expected], "{text:.40}");
    }
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join(FILE)).expect("a directory in its place");
    assert!(Provenance::restore(directory.path()).remembered().overflowed);
}

#[test]
fn names_on_disk_that_do_not_read_back_are_unknown() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = r#"{"version":1,"overflowed":false,"untracked":false,"names":{"docker.io/library/a:1":["not A name"],
        "docker.io/library/b:1":[]},"running":[["docker.io/library/x:1","also no NAME"]],"digests":["no"]}"#;
    fs::write(directory.path().join(FILE), text).expect("a file");
    let provenance = Provenance::restore(directory.path());
    assert_eq!(origins(&provenance, "a:1"), [Origin::Unknown]);
    assert_eq!(origins(&provenance, "b:1"), [Origin::Unknown]);
    assert!(provenance.read().untracked, "what ran cannot be told");
}

#[tokio::test]
async fn the_keeper_writes_without_being_asked() {
    let directory = tempfile::tempdir().expect("a directory");
    let provenance = Arc::new(Provenance::restore(directory.path()));
    let mut keeper = Keeper::new(Arc::clone(&provenance), directory.path());
    let file = directory.path().join(FILE);
    tag(&provenance, TAG, 201);
    let written = async {
        while !file.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = keeper.run() => panic!("the keeper ended"),
        () = written => {}
    }
}

#[test]
fn a_tag_is_a_rename() {
    let action = read("POST", TAG, "");
    let Some(Ask::Rename(Rename { from: Some(_), to })) = action.asks().first() else { panic!("{action:?}") };
    assert_eq!(to.as_str(), "docker.io/library/alpine:3");
}

#[test]
fn a_name_stays_what_it_is_while_a_container_is_made_from_it() {
    let provenance = Provenance::default();
    let create = read("POST", "/v1.41/containers/create", r#"{"Image":"alpine:3"}"#);
    let hold = || {
        let mut create = create.clone();
        let Action::Governed(governed) = &mut create else { panic!("{create:?}") };
        provenance.tell(governed, true);
        create
    };
    let tag = read("POST", TAG, "");
    let held = hold();
    let name = provenance.allowed(&tag).expect_err("it is being started");
    assert_eq!(name.as_str(), "docker.io/library/alpine:3");
    assert_eq!(provenance.remembered().names, 0, "what is refused is not remembered");
    provenance.refused(&held);
    assert!(!provenance.waits());
    hold();
    let report = r#"{"RequestMethod":"POST","RequestUri":"/v1.41/containers/create","RequestBody":"eyJJbWFnZSI6ImFscGluZTozIn0=",
        "RequestHeaders":{"Content-Type":"application/json"},"ResponseStatusCode":201}"#;
    provenance.reported(report.as_bytes());
    assert!(!provenance.waits());
    provenance.allowed(&tag).expect("it is over");
    // Two contents may be behind it now; it is held once all the same.
    hold();
    let second = hold();
    provenance.refused(&second);
    provenance.allowed(&tag).expect_err("the first still runs");
}
