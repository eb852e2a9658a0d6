//! `pullgated request-access`, beside a running agent and without one.

use std::fs;

use proto::sync::RequestAccessRequest;
use serde_json::{Value, json};

use crate::support::{Answer, MARK, Machine};

/// Exit code, standard output and standard error; no secret is in them.
async fn request(machine: &Machine, arguments: &[&str]) -> (i32, String, String) {
    let child = machine.user_command("request-access", arguments, &[]).spawn().expect("start");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("thread").expect("output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(MARK) && !err.contains(MARK), "a secret is shown:\n{out}{err}");
    (output.status.code().expect("an exit code"), out, err)
}

fn signed_in() -> Machine {
    let machine = Machine::new();
    machine.login("alice", "s3cret-alice");
    machine
}

#[tokio::test]
async fn it_asks_as_the_one_who_is_signed_in_and_leaves_nothing() {
    let machine = signed_in();
    let (code, out, err) = request(&machine, &["--reason=- the demo", "--decision=01J9ZK", "evil/miner"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("asked acme for `evil/miner` (request 01J9)\n"), "{out}");
    let asked = machine.service.state.borrow().asked.clone().expect("it takes requests");
    let sent = RequestAccessRequest {
        image: "evil/miner".to_owned(),
        reason: "- the demo".to_owned(),
        decision: "01J9ZK".to_owned(),
        organizations: vec![],
    };
    assert_eq!(asked, [("alice".to_owned(), sent)]);
    assert!(!machine.path("state").exists() && fs::read_dir(machine.config_dir()).expect("list").count() == 1);
    let (_, out, _) = request(&machine, &["--json", "--list"]).await;
    let line: Value = serde_json::from_str(&out).expect("one line");
    assert_eq!((&line["state"], &line["expires_at"]), (&json!("pending"), &Value::Null), "{line}");
    let (code, out, _) = request(&machine, &["--withdraw", "01j9"]).await;
    assert_eq!((code, out.as_str()), (0, "took back request 01J9 for `evil/miner`\n"));
}

#[tokio::test]
async fn the_running_agents_session_stays() {
    let (machine, _agent) = Machine::signed_in().await;
    let before = machine.plugin.applies();
    let (code, out, _) = request(&machine, &["--json", "alpine", "--reason", "x"]).await;
    let asked: Value = serde_json::from_str(&out).expect("json");
    assert_eq!((code, &asked["allowed"], &asked["requests"]), (0, &json!(true), &json!([])), "{asked}");
    machine.in_force(Some("alice")).await;
    assert_eq!(machine.plugin.applies(), before);
}

#[tokio::test]
async fn where_the_machine_demands_organizations_only_they_are_asked() {
    let machine = signed_in();
    let key = crate::support::key().verifying_key().to_base64();
    machine.enroll_as(&json!({ "service": machine.service.url(), "trustKeys": [key], "allowedOrgs": ["acme"] }));
    assert_eq!(request(&machine, &["evil/miner", "--reason", "x"]).await.0, 0);
    let asked = machine.service.state.borrow().asked.clone().expect("it takes requests");
    assert_eq!(asked[0].1.organizations, ["acme"]);
}

#[tokio::test]
async fn each_way_to_fail_has_its_word_and_the_next_step() {
    let fails = async |machine: &Machine, image: &str, word: &str, part: &str| {
        let (code, out, _) = request(machine, &["--json", image, "--reason", "x"]).await;
        let line: Value = serde_json::from_str(&out).expect("one line");
        assert_eq!((code, &line["error"]), (2, &json!(word)), "{line}");
        assert!(line["detail"].as_str().expect("text").contains(part), "{line}");
        let (_, _, err) = request(machine, &[image, "--reason", "x"]).await;
        let told = err.lines().any(|line| line.starts_with("pullgate request-access: ") && line.contains(part));
        assert!(told, "{err}");
    };
    let machine = signed_in();
    fails(&machine, "evil/often", "refused", "more tomorrow").await;
    machine.service.change(|state| state.asked = None);
    fails(&machine, "evil/miner", "service-too-old", "older than this agent").await;
    machine.service.change(|state| state.answer = Answer::Unavailable);
    fails(&machine, "evil/miner", "unavailable", "the test's service is away").await;
    machine.service.change(|state| state.answer = Answer::Normally);
    machine.login("alice", "s3cret-wrong");
    fails(&machine, "evil/miner", "sign-in-refused", "wrong user name or password").await;
    machine.logout();
    fails(&machine, "evil/miner", "signed-out", "`docker login 127.0.0.1:").await;
    fs::write(machine.config(), "{,}").expect("write");
    fails(&machine, "evil/miner", "credentials", "pullgate credentials").await;
    fs::remove_file(machine.path("enrollment.json")).expect("remove");
    fails(&machine, "evil/miner", "not-enrolled", "not enrolled").await;
    let machine = signed_in();
    fs::remove_file(machine.path("control.sock")).expect("remove");
    fails(&machine, "evil/miner", "no-plugin", "pullgate doctor").await;
}
