//! `tests/vectors/requests`: each request, as engines show it, is understood as engines act on it.

mod shown;

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::Value;
use shown::{Engine, shown};
use tests::{kept, own_program, repository};

/// Fewer would mean that a file was not read.
const AT_LEAST: usize = 400;

fn cases() -> Vec<Value> {
    let directory = repository().join("tests/vectors/requests");
    let mut paths: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let lines = paths.iter().flat_map(|path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{}: {e}: {line}", path.display())))
            .collect::<Vec<_>>()
    });
    lines.collect()
}

/// `pullgate request --json` on every message.
fn answers(messages: &[Value]) -> Vec<Value> {
    let mut child = Command::new(own_program("pullgate"))
        .args(["request", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input: String = messages.iter().map(|message| format!("{message}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn agrees(answer: &Value, expected: &Value) -> bool {
    ["action", "images", "uses", "verdict"].iter().all(|key| answer[key] == expected[key])
}

fn check(engine: Engine) {
    let cases = cases();
    assert!(cases.len() >= AT_LEAST, "{} cases", cases.len());
    let messages: Vec<Value> = cases.iter().map(|case| shown(case, engine)).collect();
    let answers = answers(&messages);
    assert_eq!(answers.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        let old = case.get("expect_20_10").filter(|_| engine == Engine::Old);
        let also = case["also"].as_array().into_iter().flatten().filter(|_| old.is_none());
        let expected = old.unwrap_or(&case["expect"]);
        if !also.chain([expected]).any(|expected| agrees(answer, expected)) {
            wrong.push(format!("{} {}: {answer}, expected {expected}", case["id"], case["note"]));
        }
    }
    println!("{} requests compared, as engine {engine:?} shows them", cases.len());
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is said of requests that could be read in two ways, and what to do instead.
#[test]
fn what_people_read_of_requests_that_cannot_be_read() {
    let cases = cases();
    let both =
        [Engine::New, Engine::Old].into_iter().flat_map(|engine| cases.iter().map(move |case| shown(case, engine)));
    let answers = answers(&both.collect::<Vec<_>>());
    let told = answers.iter().filter_map(|answer| Some((answer["part"].as_str()?, answer["advice"].as_str()?)));
    let texts: BTreeSet<String> = told.map(|(part, advice)| format!("{part}\n    -> {advice}\n")).collect();
    kept::check("unreadable-requests", &texts.into_iter().collect::<Vec<_>>().concat());
}

#[test]
fn requests_are_understood_as_newer_engines_show_them() {
    check(Engine::New);
}

#[test]
fn requests_are_understood_as_engine_20_10_shows_them() {
    check(Engine::Old);
}
