//! Edits, by example and by generated files.

use serde_json::Value;

use super::*;

mod generated;

const DOOR: &str = "http://127.0.0.1:857";

fn wanted(proxies: Option<&str>) -> Wanted<'_> {
    Wanted { plugin: "pullgate", proxies, ..Wanted::default() }
}

fn text(edited: Edited) -> String {
    match edited.edit {
        Edit::Changed(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_added_has_the_style_of_what_is_there() {
    for (before, after) in [
        ("", "{\n  \"authorization-plugins\": [\"pullgate\"]\n}\n"),
        ("{}", r#"{"authorization-plugins": ["pullgate"]}"#),
        ("{ }\n", "{\"authorization-plugins\": [\"pullgate\"] }\n"),
        ("{\r\n}", "{\r\n  \"authorization-plugins\": [\"pullgate\"]\r\n}"),
        (r#"{"a":1}"#, r#"{"a":1,"authorization-plugins":["pullgate"]}"#),
        (r#"{"a": 1, "b": 2}"#, r#"{"a": 1, "b": 2, "authorization-plugins": ["pullgate"]}"#),
        (
            "{\n\t\"a\": 1,\n\n\t\"b\": 2\n}\n",
            "{\n\t\"a\": 1,\n\n\t\"b\": 2,\n\t\"authorization-plugins\": [\"pullgate\"]\n}\n",
        ),
        (
            "{\r\n    \"a\": {}\r\n}\r\n",
            "{\r\n    \"a\": {},\r\n    \"authorization-plugins\": [\"pullgate\"]\r\n}\r\n",
        ),
        (r#"{"authorization-plugins":["a","b"]}"#, r#"{"authorization-plugins":["a","b","pullgate"]}"#),
        (r#"{"authorization-plugins": ["a"]}"#, r#"{"authorization-plugins": ["a", "pullgate"]}"#),
        (
            "{\"authorization-plugins\": [\n   \"a\"\n  ]}",
            "{\"authorization-plugins\": [\n   \"a\",\n   \"pullgate\"\n  ]}",
        ),
        (r#"{"authorization-plugins": null, "a": 1}"#, r#"{"authorization-plugins": ["pullgate"], "a": 1}"#),
        ("\u{feff}{\"a\": 1}", r#"{"a": 1, "authorization-plugins": ["pullgate"]}"#),
    ] {
        assert_eq!(text(add(Some(before.as_bytes()), &wanted(None)).unwrap()), after, "{before}");
    }
}

#[test]
fn the_door_becomes_both_proxies() {
    let both = format!(r#"{{"http-proxy": "{DOOR}", "https-proxy": "{DOOR}"}}"#);
    for (before, proxies) in [
        (r#"{"a": 1}"#, both.as_str()),
        (r#"{"proxies": {}}"#, &both),
        (r#"{"proxies": {"http-proxy": "", "https-proxy": null}}"#, &both),
        (r#"{"proxies": {"http-proxy": "http://127.0.0.1:857/"}}"#, &both.replacen("857", "857/", 1)),
        (
            r#"{"proxies": {"no-proxy": "localhost,127.0.0.0/8"}}"#,
            &both.replacen('{', r#"{"no-proxy": "localhost,127.0.0.0/8", "#, 1),
        ),
    ] {
        let after = text(add(Some(before.as_bytes()), &wanted(Some(DOOR))).unwrap());
        let value: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(value["proxies"], serde_json::from_str::<Value>(proxies).unwrap(), "{before}");
        assert_eq!(add(Some(after.as_bytes()), &wanted(Some(DOOR))).unwrap().edit, Edit::Unchanged);
        let undone = text(undo(after.as_bytes(), Some(before.as_bytes()), &wanted(Some(DOOR))).unwrap());
        // The door is gone even if it was there before.
        assert_eq!(undone, if before.contains("857") { "{}" } else { before });
    }
}

#[test]
fn another_proxy_is_refused_or_handed_over() {
    let before = r#"{"proxies": {"http-proxy": "http://u:p@proxy.acme.example:3128", "no-proxy": "*.acme.example"}}"#;
    let refusal = add(Some(before.as_bytes()), &wanted(Some(DOOR))).unwrap_err();
    assert_eq!(refusal.class, Class::OtherProxy);
    let said = refusal.to_string();
    assert!(said.contains("`upstreamProxy`") && said.contains("line 1, column 2") && !said.contains("u:p"), "{said}");

    let moving = Wanted { move_proxies: true, ..wanted(Some(DOOR)) };
    let edited = add(Some(before.as_bytes()), &moving).unwrap();
    let old = edited.moved.proxies.clone().unwrap();
    assert_eq!(old.http.as_deref(), Some("http://u:p@proxy.acme.example:3128"));
    assert_eq!((old.https, old.no.as_deref()), (None, Some("*.acme.example")));
    let after = text(edited);
    assert!(!after.contains("acme"), "{after}");
    assert_eq!(text(undo(after.as_bytes(), Some(before.as_bytes()), &moving).unwrap()), before);

    let hole = r#"{"proxies": {"no-proxy": "registry.acme.example"}}"#;
    let refusal = add(Some(hole.as_bytes()), &wanted(Some(DOOR))).unwrap_err();
    assert!(refusal.to_string().contains("without the registry door"), "{refusal}");
    // Without the door it is nobody's business.
    assert!(add(Some(before.as_bytes()), &wanted(None)).is_ok());
    for (flag, class) in [("--https-proxy=http://p:1", Class::FlagConflict), ("--no-proxy=x", Class::OtherProxy)] {
        let unit_flags = [flag.to_owned()];
        let refusal = add(None, &Wanted { unit_flags: &unit_flags, ..wanted(Some(DOOR)) }).unwrap_err();
        assert_eq!(refusal.class, class, "{refusal}");
    }
}

#[test]
fn plugins_of_flags_move_before_ours() {
    let unit_flags = ["--authorization-plugin=a", "-D", "--authorization-plugin", "b"].map(str::to_owned);
    let refused = add(None, &Wanted { unit_flags: &unit_flags, ..wanted(None) }).unwrap_err();
    assert_eq!(refused.class, Class::FlagConflict);
    let moving = Wanted { unit_flags: &unit_flags, move_plugin_flags: true, ..wanted(None) };
    let edited = add(Some(br#"{"authorization-plugins": ["b"]}"#), &moving).unwrap();
    assert_eq!(edited.moved.plugin_flags, ["a", "b"]);
    assert_eq!(names(text(edited).as_bytes()).unwrap(), ["b", "a", "pullgate"]);
    assert_eq!(flags::without(&unit_flags, "authorization-plugin"), ["-D"]);
}

#[test]
fn taking_out_leaves_what_others_put_there() {
    for (before, after) in [
        (
            r#"{"authorization-plugins": ["pullgate", "a", "pullgate"], "b": 1}"#,
            r#"{"authorization-plugins": ["a"], "b": 1}"#,
        ),
        (r#"{"authorization-plugins": ["pullgate", "pullgate"], "b": 1}"#, r#"{"b": 1}"#),
        (r#"{"b": 1, "authorization-plugins": ["pullgate"]}"#, r#"{"b": 1}"#),
        (r#"{"authorization-plugins": ["pullgate"]}"#, "{}"),
        (
            r#"{"b": 1, "proxies": {"http-proxy": "http://127.0.0.1:857", "no-proxy": "x"}}"#,
            r#"{"b": 1, "proxies": {"no-proxy": "x"}}"#,
        ),
        (r#"{"proxies": {"https-proxy": "http://127.0.0.1:857"}, "b": 1}"#, r#"{"b": 1}"#),
    ] {
        assert_eq!(text(remove(before.as_bytes(), "pullgate", Some(DOOR)).unwrap()), after, "{before}");
    }
    for untouched in
        ["", "{}", r#"{"proxies": {"http-proxy": "http://p:3128"}}"#, r#"{"authorization-plugins": ["x"]}"#]
    {
        let edited = remove(untouched.as_bytes(), "pullgate", Some(DOOR)).unwrap();
        assert_eq!(edited.edit, Edit::Unchanged, "{untouched}");
    }
    let created = text(add(None, &wanted(Some(DOOR))).unwrap());
    assert_eq!(remove(created.as_bytes(), "pullgate", Some(DOOR)).unwrap().edit, Edit::Removed);
}

#[test]
fn what_was_changed_meanwhile_stays() {
    for (before, changed, undone) in [
        // The file was ours, and somebody added to it.
        (None, "{\n  \"authorization-plugins\": [\"pullgate\"],\n  \"debug\": true\n}\n", "{\n  \"debug\": true\n}\n"),
        (Some(r#"{"a": 1}"#), r#"{"a": 2, "authorization-plugins": ["pullgate"]}"#, r#"{"a": 2}"#),
        (
            Some(r#"{"a": 1}"#),
            r#"{"a": 1, "authorization-plugins": ["pullgate", "x"]}"#,
            r#"{"a": 1, "authorization-plugins": ["x"]}"#,
        ),
        // An empty list stays one.
        (
            Some(r#"{"authorization-plugins": []}"#),
            r#"{"authorization-plugins": ["pullgate"], "b": 1}"#,
            r#"{"authorization-plugins": [], "b": 1}"#,
        ),
        // Ours before, and gone all the same.
        (
            Some(r#"{"authorization-plugins": ["pullgate"]}"#),
            r#"{"authorization-plugins": ["pullgate"], "b": 1}"#,
            r#"{"b": 1}"#,
        ),
        // The file of before cannot be read.
        (Some("{"), r#"{"authorization-plugins": ["pullgate"], "b": 1}"#, r#"{"b": 1}"#),
    ] {
        let edited = undo(changed.as_bytes(), before.map(str::as_bytes), &wanted(None)).unwrap();
        assert_eq!(text(edited), undone, "{before:?} {changed}");
    }
    let gone = undo(b"{}", Some(br#"{"a": 1}"#), &wanted(None)).unwrap();
    assert_eq!(gone.edit, Edit::Unchanged, "somebody took it out before");
    assert_eq!(undo(b"{", None, &wanted(None)).unwrap_err().class, Class::InvalidJson);
}

#[test]
fn a_refusal_says_what_where_and_what_to_do() {
    for (file, class, said) in [
        ("{\n  \"a\": 1,\n}\n", Class::InvalidJson, "(line 3, column 1); correct it there"),
        ("{\n  // x\n  \"a\": 1\n}\n", Class::InvalidJson, "(line 2, column 3); JSON has no comments"),
        (
            "{\"ä\": 1, \"ä\": 2}",
            Class::DuplicateKey,
            "`ä` is there twice, and only one of the two counts (line 1, column 10)",
        ),
        ("{\"authorization-plugins\": [1]}", Class::WrongType, "it holds a number (line 1, column 28)"),
        ("[]", Class::WrongType, "put the settings in braces"),
        ("{\"Proxies\": {}}", Class::EngineInvalid, "`proxies` is"),
    ] {
        let refusal = add(Some(file.as_bytes()), &wanted(None)).unwrap_err();
        assert_eq!(refusal.class, class, "{refusal}");
        assert!(refusal.to_string().contains(said), "{refusal}");
    }
    let refusal = add(Some(b"{\"a\": \"\xe9\"}"), &wanted(None)).unwrap_err();
    assert_eq!((refusal.class, refusal.at), (Class::NotUtf8, Some(Position { line: 1, column: 8 })));
    let large = vec![b' '; MAX_BYTES + 1];
    assert_eq!(add(Some(&large), &wanted(None)).unwrap_err().class, Class::TooLarge);
    assert!(add(Some(&large[1..]), &wanted(None)).is_ok());
}

#[test]
fn an_ignored_setting_is_a_warning() {
    let file = br#"{"authorization-plugin": ["x"], "host": "y", "https-proxy": "z", "config-file": "w", "dns": []}"#;
    let warnings = add(Some(file), &wanted(None)).unwrap().warnings;
    let said: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[0].contains("NOT active (line 1, column 2)") && said[1].contains("`hosts`"), "{said:?}");
    assert!(said[2].contains("belongs into `proxies`") && said[3].contains("a flag only"), "{said:?}");
}

#[test]
fn every_class_is_explained() {
    let page = include_str!("../../../docs/reference/engine-config.md");
    for class in Class::ALL {
        assert!(page.contains(&format!("| `{}` |", class.code())), "`{}` has no row", class.code());
    }
}
