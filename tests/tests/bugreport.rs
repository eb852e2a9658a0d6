//! `pullgate bugreport`: no secret that lies anywhere around is in it.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::Path,
    process::{Command, Stdio},
};

use installer::lab::{Lab, Plugin};
use tests::own_program;

/// Each place has its own, so that a failure says which one leaks.
const SECRETS: [&str; 12] = [
    "enrollment-hunter42",
    "proxyurl-hunter42",
    "registry-hunter42",
    "daemonproxy-hunter42",
    "logopts-hunter42",
    "dockerconfig-hunter42",
    "agentfile-hunter42",
    "info-hunter42",
    "label-hunter42",
    "journal-hunter42",
    "units-hunter42",
    "cakey-hunter42",
];

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn program(bin: &Path, name: &str, prints: &str) {
    let path = bin.join(name);
    fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{prints}\nEND\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An engine that tells more of itself than it should.
fn engine(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 8192];
            let Ok(length) = stream.read(&mut head) else { continue };
            let text = String::from_utf8_lossy(&head[..length]);
            let body = match text.split(' ').nth(1).unwrap_or_default() {
                "/version" => r#"{"Version":"28.5.2","Password":"info-hunter42"}"#,
                "/info" => {
                    r#"{"HttpProxy":"http://user:info-hunter42@proxy:1","Labels":["token=label-hunter42"],"ServerVersion":"28.5.2",
                       "NoProxy":"a.example"}"#
                }
                _ => r#"{"message":"no such host"}"#,
            };
            let status = if body.contains("message") { "500 Internal Server Error" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_report_and_what_helps_is() {
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let root = lab.make_dir("root").unwrap();
    write(
        &root,
        "etc/pullgate/enrollment.json",
        r#"{"service": "https://gate.example:8443", "trustKeys": ["a public key"], "token": "enrollment-hunter42"}"#,
    );
    write(
        &root,
        "etc/pullgate/proxy.json",
        r#"{"upstreamProxy": "http://user:proxyurl-hunter42@proxy:3128", "mirrors": ["m.example"]}"#,
    );
    write(&root, "usr/share/docker-desktop/registry/registry.json", "no json, and registry-hunter42");
    write(
        &root,
        "etc/docker/daemon.json",
        r#"{"authorization-plugins": ["pullgate"], "proxies": {"http-proxy": "http://user:daemonproxy-hunter42@proxy:1"},
           "log-opts": {"splunk-token": "logopts-hunter42"}}"#,
    );
    write(&root, "var/lib/pullgate-proxy/ca.key", "cakey-hunter42");
    let home = lab.make_dir("home").unwrap();
    write(&home, ".docker/config.json", r#"{"auths": {"gate.example:8443": {"auth": "dockerconfig-hunter42"}}}"#);
    write(&home, ".local/state/pullgate/agent.json", "agentfile-hunter42");
    let bin = lab.make_dir("fake").unwrap();
    let token = "pg_pat_0011223344556677_abcdefghijklmnopqrstuvwxyz012345";
    program(
        &bin,
        "journalctl",
        &format!("a line\nAuthorization: Basic journal-hunter42\nsigned in with {token}\nanother line"),
    );
    program(&bin, "systemctl", "Id=docker.service\nEnvironment=PASSWORD=units-hunter42\nActiveState=active");
    program(&bin, "nft", "table inet pullgate { }");
    program(&bin, "timedatectl", "NTPSynchronized=yes");
    let socket = lab.path("engine.sock");
    engine(&socket);

    let path = lab.path("report.tar");
    let report = || {
        let mut command = Command::new(own_program("pullgate"));
        command.args(["bugreport", "--output"]).arg(&path).arg("--root").arg(&root);
        command.arg("--control-socket").arg(lab.control_socket()).arg("--engine-socket").arg(&socket);
        command.env("HOME", &home).env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
        command.stdin(Stdio::null()).output().unwrap()
    };
    let output = report();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    let archive = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
    for secret in SECRETS.into_iter().chain([token]) {
        assert!(!archive.contains(secret), "`{secret}` is in the report");
    }
    for helps in [
        "\"verdict\":",
        "https://gate.example:8443",
        "m.example",
        "\"authorization-plugins\"",
        "28.5.2",
        "ActiveState=active",
        "another line",
        "table inet pullgate",
        "ca.key",
    ] {
        assert!(archive.contains(helps), "`{helps}` is missing: {archive}");
    }

    // A report replaces nothing, whoever put it there.
    let again = report();
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("cannot write"));
}
