//! `daemon-json/expected.tsv` with real engines at hand: what they say of each file, and that the command goes by it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use installer::engines::words;
use serde_json::Value;
use tests::{
    engine_files::{PLUGIN, Row, rows, squeezed},
    engines::Flavour,
    own_program,
};

/// Each engine with the table's column that says what it takes: 20.10, 26.1, and from 28 on.
fn engines() -> impl Iterator<Item = (Flavour, usize)> {
    let column = |flavour: Flavour| match flavour.name {
        "bookworm" => 0,
        "trixie" => 1,
        _ => 2,
    };
    Flavour::all().iter().filter(|flavour| !flavour.containerd_store).map(move |&flavour| (flavour, column(flavour)))
}

/// Files of one engine's root, run on this machine's files: with the root's own loader and libraries.
fn program(dir: &Path, flavour: Flavour) -> PathBuf {
    let root = flavour.root().unwrap().canonicalize().unwrap();
    let libraries = root.join("usr/lib/x86_64-linux-gnu");
    let script = format!(
        "#!/bin/sh\nPATH={root}/usr/sbin:{root}/usr/bin\nexec {loader} --library-path {libraries} {root}/usr/sbin/dockerd \"$@\"\n",
        root = root.display(),
        loader = libraries.join("ld-linux-x86-64.so.2").display(),
        libraries = libraries.display(),
    );
    let path = dir.join(format!("dockerd-{}", flavour.name));
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn asked(row: &Row, dir: &Path, dockerd: &Path, more: &[&str]) -> Output {
    let file = dir.join("daemon.json");
    match &row.input {
        Some(input) => fs::write(&file, input).unwrap(),
        None => drop(fs::remove_file(&file)),
    }
    Command::new(own_program("pullgate"))
        .args(["engine-config", "--plugin", PLUGIN, "--json", "--unit-flags", &row.unit_flags, "--file"])
        .arg(&file)
        .arg("--dockerd")
        .arg(dockerd)
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn with_any_engine_at_hand_the_table_holds() {
    let dir = tempfile::tempdir().unwrap();
    let mut differ = Vec::new();
    for (flavour, _) in engines() {
        // Only the newer ones can be asked.
        let (suite, can_tell) = (flavour.name, !flavour.is_old());
        let dockerd = program(dir.path(), flavour);
        for row in rows() {
            let output = asked(&row, dir.path(), &dockerd, &[]);
            let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let class = said["class"].as_str().unwrap_or("-");
            // Engine 20.10 has no proxies; the table has the newer ones.
            let what = said["what"].as_str().unwrap_or_default();
            let too_old = !can_tell && class == "engine-invalid" && what.ends_with("which this engine is too old for");
            if too_old {
                continue;
            }
            let as_expected = (said["action"].as_str(), class) == (Some(&row.action), row.class.as_str());
            let content = said["content"].as_str().unwrap_or_default();
            let merged = !["edit", "create"].contains(&row.action.as_str()) || squeezed(content) == row.expected();
            let by_engine = class != "-" || said["judged_by"].is_string() == can_tell;
            if !(as_expected && merged && by_engine) {
                differ.push(format!("{suite}: {row}: {said}"));
            }
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn engines_say_what_the_table_says_and_take_every_file_that_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut differ = Vec::new();
    for (flavour, at) in engines().filter(|(flavour, _)| !flavour.is_old()) {
        let suite = flavour.name;
        let dockerd = program(dir.path(), flavour);
        for row in rows() {
            let flags = words::split(&row.unit_flags).unwrap();
            let takes = |bytes: &[u8]| {
                let file = dir.path().join("asked.json");
                fs::write(&file, bytes).unwrap();
                let mut command = Command::new(&dockerd);
                command.args(&flags).arg("--validate").arg("--config-file").arg(&file).stdin(Stdio::null());
                let output = command.output().unwrap();
                (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
            };
            if let (Some(input), Some(taken)) = (&row.input, row.taken[at]) {
                let (does, said) = takes(input);
                if does != taken {
                    differ.push(format!("{suite}: {row}: takes the input: {does}: {said}"));
                }
            }
            // Certificates of `06` are not here.
            if ["edit", "create"].contains(&row.action.as_str()) && row.taken[at] != Some(false) {
                let output = asked(&row, dir.path(), &dockerd, &[]);
                let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                let (does, said) = takes(made["content"].as_str().unwrap_or("{").as_bytes());
                if !does {
                    differ.push(format!("{suite}: {row}: refuses what was made: {said}"));
                }
            }
        }
    }
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn what_only_an_engine_can_know_is_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let template = rows().into_iter().find(|row| row.action == "create").unwrap();
    for (flavour, _) in engines().filter(|(flavour, _)| !flavour.is_old()) {
        let suite = flavour.name;
        let dockerd = program(dir.path(), flavour);
        for (file, words) in [
            (r#"{"log-level": "loud"}"#, ["invalid logging level: loud"; 2]),
            // Before 29, and since.
            (r#"{"dns": ["nowhere"]}"#, ["invalid IP address", "unable to parse IP"]),
            (r#"{"labels": ["x"]}"#, ["bad attribute format"; 2]),
        ] {
            let row = Row { input: Some(file.into()), ..template.clone() };
            let output = asked(&row, dir.path(), &dockerd, &[]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{suite} {file}: {said}");
            assert!(
                said.contains("the engine refuses the file") && words.iter().any(|words| said.contains(words)),
                "{suite} {file}: {said}"
            );
        }
        // What is missing outside of the file is no fault of the file's.
        let row = Row {
            input: Some(br#"{"tlsverify": true, "tlscert": "/nowhere/cert.pem", "tlskey": "/nowhere/key.pem"}"#.into()),
            ..template.clone()
        };
        let output = asked(&row, dir.path(), &dockerd, &[]);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), said["warnings"][0]["code"].as_str()),
            (Some(0), Some("engine-lacks-files")),
            "{said}"
        );
        // With the door.
        let row = Row { input: Some(br#"{"debug": true}"#.into()), ..template.clone() };
        let output = asked(&row, dir.path(), &dockerd, &["--proxies", "http://127.0.0.1:857"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // An engine that is too old for a setting, and a program that is none.
    let row = Row { input: Some(br#"{"log-format": "json"}"#.into()), ..template.clone() };
    for (flavour, _) in engines().filter(|(flavour, _)| flavour.is_old()) {
        let output = asked(&row, dir.path(), &program(dir.path(), flavour), &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && said.contains("too old"), "{said}");
    }
    let output = asked(&row, dir.path(), Path::new("/nowhere/dockerd"), &[]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["warnings"][0]["code"], "engine-not-asked", "{said}");
}
