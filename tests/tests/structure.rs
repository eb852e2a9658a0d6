//! Who may depend on whom. A manifest that breaks a rule fails here, with the rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

type Names = BTreeSet<String>;

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).current_dir(tests::repository()).output().unwrap();
    assert!(output.status.success(), "cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What each crate of the workspace names in its manifest; `tests` aside, dev-dependencies do not count.
fn direct() -> BTreeMap<String, Names> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--offline", "--format-version", "1"])).unwrap();
    let names = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|d| d["kind"].is_null()).map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

/// Everything that is linked into a crate on this system.
fn linked(package: &str) -> Names {
    let tree = cargo(&["tree", "--offline", "--package", package, "--edges", "normal", "--prefix", "none"]);
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn set(names: &[&str]) -> Names {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn crates_depend_on_one_another_only_along_the_arrows() {
    let direct = direct();
    let workspace: Names = direct.keys().cloned().collect();
    let both = set(&["policy", "proto"]);
    let everything: Names = workspace.iter().filter(|name| *name != "tests").cloned().collect();
    for (name, dependencies) in &direct {
        let allowed = match name.as_str() {
            "policy" => Names::new(),
            "proto" => set(&["policy"]),
            "tests" => everything.clone(),
            _ => both.clone(),
        };
        let inside: Names = dependencies.intersection(&workspace).cloned().collect();
        let wrong: Vec<_> = inside.difference(&allowed).collect();
        assert!(wrong.is_empty(), "`{name}` may not depend on {wrong:?}");
    }
}

#[test]
fn the_decision_core_has_nothing_to_reach_the_outside_with() {
    let linked = linked("policy");
    for outside in ["libc", "rustix", "tokio", "mio", "tempfile", "socket2", "getrandom", "time", "log", "tracing"] {
        assert!(!linked.contains(outside), "`policy` must not link `{outside}`: it does no I/O");
    }
    let root = std::fs::read_to_string(tests::repository().join("policy/src/lib.rs")).unwrap();
    assert!(root.contains("no_std"), "`policy` must stay free of `std`");
}

#[test]
fn the_plugin_links_no_tls_no_resolver_no_watcher_and_no_user_directories() {
    let forbidden = |name: &str| {
        let families = ["rustls", "ring", "aws-lc", "openssl", "native-tls", "hickory", "trust-dns", "notify", "dirs"];
        families.iter().any(|family| name == *family || name.starts_with(&format!("{family}-")))
    };
    let wrong: Vec<_> = linked("plugin").into_iter().filter(|name| forbidden(name)).collect();
    assert!(wrong.is_empty(), "`plugin` must not link {wrong:?}: it makes no outgoing connection");
}

#[test]
fn a_kind_of_library_has_one_home() {
    let homes = [
        ("interprocess", "proto"),
        ("ed25519-dalek", "proto"),
        ("notify", "daemon"),
        ("hyperlocal", "installer"),
        ("sqlx", "service"),
        ("sqlx-core", "service"),
        ("argon2", "service"),
        ("hyper-rustls", "service"),
        ("openidconnect", "service"),
        ("fantoccini", "tests"),
    ];
    let direct = direct();
    for (library, home) in homes {
        let users: Vec<_> = direct.iter().filter(|(_, names)| names.contains(library)).map(|(name, _)| name).collect();
        assert_eq!(users, [home], "`{library}` is used by `{home}` only");
    }
}

#[test]
fn every_reason_is_in_the_reference() {
    let page = std::fs::read_to_string(tests::repository().join("docs/reference/reasons.md")).unwrap();
    for reason in policy::Reason::ALL {
        assert!(page.contains(&format!("| `{}` |", reason.code())), "`{}` has no row", reason.code());
    }
}

/// A test that a document names must be there: a promise without its test is none.
#[test]
fn the_tests_that_architecture_names_exist() {
    let root = tests::repository();
    let page = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let table = page.split("## Invariants").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let sources = cargo_sources(root);
    let named = table.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() >= 3);
    let named: Vec<_> = named.collect();
    assert!(named.len() >= 12, "{named:?}");
    for name in named {
        assert!(sources.contains(&format!("fn {name}(")), "`{name}` is no test");
    }
}

fn cargo_sources(root: &std::path::Path) -> String {
    let listed = Command::new("git").args(["ls-files", "*.rs"]).current_dir(root).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    names.lines().filter_map(|name| std::fs::read_to_string(root.join(name)).ok()).collect()
}
