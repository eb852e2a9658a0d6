//! Requests to registries, and what must be understood of them.

use std::{fs, path::PathBuf};

use policy::{
    Action, Ask,
    registry::{self, Request},
};

/// As the table writes it.
fn found(action: &Action) -> String {
    match action {
        Action::NotGoverned(word) => format!("none {word}"),
        Action::Unverifiable(unverifiable) => {
            assert!(!unverifiable.part.is_empty() && !unverifiable.advice.is_empty());
            "unverifiable".to_owned()
        }
        Action::Governed(governed) => {
            let names = governed.asks.iter().map(|ask| match ask {
                Ask::Fetch(image) if image.is_all_tags() => format!(" {image}:*"),
                Ask::Fetch(image) | Ask::Push(image) => format!(" {image}"),
                other => panic!("a registry is asked for something else: {other:?}"),
            });
            names.fold(governed.word.to_owned(), |text, name| text + &name)
        }
    }
}

#[test]
fn requests_are_understood_as_registries_act_on_them() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/registry_requests.tsv");
    let table = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let digest = format!("sha256:{}", "a".repeat(64));
    let mut compared = 0;
    for line in table.lines().skip(1) {
        let line = line.replace("{D}", &digest);
        let fields: Vec<&str> = line.split('\t').collect();
        let [host, method, target, expected, _note] = fields.as_slice() else { panic!("five fields: {line}") };
        let target: String = serde_json::from_str(&format!("\"{target}\"")).unwrap_or_else(|e| panic!("{line}: {e}"));
        let asked = registry::read(&Request { host, method, target: &target });
        assert_eq!(found(&asked.action()), *expected, "{line}");
        compared += 1;
    }
    assert!(compared > 120, "{compared} compared");
}
