//! Each answer was compared with Go's `encoding/json`.

use super::*;

fn text_of(body: &str) -> Result<String> {
    let mut text = String::new();
    let mut json = Json::new(body.as_bytes());
    json.object(&["Image"], |json, _| json.string_into(&mut text))?;
    Ok(text)
}

#[track_caller]
fn check(body: &str, expected: &str) {
    assert_eq!(text_of(body).as_deref(), Ok(expected), "{body}");
}

#[test]
fn keys_name_fields_exactly_then_under_folding() {
    check(r#"{"Image":"a"}"#, "a");
    check(r#"{"image":"a"}"#, "a");
    check(r#"{"iMaGe":"a"}"#, "a");
    check(r#"{"\u0049mage":"a"}"#, "a");
    check(r#"{"Image ":"a","Imagé":"b","mage":"c","":"d"}"#, "");
    assert_eq!(field_of(&["TaskTemplate", "Sysctls"], "Tas\u{212a}Template"), Some(0));
    assert_eq!(field_of(&["TaskTemplate", "Sysctls"], "\u{17f}y\u{17f}ctl\u{17f}"), Some(1));
    assert_eq!(field_of(&["ID", "Id"], "Id"), Some(1));
    assert_eq!(field_of(&["ID", "Id"], "iD"), Some(0));
}

#[test]
fn the_last_text_wins_and_null_changes_nothing() {
    check(r#"{"Image":"a","image":"b"}"#, "b");
    check(r#"{"Image":"a","image":null}"#, "a");
    check(r#"{"Image":null}"#, "");
    check(r#"{"Image":""}"#, "");
}

#[test]
fn the_first_document_counts() {
    check(r#" {"Image":"a"} {"Image":"b"}"#, "a");
    check("{\"Image\":\"a\"}]garbage", "a");
}

#[test]
fn texts_are_decoded_as_go_does() {
    check(r#"{"Image":"\u0061\/\"\\\b\f\n\r\t"}"#, "a/\"\\\u{8}\u{c}\n\r\t");
    check(r#"{"Image":"\ud83d\ude00"}"#, "\u{1f600}");
    check(r#"{"Image":"\ud83d"}"#, "\u{fffd}");
    check(r#"{"Image":"\ud83d\u0041"}"#, "\u{fffd}A");
    check(r#"{"Image":"\ude00\ud83d"}"#, "\u{fffd}\u{fffd}");
    check(r#"{"Image":"\ud83dx"}"#, "\u{fffd}x");
    let mut text = String::new();
    Json::new(b"\"a\xffb\"").string_into(&mut text).expect("a text");
    assert_eq!(text, "a\u{fffd}b");
}

#[test]
fn what_is_no_json_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "{\"Image\"",
        "{\"Image\":",
        "{\"Image\":\"a\"",
        "{\"Image\":\"a\",}",
        "{,}",
        "{Image:1}",
        "{'a':1}",
        "\u{feff}{}",
        "{\"Image\":\"a\n\"}",
        "{\"Image\":\"\\x\"}",
        "{\"Image\":\"\\u12\"}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":+1}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":.5}",
        "{\"a\":nul}",
        "{\"a\":tru}",
        "{\"a\":[1,]}",
        "{\"a\":[1 2]}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":\"\u{1}\"}",
    ] {
        assert!(text_of(body).is_err(), "{body}");
    }
    for body in ["{\"a\":-0.5e+10}", "{\"a\":[1,{\"b\":[]}],\"c\":{}}", "\t\r\n {} "] {
        assert_eq!(text_of(body).as_deref(), Ok(""), "{body}");
    }
}

#[test]
fn wrong_types_are_refused() {
    for body in ["[]", "\"x\"", "{\"Image\":1}", "{\"Image\":{}}", "{\"Image\":[\"a\"]}", "{\"Image\":true}"] {
        assert_eq!(text_of(body), Err(WRONG_TYPE), "{body}");
    }
    let mut flag = true;
    assert_eq!(Json::new(b"\"true\"").bool_into(&mut flag), Err(WRONG_TYPE));
    assert_eq!(Json::new(b"1").bool_into(&mut flag), Err(WRONG_TYPE));
    Json::new(b"null").bool_into(&mut flag).expect("null is no change");
    assert!(flag);
}

#[test]
fn limits_hold() {
    let nested = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(text_of(&nested(99)).as_deref(), Ok(""));
    assert_eq!(text_of(&nested(100)), Err(TOO_DEEP));
    assert_eq!(text_of(&"[".repeat(4 << 20)), Err(WRONG_TYPE));
    assert_eq!(text_of(&format!("{{\"a\":{}", "[".repeat(4 << 20))), Err(TOO_DEEP));
    let many = |values: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(values));
    assert_eq!(text_of(&many(90_000)).as_deref(), Ok(""));
    assert_eq!(text_of(&many(100_000)), Err(TOO_MANY));
}
