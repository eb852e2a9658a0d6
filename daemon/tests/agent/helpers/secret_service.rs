//! `docker-credential-secretservice`, with a message bus and a key ring of the test's own.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Background, Person};
use crate::support::Machine;

const HELPER: &str = "docker-credential-secretservice";
const KEY: &str = "gate.example:8443";
const PASSWORD: &str = "a password";

/// Somebody with a session: a runtime directory with a bus, and no more.
struct Session {
    person: Person,
    runtime: PathBuf,
    bus: Option<Background>,
}

/// A bus that starts nothing by itself.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:path=@</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

impl Session {
    fn of(machine: &Machine) -> Self {
        let runtime = machine.path("run");
        fs::DirBuilder::new().mode(0o700).create(&runtime).expect("directory");
        let mut person = Person::of(machine);
        person.variables.push(("XDG_RUNTIME_DIR", runtime.clone().into()));
        let file = machine.path("bus.xml");
        fs::write(&file, BUS.replace('@', runtime.join("bus").to_str().expect("text"))).expect("write");
        let mut command = person.command("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--config-file"]).arg(file);
        let bus = Background::start(&mut command, "");
        wait("the bus", || runtime.join("bus").exists());
        Self { person, runtime, bus: Some(bus) }
    }

    /// The key ring of one who logged in with this password; with none, one who logged in by other means.
    fn key_ring(&self, password: Option<&str>) -> Background {
        wait("the end of the last key ring", || !self.has_key_ring());
        let mut command = self.person.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(password.map(|_| "--unlock"));
        let ring = Background::start(&mut command, password.unwrap_or_default());
        wait("the key ring", || self.has_key_ring());
        ring
    }

    fn has_key_ring(&self) -> bool {
        let call = ["--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner"];
        let bus = format!("--bus=unix:path={}", self.runtime.join("bus").display());
        let name = "string:org.freedesktop.secrets";
        self.person.must("dbus-send", &[&[bus.as_str()][..], &call[..], &[name]].concat(), "").contains("true")
    }
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Here nothing says where the bus is but the runtime directory.
#[tokio::test]
async fn what_is_stored_is_found_and_a_locked_key_ring_is_no_sign_out() {
    let machine = Machine::new();
    let mut session = Session::of(&machine);
    session.person.config(&json!({ "auths": { KEY: {} }, "credsStore": "secretservice" }));
    // A bus and nobody who keeps secrets on it.
    session.person.fails(KEY, "helper-failed", HELPER);
    let ring = session.key_ring(Some(PASSWORD));
    assert_eq!(session.person.credentials(KEY), json!({}));
    session.person.store(HELPER, KEY, "alice", "s3cret-alice");
    session.person.is(KEY, "alice", "secretservice");
    assert_eq!(session.person.credentials("other.example"), json!({}));
    drop(ring);
    // The helper says "not found" then; that is not so.
    let ring = session.key_ring(None);
    let said = session.person.run(HELPER, &["get"], KEY);
    assert!(said.stdout.starts_with(b"credentials not found"), "{said:?}");
    session.person.fails(KEY, "helper-failed", "its key ring is locked");
    drop(ring);
    let ring = session.key_ring(Some(PASSWORD));
    session.person.is(KEY, "alice", "secretservice");
    session.person.must(HELPER, &["erase"], KEY);
    assert_eq!(session.person.credentials(KEY), json!({}));
    drop((ring, session.bus.take()));
    session.person.fails(KEY, "helper-failed", HELPER);
}

/// As a system's unit starts one: neither a bus nor a runtime directory is named. `/run` is the test's own.
#[tokio::test]
async fn an_agent_that_was_given_nothing_but_a_home_directory_signs_in() {
    let machine = Machine::new();
    let session = Session::of(&machine);
    let ring = session.key_ring(Some(PASSWORD));
    let key = machine.service.host();
    session.person.store(HELPER, &key, "alice", "s3cret-alice");
    session.person.config(&json!({ "auths": { &key: {} }, "credsStore": "secretservice" }));
    let own_run = format!(
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin; own=/run/user/$(id -u); mount -t tmpfs run /run && mkdir -p $own \
         && mount --bind {} $own && exec env -u PATH -u PWD -u OLDPWD -u SHLVL -u _ \"$0\" \"$@\"",
        session.runtime.display()
    );
    let unshare = ["/usr/bin/unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "/bin/sh", "-c"];
    let agent = machine.bare_agent(&session.person.home, &[&unshare[..], &[&own_run]].concat());
    machine.in_force(Some("alice")).await;
    session.person.must(HELPER, &["erase"], &key);
    session.person.config(&json!({ "auths": {}, "credsStore": "secretservice" }));
    machine.in_force(None).await;
    session.person.store(HELPER, &key, "bob", "s3cret-bob");
    session.person.config(&json!({ "auths": { &key: {} }, "credsStore": "secretservice" }));
    machine.in_force(Some("bob")).await;
    drop(ring);
    let _ring = session.key_ring(None);
    session.person.config(&json!({ "auths": { &key: {}, "other.example": {} }, "credsStore": "secretservice" }));
    machine.in_force(None).await;
    agent.logged("its key ring is locked").await;
}
