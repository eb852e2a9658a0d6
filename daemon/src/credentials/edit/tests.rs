//! Texts before and after.

use super::*;

const IN_FILE: Change<'_> = Change { key: "gate:1", auth: Some("YTpi"), creds_store: None };
const IN_STORE: Change<'_> = Change { key: "gate:1", auth: None, creds_store: None };

fn check(name: &str, change: Change<'_>, before: &str, after: &str) {
    assert_eq!(apply(before, change).expect(name).as_str(), after, "{name}");
}

#[test]
fn a_new_file_is_as_the_docker_command_writes_it() {
    let whole = "{\n\t\"auths\": {\n\t\t\"gate:1\": {\n\t\t\t\"auth\": \"YTpi\"\n\t\t}\n\t}\n}";
    for empty in ["", " \n", "null", "{}", "{ }", "{\n}"] {
        check("empty", IN_FILE, empty, whole);
    }
    let store = Change { creds_store: Some("pass"), ..IN_STORE };
    check("store", store, "", "{\n\t\"auths\": {\n\t\t\"gate:1\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}");
}

#[test]
fn every_other_byte_stays() {
    let gate = r#""gate:1": {
			"auth": "YTpi"
		}"#;
    // Written by the CLI, with an entry of another host behind or before it.
    let file = |entries: &str| {
        format!(
            "{{\n\t\"auths\": {{\n\t\t{entries}\n\t}},\n\t\"HttpHeaders\": {{\n\t\t\"User-Agent\": \"x\"\n\t}},\n\t\
             \"big\": 1e999,\n\t\"n\": 1.0,\n\t\"n\": 12345678901234567890,\n\t\"s\": \"\\ud83d\\u0041\"\n}}\n"
        )
    };
    check("added", IN_FILE, &file(r#""other": {}"#), &file(&format!("\"other\": {{}},\n\t\t{gate}")));
    check("replaced", IN_FILE, &file(r#""gate:1": {"auth":"x"}, "z": {}"#), &file(&format!("{gate}, \"z\": {{}}")));
    check("replaced by nothing", IN_STORE, &file(r#""gate:1": {"auth":"x"}"#), &file(r#""gate:1": {}"#));
    // Written by hand.
    let (before, after) = (r#"{"psFormat":"x","auths":{"a":{}}}"#, r#"{"psFormat":"x","auths":{"a":{},"gate:1": {}}}"#);
    check("in one line", IN_STORE, before, after);
    check(
        "no auths",
        IN_STORE,
        "{\n  \"x\": {\n    \"y\": 1\n  }\n}",
        "{\n  \"x\": {\n    \"y\": 1\n  },\n  \"auths\": {\n\t\t\"gate:1\": {}\n\t}\n}",
    );
    check("auths is null", IN_STORE, r#"{"auths": null}"#, "{\"auths\": {\n\t\t\"gate:1\": {}\n\t}}");
    check("any case", IN_STORE, r#"{"AUTHS":{"a":1}}"#, r#"{"AUTHS":{"a":1,"gate:1": {}}}"#);
    check("escapes", IN_STORE, r#"{"auths":{"gate\u003a1":{"auth":"x"}}}"#, r#"{"auths":{"gate\u003a1":{}}}"#);
    check(
        "twice",
        IN_STORE,
        r#"{"auths":{"gate:1":1},"auths":{}}"#,
        "{\"auths\":{\"gate:1\":1},\"auths\":{\n\t\t\"gate:1\": {}\n\t}}",
    );
    check("something behind it", IN_STORE, "{\"auths\":{\"a\":{}}} {}}", "{\"auths\":{\"a\":{},\"gate:1\": {}}} {}}");
    let named = Change { creds_store: Some("pass"), ..IN_STORE };
    check(
        "an empty store",
        named,
        r#"{"credsStore":"","auths":{"a":{}}}"#,
        r#"{"credsStore":"pass","auths":{"a":{},"gate:1": {}}}"#,
    );
}

#[test]
fn what_the_docker_command_would_not_read_is_not_written() {
    for text in ["[]", "{", "{\"auths\":[]}", "{\"auths\":{},}", "// x\n{}", "\u{feff}{}"] {
        apply(text, IN_FILE).expect_err(text);
    }
}

/// Whatever the text, what is there afterwards is what was there, and the entry.
#[test]
fn random_files_keep_their_content() {
    let mut random = fastrand::Rng::with_seed(7);
    let white = ["", " ", "\n\t", "\r\n  "];
    for round in 0..3_000 {
        let mut space = || white[random.usize(..white.len())];
        let (a, b, c, d) = (space(), space(), space(), space());
        let others = ["", r#""x":{"auth":"eDp5"}"#, r#""x":{},"gate:1":{"auth":"old"},"y":{"email":null}"#];
        let more = ["", r#""n":1.50,"#, "\"l\":[1,\n2],", r#""credsStore":"","#];
        let (others, more) = (others[random.usize(..3)], more[random.usize(..4)]);
        let before = format!("{a}{{{b}{more}\"auths\"{c}:{d}{{{b}{others}{c}}}{a}}}{d}");
        let after = apply(&before, IN_FILE).expect("an object");
        let mut expected: serde_json::Value = serde_json::from_str(&before).expect("json");
        expected["auths"]["gate:1"] = serde_json::json!({ "auth": "YTpi" });
        let found: serde_json::Value =
            serde_json::from_str(&after).unwrap_or_else(|e| panic!("{round}: {e}\n{}", *after));
        assert_eq!(found, expected, "{round}: {before}");
    }
}
