//! Why the plugin and the registry door do not start.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
};

use super::session::Session;

const QUIET: (&str, &str) = ("PULLGATE_LOG", "off");

/// Only what is given may be missing: no path of the machine's.
fn plugin(more: &[&'static str]) -> Vec<&'static str> {
    let own = [
        ("--socket", "%/plugin.sock"),
        ("--control-socket", "%/control.sock"),
        ("--state-dir", "%/state"),
        ("--enrollment", "%/enrollment.json"),
        ("--registry-json", "%/registry.json"),
        ("--egress-file", "%/egress.json"),
    ];
    let given = |name: &str| more.contains(&name);
    let own = own.iter().filter(|(name, _)| !given(name)).flat_map(|&(name, value)| [name, value]);
    own.chain(more.iter().copied()).collect()
}

#[test]
fn a_plugin_that_does_not_start() {
    let mut session = Session::new();
    session.write("file", "", 0o644);
    let _other = UnixListener::bind(session.path("taken.sock")).unwrap();
    for more in [
        &["--state-dir", "%/file"][..],
        &["--state-dir", "%/file/below"],
        &["--socket", "%/file"],
        &["--socket", "%/taken.sock"],
        &["--control-socket", "%/taken.sock"],
        &["--control-socket", "%/file/below.sock"],
    ] {
        session.run_with("pullgate-plugin", &plugin(more), "", &[QUIET]);
    }
    session.section("its unit hands something else over than sockets");
    session.run_with_no_socket("pullgate-plugin", &plugin(&[]));
    session.section("another one is there");
    fs::create_dir_all(session.path("used")).unwrap();
    let held = hold(&session);
    session.run_with("pullgate-plugin", &plugin(&["--state-dir", "%/used"]), "", &[QUIET]);
    drop(held);
    session.section("what it kept is damaged");
    session.write("damaged/generations.json", "{", 0o600);
    session.run_with("pullgate-plugin", &plugin(&["--state-dir", "%/damaged"]), "", &[QUIET]);
    session.check("plugin");
}

/// The state directory, as another plugin has it.
fn hold(session: &Session) -> plugin::state::StateDir {
    plugin::state::StateDir::open(&session.path("used"), std::time::Duration::ZERO).unwrap()
}

#[test]
fn a_registry_door_that_does_not_start() {
    let mut session = Session::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    session.write("file", "", 0o644);
    let serve = ["serve", "--settings", "%/proxy.json", "--control-socket", "%/control.sock", "--loopback-listen"];
    let door = |ca: &'static str, listen: &str| -> Vec<String> {
        let more = ["127.0.0.1:0", "--ca-dir", ca, "--listen", listen];
        serve.iter().chain(&more).map(|&word| word.to_owned()).collect()
    };
    let run = |session: &mut Session, ca: &'static str, listen: &str| {
        let args = door(ca, listen);
        session.run_with("pullgate-proxy", &args.iter().map(String::as_str).collect::<Vec<_>>(), "", &[QUIET]);
    };
    run(&mut session, "%/none", "127.0.0.1:0");
    session.run("pullgate-proxy", &["ca", "--ca-dir", "%/file"]);
    session.run("pullgate-proxy", &["ca", "--ca-dir", "%/ca", "--only", "no domain"]);
    session.run("pullgate-proxy", &["ca", "--ca-dir", "%/ca"]);
    session.run("pullgate-proxy", &["ca", "--ca-dir", "%/ca", "--only", "acme.example"]);
    run(&mut session, "%/ca", &address);
    session.section("a key that others can read, and one that is none");
    fs::set_permissions(session.path("ca/ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    run(&mut session, "%/ca", "127.0.0.1:0");
    fs::set_permissions(session.path("ca/ca.key"), fs::Permissions::from_mode(0o600)).unwrap();
    session.run("pullgate-proxy", &["ca", "--ca-dir", "%/other"]);
    fs::copy(session.path("other/ca.key"), session.path("ca/ca.key")).unwrap();
    run(&mut session, "%/ca", "127.0.0.1:0");
    fs::write(session.path("ca/ca.key"), "no key").unwrap();
    run(&mut session, "%/ca", "127.0.0.1:0");
    fs::write(session.path("other/trust/pullgate.pem"), "no certificate").unwrap();
    run(&mut session, "%/other", "127.0.0.1:0");
    session.replace(&address, "127.0.0.1:857");
    session.check("door");
}
