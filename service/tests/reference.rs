//! What is printed from the code into the docs: the OpenAPI document, and tables of `docs/reference/api.md`.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p service --test reference` writes them anew.

use std::{fs, path::PathBuf};

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

#[test]
fn roles_scopes_and_codes_of_the_reference_are_the_tables_of_the_code() {
    let page = fs::read_to_string(docs("api.md")).unwrap();
    let page = printed(&page, "roles", &service::roles::page());
    check("api.md", &printed(&page, "codes", &service::rest::codes_page()));
}
