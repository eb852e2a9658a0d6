//! The vectors, through the commands that people and scripts use.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tests::{kept, own_program, repository};

fn vectors(name: &str) -> String {
    fs::read_to_string(repository().join("tests/vectors").join(name)).unwrap()
}

fn pullgate(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(own_program("pullgate"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn image_answers_every_reference_of_the_engine() {
    let table = vectors("references.csv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split(',').collect()).collect();
    // An empty argument and one that looks like a flag are references too.
    let mut args = vec!["image", "--json", "--"];
    args.extend(rows.iter().map(|row| row[0]));
    let output = pullgate(&args, "");
    let answers = lines(&output);
    assert_eq!(answers.len(), rows.len(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "some of them are no references");
    for (row, answer) in rows.iter().zip(&answers) {
        assert_eq!(answer["input"], row[0]);
        if row[1].starts_with("ERROR: ") || row[1].starts_with("ID: ") {
            assert!(answer["error"].is_string(), "{answer}");
        } else {
            let found = ["normalized", "host", "path", "tag", "digest"].map(|key| answer[key].as_str().unwrap());
            assert_eq!(found, [row[1], row[2], row[3], row[4], row[5]], "{}", row[0]);
        }
    }
}

#[test]
fn request_answers_every_message_of_the_engine() {
    let cases: Vec<Value> = vectors("requests.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let cases: Vec<&Value> = cases.iter().filter(|case| case["plugin_input"].is_object()).collect();
    let input: String = cases.iter().map(|case| format!("{}\n", case["plugin_input"])).collect();
    let answers = lines(&pullgate(&["request", "--json"], &input));
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        let images = answer["images"].as_array().unwrap();
        let verdict = answer["verdict"].as_str().unwrap();
        assert_eq!(verdict == "understood", !images.is_empty(), "{answer}");
        // Whatever is named is what the engine fetched.
        if verdict == "understood" {
            let named: Vec<Value> = images.iter().map(|image| tagged(image.as_str().unwrap()).into()).collect();
            assert_eq!(Value::from(named), case["engine_fetches"], "{}: {answer}", case["id"]);
        }
    }
}

/// The table leaves the digest out where there is a tag too; the engine fetches by the digest.
fn tagged(image: &str) -> &str {
    match image.split_once('@') {
        Some((named, _)) if named.rsplit('/').next().is_some_and(|last| last.contains(':')) => named,
        _ => image,
    }
}

/// What the engine shows for a `request` of `decisions.json`; see the README beside it.
fn message(request: &Value) -> Value {
    let bare = json!({ "uri": request });
    let request = if request.is_string() { &bare } else { request };
    let keys = request.as_object().unwrap().keys();
    let unknown: Vec<_> =
        keys.filter(|key| !["method", "uri", "content_type", "body"].contains(&key.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?} means nothing in a request");
    let mut message = json!({
        "RequestMethod": request["method"].as_str().unwrap_or("POST"),
        "RequestUri": request["uri"].as_str().unwrap(),
        "RequestHeaders": {},
    });
    let mut header = |name: &str, value: &str| message["RequestHeaders"][name] = value.into();
    match (request["content_type"].as_str(), &request["body"]) {
        (None, Value::Null) => header("Content-Length", "0"),
        // Sent in chunks, and not shown.
        (Some(content_type), Value::Null) => header("Content-Type", content_type),
        (content_type, body) => {
            let body = body.to_string();
            header("Content-Type", content_type.unwrap_or("application/json"));
            header("Content-Length", &body.len().to_string());
            message["RequestBody"] = STANDARD.encode(body).into();
        }
    }
    message
}

#[test]
fn decide_gives_the_answers_of_the_design() {
    let table: Value = serde_json::from_str(&vectors("decisions.json")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (policies, sessions) = (directory.path().join("policies.json"), directory.path().join("sessions.json"));
    let mut reasons = BTreeMap::<String, u32>::new();
    let mut texts = BTreeMap::<String, BTreeSet<String>>::new();
    let mut names = BTreeSet::new();
    for case in table["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        assert!(names.insert(name), "two cases are named {name}");
        for (file, list) in [(&policies, "policies"), (&sessions, "sessions")] {
            let named = case[list].as_array().unwrap().iter().map(|key| {
                let entry = &table[list][key.as_str().unwrap()];
                assert!(entry.is_object(), "{name}: {key} is not in the table");
                entry.clone()
            });
            fs::write(file, Value::Array(named.collect()).to_string()).unwrap();
        }
        let mut args = vec!["decide", "--json", "--now", "1000", "--policy", policies.to_str().unwrap()];
        args.extend(["--session", sessions.to_str().unwrap()]);
        for organization in case["allowed_orgs"].as_array().into_iter().flatten() {
            args.extend(["--allowed-org", organization.as_str().unwrap()]);
        }
        for state in case["machine"].as_array().into_iter().flatten() {
            args.extend(["--machine", state.as_str().unwrap()]);
        }
        let mut input = String::new();
        if let Some(image) = case["image"].as_str() {
            args.extend(["--image", image]);
        } else {
            input = format!("{}\n", message(&case["request"]));
        }
        let output = pullgate(&args, &input);
        let answers = lines(&output);
        let [answer] = answers.as_slice() else {
            panic!("{name}: {}", String::from_utf8_lossy(&output.stderr));
        };
        for key in ["effect", "reason", "category", "organization", "would_deny"] {
            assert!(case[key].is_null() || answer[key] == case[key], "{name}: {key}: {answer:#}");
        }
        assert!(case["rule"].is_null() || answer["rule"]["pattern"] == case["rule"], "{name}: {answer:#}");
        let denied = answer["effect"] == "deny";
        assert_eq!(output.status.code(), Some(i32::from(denied)), "{name}");
        assert_eq!(answer["text"].as_str().unwrap().is_empty(), !denied && answer["would_deny"] != true, "{name}");
        let reason = answer["reason"].as_str().unwrap();
        *reasons.entry(reason.to_owned()).or_default() += 1;
        if let Some(text) = answer["text"].as_str().filter(|text| !text.is_empty()) {
            texts.entry(reason.to_owned()).or_default().insert(text.to_owned());
        }
    }
    // As a developer reads them behind the engine's `authorization denied by plugin pullgate: `.
    let told = |(reason, told): (&String, &BTreeSet<String>)| {
        format!("## {reason}\n\n{}\n\n", told.iter().cloned().collect::<Vec<_>>().join("\n\n"))
    };
    kept::check("refusals", &texts.iter().map(told).collect::<String>());
    for reason in policy::Reason::ALL {
        assert!(reasons.contains_key(reason.code()), "no case has the reason {}", reason.code());
    }
    println!("{} decisions: {reasons:?}", names.len());
}
