//! Where content came from is remembered: another name does not make it another image.

mod support;

use std::fs;

use proto::document::{Mode, Policy, Role, RunUnapproved, Settings};
use support::{Machine, create, policy, post, wait_until};

/// Docker's own default, and only what it allows may start.
fn strict(generation: u64) -> Policy {
    let settings = Settings { run_unapproved: RunUnapproved::Deny.into(), ..Settings::default() };
    Policy { settings: Some(settings), ..policy(generation) }
}

impl Machine {
    fn tag(&self, from: &str, to: &str) {
        let target = tag_target(from, to);
        self.ask(&support::message(&target)).is_allowed();
        self.report("POST", &target, 201, "");
    }

    /// What the engine says after a request.
    fn report(&self, method: &str, target: &str, code: u16, body: &str) {
        let message = format!(
            r#"{{"RequestMethod":"{method}","RequestUri":"{target}","RequestHeaders":{{"Content-Length":"0"}},"ResponseStatusCode":{code},"ResponseBody":"{}"}}"#,
            support::base64(body)
        );
        self.answer(&post("/AuthZPlugin.AuthZRes", message.as_bytes())).is_allowed();
    }

    fn remove(&self, name: &str) {
        let target = format!("/v1.41/images/{name}");
        let message = format!(r#"{{"RequestMethod":"DELETE","RequestUri":"{target}"}}"#);
        self.ask(&message).is_allowed();
        let body = format!(r#"[{{"Untagged":"{name}"}},{{"Deleted":"sha256:00"}}]"#);
        self.report("DELETE", &target, 200, &body);
    }

    fn run_image(&self, image: &str) -> support::Answer {
        let message = create(image, "{}");
        let answer = self.ask(&message);
        if answer.allow == Some(true) {
            self.answer(&post("/AuthZPlugin.AuthZRes", message.as_bytes())).is_allowed();
        }
        answer
    }

    fn origins(&self) -> String {
        fs::read_to_string(self.path("state/origins.json")).unwrap_or_default()
    }
}

fn tag_target(from: &str, to: &str) -> String {
    let (repo, tag) = to.split_once(':').expect("a tag");
    format!("/v1.41/images/{from}/tag?repo={repo}&tag={tag}")
}

#[tokio::test]
async fn another_name_does_not_make_an_image_start() {
    let mut machine = Machine::start();
    machine.sign_in(&strict(1)).await;
    machine.run_image("alpine:3").is_allowed();
    machine.run_image("evil/miner:1").is_denied("`docker.io/evil/miner:1`");
    machine.tag("evil/miner:1", "alpine:3");
    let text = "`docker.io/library/alpine:3` may not start: it was `docker.io/evil/miner:1`, and acme would not allow that to be pulled today.";
    machine.run_image("alpine:3").is_denied(text);
    machine.tag("alpine:3", "acme/app:1");
    machine.run_image("acme/app:1").is_denied("it was `docker.io/evil/miner:1`");
    // An allowed pull is an attempt.
    machine.ask(&support::message("/v1.41/images/create?fromImage=alpine&tag=3")).is_allowed();
    machine.run_image("alpine:3").is_denied("it was `docker.io/evil/miner:1`");
    // A name for what is allowed is allowed, whatever the name.
    machine.tag("debian:12", "evil/innocent:1");
    machine.run_image("evil/innocent:1").is_allowed();
    // An id says nothing.
    machine.run_image("sha256:0123").is_denied("is the id of an image");
    machine.tag("0123", "alpine:4");
    machine.run_image("alpine:4").is_denied("Remove that name and pull it again");

    wait_until("the names are on disk", || {
        ["alpine:3", "acme/app:1", "alpine:4"].iter().all(|name| machine.origins().contains(name))
            && !machine.origins().contains(r#""running":[["#)
    });
    machine.restart();
    machine.run_image("alpine:3").is_denied(text);
    machine.run_image("acme/app:1").is_denied("it was `docker.io/evil/miner:1`");
    machine.run_image("alpine:4").is_denied("cannot tell");
    machine.run_image("evil/innocent:1").is_allowed();
}

#[tokio::test]
async fn a_name_that_was_removed_and_pulled_again_starts_again() {
    let machine = Machine::start();
    machine.sign_in(&strict(1)).await;
    machine.tag("evil/miner:1", "alpine:3");
    machine.run_image("alpine:3").is_denied("evil/miner");
    // Removing something else is no proof.
    machine.remove("debian:12");
    machine.run_image("alpine:3").is_denied("evil/miner");
    machine.remove("alpine:3");
    machine.ask(&support::message("/v1.41/images/create?fromImage=alpine&tag=3")).is_allowed();
    machine.run_image("alpine:3").is_allowed();
    // And again, with the tag running while the name goes.
    let target = tag_target("evil/miner:1", "alpine:3");
    machine.ask(&support::message(&target)).is_allowed();
    machine.remove("alpine:3");
    machine.run_image("alpine:3").is_denied("evil/miner");
    // A running engine activates a plugin again for anybody who asks for a driver of its name; that ends nothing.
    for _ in 0..2 {
        machine.answer(&post("/Plugin.Activate", b""));
        machine.remove("alpine:3");
        machine.run_image("alpine:3").is_denied("evil/miner");
    }
    // Until that is over.
    machine.answer(&post("/AuthZPlugin.AuthZRes", support::message(&target).as_bytes()));
    machine.remove("alpine:3");
    machine.run_image("alpine:3").is_allowed();
}

#[tokio::test]
async fn a_name_does_not_change_while_a_container_is_made_from_it() {
    let machine = Machine::start();
    machine.sign_in(&strict(1)).await;
    let message = create("alpine:3", "{}");
    machine.ask(&message).is_allowed();
    let tag = support::message(&tag_target("evil/miner:1", "alpine:3"));
    machine.ask(&tag).is_denied("a container is being made from `docker.io/library/alpine:3` at this moment");
    machine.answer(&post("/AuthZPlugin.AuthZRes", message.as_bytes())).is_allowed();
    machine.ask(&tag).is_allowed();
    machine.run_image("alpine:3").is_denied("evil/miner");
    // Where nobody asks for it, nothing is held.
    machine.apply(vec![machine.seal(&policy(2))]).await.expect("in force");
    machine.ask(&create("debian:12", "{}")).is_allowed();
    machine.ask(&support::message(&tag_target("evil/miner:1", "debian:12"))).is_allowed();
}

#[tokio::test]
async fn a_flood_of_names_is_strict_and_bounded() {
    let mut machine = Machine::start();
    machine.sign_in(&strict(1)).await;
    for n in 0..10_500 {
        machine.tag("alpine:3", &format!("flood:{n}"));
    }
    machine.run_image("flood:0").is_allowed();
    for image in ["flood:10499", "debian:12"] {
        machine.run_image(image).is_denied("cannot tell");
    }
    wait_until("it is said", || machine.log().contains("not remembered count as of unknown origin"));
    wait_until("it is on disk", || machine.origins().contains(r#""overflowed":true"#));
    let size = fs::metadata(machine.path("state/origins.json")).expect("a file").len();
    assert!(size < 4 << 20, "{size} bytes");
    machine.restart();
    machine.run_image("debian:12").is_denied("cannot tell");
    // Pulls know nothing of that.
    machine.pull("debian").is_allowed();
    machine.remove("debian:12");
    machine.run_image("debian:12").is_allowed();
}

#[tokio::test]
async fn a_damaged_memory_is_strict_until_it_is_removed() {
    let mut machine = Machine::start();
    machine.sign_in(&strict(1)).await;
    machine.tag("debian:12", "alpine:3");
    wait_until("it is on disk", || machine.origins().contains("alpine:3"));
    machine.kill();
    let file = machine.path("state/origins.json");
    fs::write(&file, &machine.origins()[..20]).expect("damage");
    machine.run();
    assert!(machine.log().contains("cannot read what is remembered of image names"), "{}", machine.log());
    machine.run_image("alpine:3").is_denied("cannot tell");
    machine.kill();
    fs::remove_file(&file).expect("an administrator's decision");
    machine.run();
    machine.run_image("alpine:3").is_allowed();
}

#[tokio::test]
async fn owners_may_warnings_warn_and_the_default_is_dockers() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.run_image("evil/miner:1").is_allowed();
    machine.tag("evil/miner:1", "alpine:3");
    let monitor = Policy { mode: Mode::Monitor.into(), ..strict(2) };
    let warn = Settings { run_unapproved: RunUnapproved::Warn.into(), ..Settings::default() };
    let warn = Policy { settings: Some(warn), ..policy(3) };
    for document in [monitor, warn] {
        machine.apply(vec![machine.seal(&document)]).await.expect("in force");
        machine.run_image("alpine:3").is_allowed();
    }
    machine.apply(vec![machine.seal(&strict(4))]).await.expect("in force");
    // The tag was remembered while nobody asked for it.
    machine.run_image("alpine:3").is_denied("evil/miner");
    let owner = machine.session_of("olga", Role::Owner, 2).await;
    machine.apply(vec![machine.seal(&owner)]).await.expect("an owner");
    machine.run_image("alpine:3").is_allowed();
    let fetch = proto::control::RecordsRequest {
        acknowledge: 0,
        wait_ms: 0,
        run: 0,
        ..proto::control::RecordsRequest::default()
    };
    let records = machine.control().records(fetch).await.expect("records").into_inner().records;
    let would: Vec<_> = records.iter().filter(|record| record.would_deny).map(|r| r.reason.as_str()).collect();
    assert_eq!(would, ["run_unapproved", "run_unapproved"]);
}
