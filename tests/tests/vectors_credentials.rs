//! Docker credentials files as they really are, through the command that shows how the agent reads them.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use serde_json::Value;
use tests::{own_program, repository};

/// What the helpers of the cases call. With more on the `PATH`, the machine's own stores would be found.
const TOOLS: [&str; 3] = ["sh", "cat", "sleep"];

struct Case {
    file: String,
    outcome: String,
    user: String,
    key: String,
    helper: String,
    helper_dir: String,
}

fn cases() -> Vec<Case> {
    let table = fs::read_to_string(directory().join("expected.tsv")).unwrap();
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap();
        Case { file: next(), outcome: next(), user: next(), key: next(), helper: next(), helper_dir: next() }
    };
    table.lines().skip(1).map(row).collect()
}

fn directory() -> PathBuf {
    repository().join("tests/vectors/config-json")
}

/// A directory with nothing but [`TOOLS`].
fn tools(home: &Path) -> PathBuf {
    let directory = home.join("tools");
    fs::create_dir(&directory).unwrap();
    for tool in TOOLS {
        let found = ["/bin", "/usr/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
        symlink(found.unwrap_or_else(|| panic!("there is no `{tool}`")), directory.join(tool)).unwrap();
    }
    directory
}

fn credentials(home: &Path, config: &Path, path: &str) -> Output {
    Command::new(own_program("pullgate"))
        .args(["credentials", "--json", "--config-dir"])
        .arg(config)
        .arg("--enrollment")
        .arg(home.join("no-enrollment.json"))
        .env_clear()
        .env("HOME", home)
        .env("PATH", path)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn check(case: &Case) -> Result<(), String> {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("docker");
    fs::create_dir(&config).unwrap();
    fs::copy(directory().join(&case.file), config.join("config.json")).unwrap();
    let mut path = tools(home.path()).display().to_string();
    if case.helper_dir != "-" && !case.helper_dir.contains(':') {
        path = format!("{}:{path}", directory().join(&case.helper_dir).display());
    }
    let output = credentials(home.path(), &config, &path);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{text}{}", String::from_utf8_lossy(&output.stderr));
    if all.contains("s3cret") || all.contains("password") {
        return Err(format!("a secret is shown: {all}"));
    }
    let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {all}"))?;
    let expected = match case.outcome.split_once(':') {
        Some(("error", class)) => answer["error"] == class && answer["detail"].is_string(),
        _ if case.outcome == "none" => answer == serde_json::json!({}),
        _ => {
            let (source, helper) = match case.helper.split_once(':') {
                Some((source, name)) => (source, Value::from(name)),
                None => ("file", Value::Null),
            };
            answer == serde_json::json!({"user": case.user, "key": case.key, "source": source, "helper": helper})
        }
    };
    if expected { Ok(()) } else { Err(format!("{answer}, expected {} {} {}", case.outcome, case.user, case.helper)) }
}

#[test]
fn every_shape_of_the_file_names_whom_the_docker_command_would_use_or_nobody() {
    let cases = cases();
    assert!(cases.len() > 60, "{} cases", cases.len());
    // Side by side: one of them waits for a helper that hangs.
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| (case, scope.spawn(|| check(case)))).collect();
        let ended = running.into_iter().map(|(case, thread)| (case, thread.join().unwrap()));
        ended.filter_map(|(case, result)| result.err().map(|why| format!("{}: {why}", case.file))).collect()
    });
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn without_a_file_nobody_is_signed_in_unless_a_store_is_there_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let tools = tools(home.path()).display().to_string();
    let missing = home.path().join("missing");
    let answer = |path: &str| {
        let output = credentials(home.path(), &missing, path);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(answer(&tools), serde_json::json!({}));
    // The Docker CLI then looks for one of two stores.
    let stores = home.path().join("stores");
    fs::create_dir(&stores).unwrap();
    fs::copy(directory().join("helpers/12/docker-credential-fx"), stores.join("docker-credential-secretservice"))
        .unwrap();
    let found = answer(&format!("{}:{tools}", stores.display()));
    assert_eq!((&found["source"], &found["helper"]), (&"store".into(), &"secretservice".into()), "{found}");
}
