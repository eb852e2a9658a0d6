//! `check` and `status` against a real plugin, and what commands say when there is none.

use std::process::{Command, Output, Stdio};

use installer::lab::{Lab, Plugin};
use serde_json::Value;
use tests::own_program;

fn pullgate(args: &[&str]) -> Output {
    Command::new(own_program("pullgate")).args(args).stdin(Stdio::null()).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_status_ask_the_machines_plugin() {
    let lab = Lab::new().unwrap();
    // No enrollment file: this machine is not enrolled, and nothing is restricted.
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let socket = lab.control_socket().display().to_string();

    let allowed = pullgate(&["check", "--control-socket", &socket, "--json", "evil/miner"]);
    assert_eq!(allowed.status.code(), Some(0));
    let answer = json(&allowed);
    let said = ["image", "effect", "reason"].map(|key| answer[key].as_str().unwrap());
    assert_eq!(said, ["docker.io/evil/miner:latest", "allow", "off"]);

    let unjudged = pullgate(&["check", "--control-socket", &socket, "alpine", "exam_ple.com/app"]);
    assert_eq!(unjudged.status.code(), Some(1), "denied: there is no host to judge");
    let text = String::from_utf8(unjudged.stdout).unwrap();
    assert!(text.contains("docker.io/library/alpine:latest: allowed (off)"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colour where nobody sees it: {text:?}");
    assert!(text.contains("exam_ple.com/app:latest: denied (unverifiable)"), "{text}");

    let no_reference = pullgate(&["check", "--control-socket", &socket, "alpine", "Alpine"]);
    assert_eq!(no_reference.status.code(), Some(2), "cannot tell");

    let nowhere = lab.path("no-engine.sock").display().to_string();
    let status = json(&pullgate(&["status", "--control-socket", &socket, "--engine-socket", &nowhere, "--json"]));
    assert_eq!(status["sign_in"]["enforced"], false);
    assert!(status["sign_in"]["enrollment_error"].as_str().unwrap().contains("not enrolled"), "{status:#}");
    let pulls = &status["coverage"][0];
    assert_eq!((&pulls["way"], &pulls["state"]), (&"pull".into(), &"not proved".into()), "{pulls}");
}

/// An engine that lets everything through, as one without the plugin does; for as long as the test runs.
fn engine_without_plugin(socket: &std::path::Path) {
    use std::io::{Read as _, Write as _};
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).unwrap_or_default();
            let (status, body) = match String::from_utf8_lossy(&head[..length]).split(' ').nth(1) {
                Some("/version") => ("200 OK", r#"{"Version":"28.5.2"}"#),
                Some("/info") => ("200 OK", r#"{"Plugins":{"Authorization":["pullgate"]}}"#),
                _ => ("500 Internal Server Error", r#"{"message":"no such host"}"#),
            };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            // Who asked may have gone.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_ask_is_open_whatever_its_configuration_says() {
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let (control, engine) = (lab.control_socket().display().to_string(), lab.path("engine.sock"));
    engine_without_plugin(&engine);
    let args = ["status", "--control-socket", &control, "--engine-socket", &engine.display().to_string(), "--json"];
    let status = json(&pullgate(&args));
    for way in status["coverage"].as_array().unwrap() {
        assert_eq!(way["state"], "open", "{way}");
    }
    assert!(status["coverage"][0]["why"].as_str().unwrap().contains("no such host"), "{status:#}");
}

#[test]
fn without_a_plugin_commands_say_what_to_do_and_cannot_tell() {
    for command in [&["check", "alpine"][..], &["records"], &["sync"]] {
        let args = [command, &["--control-socket", "/nonexistent/control.sock"]].concat();
        let output = pullgate(&args);
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("is pullgate-plugin running"), "{text}");
    }
    let args =
        ["status", "--control-socket", "/nonexistent/control.sock", "--engine-socket", "/nonexistent/docker.sock"];
    let status = pullgate(&args);
    assert_eq!(status.status.code(), Some(1), "without a plugin nothing is enforced");
    let text = String::from_utf8(status.stdout).unwrap();
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("not enforced: the plugin does not answer"), "{text}");
    assert!(first.contains("-> `systemctl start pullgate-plugin`"), "{text}");
    assert!(!text.contains(" open "), "what is not known is not said to be open: {text}");
}

#[test]
fn a_command_that_cannot_do_its_work_says_so_to_programs_too() {
    for words in [
        &["records", "--json", "--control-socket", "/nonexistent"][..],
        &["decide", "--json", "--policy", "/nonexistent"],
    ] {
        let output = pullgate(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["result"], "failed", "{words:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, format!("pullgate: {}\n", object["why"].as_str().unwrap()));
    }
}

/// What packages bring as examples is read as what administrators make of it is.
#[test]
fn the_examples_of_the_package_can_be_used() {
    // Files below a directory that everybody may write to are not trusted.
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let copy = |name: &str| {
        let example = tests::repository().join("installer/assets/examples").join(name);
        let copy = directory.path().join(name);
        std::fs::write(&copy, std::fs::read(example).unwrap()).unwrap();
        copy
    };
    let enrollment = copy("enrollment.json");
    let enrollment = proto::enrollment::parse(&enrollment, &std::fs::read(&enrollment).unwrap()).unwrap();
    assert!(enrollment.registry_door && enrollment.login_host() == "pullgate.acme.example:8443");
    let settings = proxy::settings::Settings::read(&copy("proxy.json")).unwrap();
    assert!(settings.upstream_proxy.is_some() && settings.direct.len() == 2 && settings.mirrors.len() == 1);
}

#[test]
fn files_that_cannot_be_used_are_named_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.json");
    let decide = |content: &str| {
        std::fs::write(&file, content).unwrap();
        let output = pullgate(&["decide", "--policy", file.to_str().unwrap(), "--image", "alpine"]);
        assert_eq!(output.status.code(), Some(2), "{content}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (content, part) in [
        ("{", "policy.json"),
        (r#"{"organization":"acme","alow":["x"]}"#, "policy.json"),
        (r#"{"organization":"acme","mode":"strict"}"#, "write enforce or monitor"),
        (r#"{"organization":"acme","allow":["*"]}"#, "`*` alone is not a pattern"),
    ] {
        let text = decide(content);
        assert!(text.contains(part), "{content}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_status_name_the_file_that_enforces_sign_in_and_what_is_wrong_with_it() {
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    lab.write("registry.json", r#"{"allowedOrgs":["Acme"]}"#).unwrap();
    let path = |path: std::path::PathBuf| path.display().to_string();
    let (control, nowhere) = (path(lab.control_socket()), path(lab.path("no-engine.sock")));
    let files = ["--enrollment", &path(lab.enrollment()), "--registry-json", &path(lab.registry_json())];
    let config = path(lab.make_dir("docker").unwrap());
    let sockets = ["--control-socket", &control, "--engine-socket", &nowhere];
    let doctor = || {
        let args = [&["doctor", "--json", "--config-dir", &config][..], &sockets, &files].concat();
        let output = pullgate(&args);
        let lines = String::from_utf8(output.stdout).unwrap();
        let findings: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code(), findings)
    };
    let wrong = |findings: &[Value]| -> String {
        let wrong = findings.iter().filter(|finding| finding["state"] == "wrong");
        wrong.map(|finding| format!("{}: {}\n", finding["check"], finding["what"])).collect()
    };
    let status = |words: &'static str| {
        let args = [&["status"][..], &sockets].concat();
        let start = std::time::Instant::now();
        loop {
            let text = String::from_utf8(pullgate(&args).stdout).unwrap();
            if text.contains(words) {
                return;
            }
            assert!(start.elapsed() < std::time::Duration::from_secs(10), "no `{words}`: {text}");
        }
    };

    // Docker's file alone: sign-in is demanded, and there is no service to sign in to.
    status("sign-in     enforced, and nobody can be: this machine is not enrolled");
    let (code, findings) = doctor();
    assert_eq!(code, Some(1), "{findings:#?}");
    assert!(wrong(&findings).contains("not enrolled with a policy service"), "{findings:#?}");

    let key = proto::keys::SigningKey::from_seed(&[7; 32]).verifying_key().to_base64();
    let enrolled = serde_json::json!({"service": "https://127.0.0.1:1", "trustKeys": [key]});
    lab.write("enrollment.json", enrolled.to_string()).unwrap();
    status(&format!("sign-in     enforced: acme (`{}`)", path(lab.registry_json())).leak()[..]);
    let (_, findings) = doctor();
    let credentials = findings.iter().find(|finding| finding["check"] == "credentials").unwrap();
    // Nobody expects root to be signed in.
    let state = if rustix::process::geteuid().is_root() { "notice" } else { "wrong" };
    assert_eq!(credentials["state"], state, "{findings:#?}");
    assert!(credentials["what"].as_str().unwrap().contains("nobody is signed in"), "{findings:#?}");
    let service = findings.iter().find(|finding| finding["check"] == "service").unwrap();
    assert_eq!(service["state"], "notice", "{service}");
    assert!(service["what"].as_str().unwrap().contains("refused"), "{service}");

    std::os::unix::fs::symlink("registry.json", lab.path("link")).unwrap();
    std::fs::rename(lab.path("link"), lab.enrollment()).unwrap();
    status("sign-in     enforced, and nobody can be: the enrollment file");
    let (_, findings) = doctor();
    assert!(wrong(&findings).contains("it is a symbolic link"), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_each_change_in_a_line_and_ends_when_it_is_interrupted() {
    use std::io::{BufRead as _, BufReader};
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let (control, nowhere) =
        (lab.control_socket().display().to_string(), lab.path("no-engine.sock").display().to_string());
    for json in [false, true] {
        let mut command = Command::new(own_program("pullgate"));
        command.args(["status", "--watch", "--control-socket", &control, "--engine-socket", &nowhere]);
        command.args(json.then_some("--json")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut watch = command.spawn().unwrap();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains("not enforced: there is no enrollment file"), "{first}");
        let key = proto::keys::SigningKey::from_seed(&[7; 32]).verifying_key().to_base64();
        let enrolled = serde_json::json!({"service": "https://127.0.0.1:1", "trustKeys": [key]});
        lab.write("enrollment.json", enrolled.to_string()).unwrap();
        let second = lines.next().unwrap().unwrap();
        assert!(second.contains("not enforced: nobody is signed in"), "{second}");
        assert_eq!(serde_json::from_str::<Value>(&second).is_ok(), json, "{second}");
        let pid = rustix::process::Pid::from_child(&watch);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(watch.wait().unwrap().code(), Some(0));
        std::fs::remove_file(lab.enrollment()).unwrap();
        let status = ["status", "--no-probe", "--control-socket", &control];
        let start = std::time::Instant::now();
        while !String::from_utf8_lossy(&pullgate(&status).stdout).contains("there is no enrollment file") {
            assert!(start.elapsed() < std::time::Duration::from_secs(10), "the plugin does not see that it is gone");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_late_are_told_and_leave_nothing_out() {
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let control = lab.control_socket().display().to_string();
    let records = |more: &[&str]| pullgate(&[&["records", "--control-socket", &control][..], more].concat());
    let none = records(&[]);
    assert_eq!((none.status.code(), none.stdout.as_slice()), (Some(0), &b"no such decision is kept\n"[..]));
    let body = r#"{"RequestMethod":"POST","RequestUri":"/v1.41/images/create?fromImage=exam_ple.com%2Fapp&tag=1"}"#;
    let mut engine = std::os::unix::net::UnixStream::connect(lab.plugin_socket()).unwrap();
    let head = format!("POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    std::io::Write::write_all(&mut engine, [head.as_bytes(), body.as_bytes()].concat().as_slice()).unwrap();
    let mut answer = [0; 4096];
    let length = std::io::Read::read(&mut engine, &mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer[..length]).contains(r#""Allow":false"#));
    let told = records(&["--denied", "--since", "1h", "--json"]);
    let record = json(&told);
    assert_eq!((&record["effect"], &record["reason"]), (&"deny".into(), &"unverifiable".into()), "{record}");
    let id = record["id"].as_str().unwrap();
    assert_eq!(records(&["--decision", id]).status.code(), Some(0));
    assert_eq!(records(&["--decision", "01J00000000000000000000000"]).status.code(), Some(1));
}
