//! What is printed from the code into the docs: the OpenAPI document, and tables of `docs/reference/api.md`.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p service --test reference` writes them anew.

use std::{fs, path::PathBuf};

use serde_json::Value;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(name)
}

fn check(name: &str, wanted: &str) {
    let path = docs(name);
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == wanted, "`{}` is not what the code says; see the head of this file", path.display());
}

/// The page with what is between the marks of a name printed anew.
fn printed(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- printed: {name} -->\n"), format!("<!-- printed: end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("the page has no `{begin}`"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has no `{end}`"));
    format!("{before}{begin}{table}{end}{after}")
}

#[test]
fn the_openapi_document_is_what_the_types_say() {
    let document = service::rest::openapi().to_pretty_json().unwrap();
    check("openapi.json", &format!("{document}\n"));
}

/// Each value of the document, with its place.
fn walk(at: &str, value: &Value, look: &mut impl FnMut(&str, &Value)) {
    look(at, value);
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| walk(&format!("{at}/{key}"), value, look)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| walk(&format!("{at}/{n}"), item, look)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere_and_every_object_says_all_it_has() {
    let document = serde_json::to_value(service::rest::openapi()).unwrap();
    let mut wrong = Vec::new();
    walk("", &document, &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str)
            && document.pointer(reference.trim_start_matches('#')).is_none()
        {
            wrong.push(format!("{at}: {reference}"));
        }
        let is_schema = value.get("type") == Some(&"object".into());
        if is_schema && value.get("properties").is_some() && value.get("additionalProperties") != Some(&false.into()) {
            wrong.push(format!("{at}: takes what it does not name"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn roles_scopes_and_codes_of_the_reference_are_the_tables_of_the_code() {
    let page = fs::read_to_string(docs("api.md")).unwrap();
    let page = printed(&page, "roles", &service::roles::page());
    let page = printed(&page, "acts", &service::model::ActKind::page());
    check("api.md", &printed(&page, "codes", &service::rest::codes_page()));
}
