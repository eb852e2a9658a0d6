//! What `pullgate` says to who may not, and where something is not there.

use super::session::Session;

/// Whoever runs the tests as root is nobody here: these commands change the machine.
#[test]
fn commands_of_root() {
    let mut session = Session::new();
    for args in [
        &["install"][..],
        &["install", "--json"],
        &["install", "--undo"],
        &["uninstall"],
        &["uninstall", "--json"],
        &["disable", "--for", "1h"],
        &["disable", "--for", "1h", "--json"],
        &["disable", "--for", "30s"],
        &["disable", "--for", "8d"],
        &["disable", "--for", "soon"],
        &["enable"],
        &["enable", "--json"],
        &["egress", "apply"],
        &["egress", "remove"],
        &["egress", "watch"],
        &["egress", "check", "--state-file", "%/egress.json"],
    ] {
        session.run_as_nobody("pullgate", args);
    }
    session.check("root");
}

#[test]
fn places_that_are_not_there() {
    let mut session = Session::new();
    session.write("file", "", 0o644);
    session.run("pullgate", &["bugreport", "--output", "%/file"]);
    session.run("pullgate", &["bugreport", "--output", "%/none/report.tar"]);
    session.run_with("pullgate", &["demo"], "", &[("PULLGATE_BIN_DIR", "%/none")]);
    session.run("pullgate", &["egress", "apply", "--dry-run", "--registry-ports", "0"]);
    session.run("pullgate", &["egress", "apply", "--dry-run", "--bridges", "a b"]);
    session.run("pullgate", &["egress", "apply", "--dry-run", "--containers-not-to", "a/b"]);
    session.check("places");
}
