//! What errors say, by the crate that they are of.

mod acts;
mod daemon;
mod installer;
mod plugin;
mod policy;
mod proto;
mod proxy;
mod service;

use std::{collections::BTreeMap, fmt::Write as _, fs, io, process::Command};

use tests::kept;

use crate::samples::Samples;

/// A file that is not the caller's.
fn denied() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::ACCESS.raw_os_error())
}

/// A disk without room.
fn full() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error())
}

/// What the reader of JSON says of a text.
fn not_json(text: &str) -> serde_json::Error {
    serde_json::from_str::<serde_json::Value>(text).expect_err("a text that is no JSON")
}

/// All of a crate.
fn all() -> [(&'static str, Vec<Samples>); 7] {
    [
        ("policy", policy::samples()),
        ("proto", proto::samples()),
        ("plugin", plugin::samples()),
        ("proxy", proxy::samples()),
        ("daemon", daemon::samples()),
        ("service", service::samples()),
        ("installer", installer::samples()),
    ]
}

#[test]
fn what_errors_say() {
    let mut faults = Vec::new();
    for (name, samples) in all() {
        let mut text = String::new();
        for sample in samples {
            writeln!(text, "## {}", sample.of).unwrap();
            for told in &sample.told {
                let said = if FOR_PEOPLE.contains(&sample.of) { &told.text } else { &told.chain };
                let name = if told.variant.is_empty() { String::new() } else { format!("{}: ", told.variant) };
                writeln!(text, "{name}{said}").unwrap();
                let fault = kept::fault(said).or_else(|| late_cause(said, &told.text));
                faults.extend(fault.map(|fault| format!("{} {name}{fault}: {said}", sample.of)));
            }
            text.push('\n');
        }
        kept::check(&format!("errors/{name}"), &text);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whose own text a person gets, and whose causes stand in a log.
const FOR_PEOPLE: [&str; 1] = ["service::identity::oidc::OidcError"];

/// What to do comes last: a cause behind it is read as a part of it.
fn late_cause(said: &str, own: &str) -> Option<&'static str> {
    let advises = own.contains("; ") || own.ends_with('?');
    (advises && said.len() > own.len()).then_some("has its cause behind the next step")
}

/// Crate and name of error types, and how many there are of it.
type Types = BTreeMap<(String, String), usize>;

/// Error types that cannot be made here: only their module can, and their texts are parts of others.
const INSIDE: [(&str, &str); 5] = [
    // `pullgate-proxy` and `pullgate-plugin` that cannot start: `commands/start.rs`.
    ("proxy", "BindError"),
    ("proto", "NotListening"),
    // Of the text of a denial; `plugin/tests/protect.rs` has it.
    ("plugin", "WalkError"),
    // A line in the agent's log: what it kept is asked for again.
    ("daemon", "Damage"),
    // A test's.
    ("proto", "Told"),
];

#[test]
fn every_error_type_has_its_texts() {
    let mut sampled: Types = BTreeMap::new();
    for (_, samples) in all() {
        for sample in samples {
            let (of, name) = sample.name();
            *sampled.entry((of.to_owned(), name.to_owned())).or_default() += 1;
        }
    }
    let mut declared: Types = BTreeMap::new();
    for path in sources() {
        let krate = path.split('/').next().unwrap_or_default().to_owned();
        let text = fs::read_to_string(tests::repository().join(&path)).unwrap();
        for name in error_types(&text) {
            if !INSIDE.contains(&(krate.as_str(), name.as_str())) {
                *declared.entry((krate.clone(), name)).or_default() += 1;
            }
        }
    }
    assert!(declared.len() > 50, "{declared:?}");
    let differ = |one: &Types, other: &Types| -> Vec<_> {
        one.iter().filter(|(name, count)| other.get(*name) != Some(*count)).map(|(name, _)| name.clone()).collect()
    };
    assert!(
        differ(&declared, &sampled).is_empty(),
        "declared, and without a text here: {:?}",
        differ(&declared, &sampled)
    );
    assert!(differ(&sampled, &declared).is_empty(), "not declared any more: {:?}", differ(&sampled, &declared));
}

/// Every file of what people run; the laboratory's errors are its users' own.
fn sources() -> Vec<String> {
    let listed =
        Command::new("git").args(["ls-files", "*/src/*.rs"]).current_dir(tests::repository()).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().filter(|path| !path.starts_with("tests/") && !path.contains("/lab/")).map(str::to_owned).collect()
}

/// Names of the types that derive `thiserror::Error`.
fn error_types(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut derived = false;
    for line in text.lines().map(str::trim_start) {
        derived |= line.starts_with("#[derive(") && line.contains("thiserror::Error");
        let item =
            ["pub ", "pub(crate) ", "pub(super) "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        let Some(name) = item.strip_prefix("enum ").or_else(|| item.strip_prefix("struct ")) else { continue };
        if std::mem::take(&mut derived) {
            names.push(name.chars().take_while(|c| c.is_alphanumeric()).collect());
        }
    }
    names
}

#[test]
fn error_types_are_found_in_sources() {
    let text = "#[derive(Debug, thiserror::Error)]\n#[error(\"no enum here\")]\npub struct One(String);\n\
                #[derive(Debug)]\nenum No {}\n#[derive(thiserror::Error, Clone)]\n#[error(\n  \"struct x\"\n)]\n\
                pub(super) enum Two {\n";
    assert_eq!(error_types(text), ["One", "Two"]);
}
