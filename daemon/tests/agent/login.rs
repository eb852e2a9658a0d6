//! `pullgated login`, from the code to the session in force.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Output},
};

use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Finish, MARK, Machine, until};

fn provider(machine: &Machine, answers: Vec<Finish>) {
    machine.service.change(|state| state.provider = Some(answers));
}

/// The token is an account's password at the service of the test.
fn done() -> Finish {
    Finish::Done("alice".to_owned(), "s3cret-alice".to_owned())
}

async fn output(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("thread").expect("output")
}

/// Exit code, standard output and standard error; no secret is in them.
async fn login(machine: &Machine, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let output = output(machine.login_command(arguments, variables).spawn().expect("start")).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!out.contains(MARK) && !err.contains(MARK), "a secret is shown:\n{out}{err}");
    (output.status.code().expect("an exit code"), out, err)
}

/// The lines of `--json`.
fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("json")).collect()
}

#[tokio::test]
async fn a_person_is_told_what_to_open_and_the_agent_sees_the_sign_in() {
    let machine = Machine::new();
    let _agent = machine.agent();
    machine.in_force(None).await;
    provider(&machine, vec![Finish::Pending, Finish::Fails(Code::Unavailable, "a moment"), done()]);
    let (code, out, err) = login(&machine, &[], &[]).await;
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("https://idp.example/device\n") && err.contains("WDJB-MJHT\n"), "{err}");
    let host = machine.service.host();
    let expected = format!(
        "signed in as alice; the access token is kept under `{host}` in `{}`; it ends in 30 days\n",
        machine.config().display()
    );
    assert_eq!(out, expected);
    let mode = fs::metadata(machine.config()).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_script_gets_one_line_at_the_begin_and_one_at_the_end() {
    let machine = Machine::new();
    provider(&machine, vec![done()]);
    let (code, out, _) = login(&machine, &["--json"], &[]).await;
    assert_eq!(code, 0);
    let [begun, end] = &lines(&out)[..] else { panic!("{out}") };
    let expected = json!({
        "event": "begun", "user_code": "WDJB-MJHT", "expires_in": 60,
        "verification_uri": "https://idp.example/device",
        "verification_uri_complete": "https://idp.example/device?user_code=WDJB-MJHT",
    });
    assert_eq!(begun, &expected);
    assert!(end["expires_at"].is_i64());
    assert_eq!(
        (&end["event"], &end["user"], &end["key"], &end["source"], &end["helper"]),
        (&json!("signed_in"), &json!("alice"), &json!(machine.service.host()), &json!("file"), &Value::Null)
    );
}

#[tokio::test]
async fn each_way_to_fail_has_its_word_and_leaves_nothing() {
    let refused = vec![Finish::Fails(Code::PermissionDenied, "`carol` has no account here")];
    let late = vec![Finish::Fails(Code::NotFound, "begin again")];
    let odd = vec![Finish::Done("a:b".to_owned(), "s3cret".to_owned())];
    for (answers, word, part) in [
        (Some(refused), "refused", "`carol` has no account here"),
        (Some(late), "too-late", "run the command again"),
        (Some(odd), "bad-answer", "cannot be kept"),
        (None, "no-identity-provider", "run `docker login 127.0.0.1:"),
    ] {
        let machine = Machine::new();
        machine.service.change(|state| state.provider = answers);
        let (code, out, _) = login(&machine, &["--json"], &[]).await;
        let end = lines(&out).pop().expect("a line");
        assert_eq!((code, &end["event"], &end["error"]), (2, &json!("failed"), &json!(word)), "{end}");
        assert!(end["detail"].as_str().expect("text").contains(part), "{end}");
        assert_eq!(fs::read_dir(machine.config_dir()).expect("list").count(), 0, "{word}");
    }
}

#[tokio::test]
async fn what_can_be_known_before_is_said_before_anybody_opens_a_browser() {
    let check = async |machine: &Machine, variables: &[(&str, &str)], word: &str, part: &str| {
        provider(machine, vec![done()]);
        let (code, out, err) = login(machine, &["--json"], variables).await;
        let end = lines(&out);
        assert_eq!((code, end.len(), &end[0]["error"]), (2, 1, &json!(word)), "{out}{err}");
        assert!(end[0]["detail"].as_str().expect("text").contains(part), "{out}");
        let (_, _, err) = login(machine, &[], variables).await;
        assert!(err.contains("pullgate login: ") && err.contains(part), "{err}");
    };
    let machine = Machine::new();
    check(&machine, &[("DOCKER_AUTH_CONFIG", r#"{"auths":{}}"#)], "auth-config-variable", "unset").await;
    check(&machine, &[("PULLGATE_TOKEN_FILE", "/run/token")], "token-file", "`/run/token`").await;
    fs::write(machine.config(), "{,}").expect("write");
    check(&machine, &[], "parse", "config.json").await;
    fs::write(machine.config(), r#"{"credsStore":"nope"}"#).expect("write");
    check(&machine, &[], "helper-missing", "docker-credential-nope").await;
    fs::remove_file(machine.config()).expect("remove");
    machine.enroll("http://gate.example:8443");
    check(&machine, &[], "service-unusable", "use https").await;
    fs::remove_file(machine.path("enrollment.json")).expect("remove");
    check(&machine, &[], "not-enrolled", "not enrolled").await;
    let mut machine = Machine::new();
    machine.service.stop();
    check(&machine, &[], "unavailable", "cannot connect").await;
}

#[tokio::test]
async fn ctrl_c_leaves_nothing() {
    let machine = Machine::new();
    provider(&machine, vec![]);
    let child = machine.login_command(&[], &[]).spawn().expect("start");
    until(&machine.service.state, "it asks", |state| (state.finish_calls > 0).then_some(())).await;
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("signal");
    let output = output(child).await;
    assert_eq!(output.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cancelled; nothing was kept"));
    assert_eq!(fs::read_dir(machine.config_dir()).expect("list").count(), 0);
}

#[tokio::test]
async fn a_helper_keeps_the_token_and_nobody_sees_it_on_the_way() {
    let machine = Machine::new();
    fs::create_dir(machine.path("bin")).expect("directory");
    let program = machine.path("bin/docker-credential-fx");
    // Keeps what it is given, and how it was started.
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}/words\ncase $1 in store) /bin/cat > {0}/kept ;; get) /bin/cat {0}/kept ;; esac\n",
        machine.path("bin").display()
    );
    fs::write(&program, script).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
    fs::write(machine.config(), "{\n\t\"credsStore\": \"fx\",\n\t\"x\": 1.50\n}\n").expect("write");
    provider(&machine, vec![done()]);
    let (code, out, err) = login(&machine, &[], &[]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("in `docker-credential-fx`"), "{out}");
    assert_eq!(fs::read_to_string(machine.path("bin/words")).expect("words"), "store\nget\n");
    let host = machine.service.host();
    let expected =
        format!("{{\n\t\"credsStore\": \"fx\",\n\t\"x\": 1.50,\n\t\"auths\": {{\n\t\t\"{host}\": {{}}\n\t}}\n}}\n");
    assert_eq!(fs::read_to_string(machine.config()).expect("read"), expected);
    let _agent = machine.agent();
    machine.in_force(Some("alice")).await;
}
