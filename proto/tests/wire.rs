//! The wire only grows: two versions next to each other understand each other (docs/upgrade.md).
//!
//! `wire.txt` has a line for everything that was ever on it. A line that does not hold any more is something that
//! another version still sends or expects: that is refused, also when the file is written anew, which
//! `PULLGATE_REGENERATE=1 cargo test -p proto --test wire` does for what is new.

use std::{collections::BTreeSet, fs, path::Path};

const FILES: [&str; 3] =
    ["pullgate/document/v1/document.proto", "pullgate/sync/v1/sync.proto", "pullgate/local/v1/local.proto"];

/// Every field, value and call, a line each.
fn surface() -> BTreeSet<String> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
    let mut lines = BTreeSet::new();
    for file in protox::compile(FILES, [protos]).expect("the .proto files compile").file {
        let package = file.package().to_owned();
        for message in &file.message_type {
            assert!(message.nested_type.is_empty() && message.enum_type.is_empty(), "{}", message.name());
            for field in &message.field {
                let kind = match field.type_name() {
                    "" => field.r#type().as_str_name().trim_start_matches("TYPE_").to_ascii_lowercase(),
                    name => name.trim_start_matches('.').to_owned(),
                };
                let label = field.label().as_str_name().trim_start_matches("LABEL_").to_ascii_lowercase();
                let group = |at| message.oneof_decl.get(usize::try_from(at).unwrap_or_default());
                let presence = match field.oneof_index.and_then(group) {
                    Some(_) if field.proto3_optional() => " with presence".to_owned(),
                    Some(group) => format!(" of {}", group.name()),
                    None => String::new(),
                };
                lines.insert(format!(
                    "field {package}.{} {:02} {label} {kind} {}{presence}",
                    message.name(),
                    field.number(),
                    field.name()
                ));
            }
        }
        for word in &file.enum_type {
            for value in &word.value {
                lines.insert(format!("value {package}.{} {:02} {}", word.name(), value.number(), value.name()));
            }
        }
        for service in &file.service {
            for call in &service.method {
                let stream = |streams| if streams { "stream " } else { "" };
                lines.insert(format!(
                    "call {package}.{}.{} {}{} -> {}{}",
                    service.name(),
                    call.name(),
                    stream(call.client_streaming()),
                    call.input_type().trim_start_matches('.'),
                    stream(call.server_streaming()),
                    call.output_type().trim_start_matches('.'),
                ));
            }
        }
    }
    lines
}

/// What is frozen and does not hold, and what is not frozen yet.
fn compare<'a>(frozen: &'a BTreeSet<String>, now: &'a BTreeSet<String>) -> (Vec<&'a String>, Vec<&'a String>) {
    (frozen.difference(now).collect(), now.difference(frozen).collect())
}

#[test]
fn the_wire_only_grows() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire.txt");
    let read =
        || -> BTreeSet<String> { fs::read_to_string(&path).unwrap_or_default().lines().map(str::to_owned).collect() };
    let now = surface();
    assert!(now.len() > 200, "{} lines", now.len());
    let frozen = read();
    let (gone, _) = compare(&frozen, &now);
    assert!(
        gone.is_empty(),
        "another version still sends or expects this; give what is new a number or a name of its own:\n{gone:#?}"
    );
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        let text: String = now.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).expect("a file");
    }
    let frozen = read();
    let (_, new) = compare(&frozen, &now);
    assert!(
        new.is_empty(),
        "not in wire.txt yet; run PULLGATE_REGENERATE=1 cargo test -p proto --test wire:\n{new:#?}"
    );
}

#[test]
fn what_is_removed_renumbered_or_of_another_type_is_seen() {
    let line = |text: &str| BTreeSet::from([text.to_owned()]);
    let frozen = line("field a.M 01 optional string name");
    for changed in [
        "field a.M 02 optional string name",
        "field a.M 01 optional bytes name",
        "field a.M 01 repeated string name",
        "field a.M 01 optional string other",
    ] {
        let changed = line(changed);
        let (gone, new) = compare(&frozen, &changed);
        assert_eq!((gone.len(), new.len()), (1, 1), "{changed:?}");
    }
    let mut grown = frozen.clone();
    grown.insert("field a.M 02 optional string other".to_owned());
    assert_eq!(compare(&frozen, &grown).0.len(), 0);
}
