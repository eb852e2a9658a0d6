//! What `pullgate engine-config`, and so `install`, says to a file that it leaves alone.

use std::fs;

use tests::engine_files::{PLUGIN, rows};

use super::session::Session;

#[test]
fn engine_config_says_what_is_wrong_with_a_file() {
    let mut session = Session::new();
    for row in rows().iter().filter(|row| row.action == "refuse") {
        let Some(input) = &row.input else { continue };
        session.write(&row.name, input, 0o644);
        let mut args = vec!["engine-config", "--no-dockerd", "--plugin", PLUGIN, "--file", "%"];
        let file = format!("%/{}", row.name);
        args[5] = &file;
        if !row.unit_flags.is_empty() {
            args.extend(["--unit-flags", &row.unit_flags]);
        }
        session.run("pullgate", &args);
        fs::remove_file(session.path(&row.name)).unwrap();
    }
    session.section("not of the table");
    session.write("no-proxy.json", r#"{"proxies": {"no-proxy": "registry.acme.example"}}"#, 0o644);
    session.write("proxy.json", r#"{"proxies": {"https-proxy": "http://user:secret@proxy.acme.example:3128"}}"#, 0o644);
    session.write("empty.json", "{}", 0o644);
    let door = "http://127.0.0.1:857";
    for (file, more) in [
        ("no-proxy.json", &["--proxies", door][..]),
        ("proxy.json", &["--proxies", door]),
        ("empty.json", &["--proxies", door, "--unit-flags", "--https-proxy=http://proxy.acme.example:3128"]),
        ("empty.json", &["--proxies", door, "--unit-flags", "--no-proxy=registry.acme.example"]),
        ("empty.json", &["--unit-flags", "-H 'fd://"]),
        ("empty.json/file", &[]),
    ] {
        let file = format!("%/{file}");
        session.run("pullgate", &[&["engine-config", "--no-dockerd", "--file", &file], more].concat());
    }
    session.write("large.json", vec![b' '; installer::engine_config::MAX_BYTES + 1], 0o644);
    session.run("pullgate", &["engine-config", "--no-dockerd", "--file", "%/large.json"]);
    session.run("pullgate", &["engine-config", "--no-dockerd", "--file", "%"]);
    session.check("engine-config");
}
