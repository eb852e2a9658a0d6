//! `docker-credential-pass`, with GnuPG and pass.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;

use super::Person;
use crate::support::Machine;

const HELPER: &str = "docker-credential-pass";
const KEY: &str = "gate.example:8443";
const PASSPHRASE: &str = "a passphrase";

/// Somebody with a key and a store. Ends the key's agent.
struct Holder(Person);

impl Holder {
    fn of(machine: &Machine, passphrase: &str) -> Self {
        let holder = Self(Person::of(machine));
        fs::DirBuilder::new().mode(0o700).create(holder.0.home.join(".gnupg")).expect("directory");
        let make = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase];
        let what = ["--quick-generate-key", "alice", "future-default", "default", "never"];
        holder.0.must("gpg", &[&make[..], &what[..]].concat(), "");
        holder.0.must("pass", &["init", "alice"], "");
        holder
    }

    fn lock(&self) {
        self.0.must("gpgconf", &["--kill", "gpg-agent"], "");
    }

    /// As when the person typed the passphrase somewhere: the key's agent remembers it for a while.
    fn unlock(&self) {
        let entry = find(&self.0.home.join(".password-store")).expect("an entry");
        let options = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE, "--decrypt"];
        self.0.must("gpg", &[&options[..], &[entry.to_str().expect("text")]].concat(), "");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.run("gpgconf", &["--kill", "all"], "");
    }
}

fn find(directory: &Path) -> Option<std::path::PathBuf> {
    let mut entries = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    entries.find_map(|path| if path.is_dir() { find(&path) } else { path.extension().map(|_| path.clone()) })
}

#[tokio::test]
async fn what_is_stored_is_found_and_what_is_erased_is_signed_out() {
    let machine = Machine::new();
    let holder = Holder::of(&machine, "");
    let person = &holder.0;
    person.config(&json!({ "credsStore": "pass" }));
    assert_eq!(person.credentials(KEY), json!({}));
    person.store(HELPER, KEY, "alice", "s3cret-alice");
    person.is(KEY, "alice", "pass");
    assert_eq!(person.credentials("other.example"), json!({}));
    // Without a file, the docker command takes it by itself.
    fs::remove_file(person.home.join(".docker/config.json")).expect("remove");
    person.is(KEY, "alice", "pass");
    person.must(HELPER, &["erase"], KEY);
    assert_eq!(person.credentials(KEY), json!({}));
}

#[tokio::test]
async fn a_locked_key_is_an_error_at_once_and_nobody_is_asked() {
    let machine = Machine::new();
    let holder = Holder::of(&machine, PASSPHRASE);
    let person = &holder.0;
    person.config(&json!({ "auths": { KEY: {} }, "credsStore": "pass" }));
    person.store(HELPER, KEY, "alice", "s3cret-alice");
    holder.lock();
    let before = Instant::now();
    person.fails(KEY, "helper-failed", "unlock its key ring or key");
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    holder.unlock();
    person.is(KEY, "alice", "pass");
    // The key is on another machine.
    holder.lock();
    fs::rename(person.home.join(".gnupg"), person.home.join("elsewhere")).expect("move");
    person.fails(KEY, "helper-failed", "docker-credential-pass get`");
}

#[tokio::test]
async fn an_agent_that_was_given_nothing_but_a_home_directory_signs_in() {
    let machine = Machine::new();
    let holder = Holder::of(&machine, PASSPHRASE);
    let person = &holder.0;
    let key = machine.service.host();
    person.store(HELPER, &key, "alice", "s3cret-alice");
    holder.unlock();
    person.config(&json!({ "auths": { &key: {} }, "credsStore": "pass" }));
    let agent = machine.bare_agent(&person.home, &[]);
    machine.in_force(Some("alice")).await;
    // As `docker logout`.
    person.must(HELPER, &["erase"], &key);
    person.config(&json!({ "auths": {}, "credsStore": "pass" }));
    machine.in_force(None).await;
    // As `docker login` of somebody else.
    person.store(HELPER, &key, "bob", "s3cret-bob");
    person.config(&json!({ "auths": { &key: {} }, "credsStore": "pass" }));
    machine.in_force(Some("bob")).await;
    holder.lock();
    person.config(&json!({ "auths": { &key: {}, "other.example": {} }, "credsStore": "pass" }));
    machine.in_force(None).await;
    agent.logged("class=\"helper-failed\"").await;
    holder.unlock();
    person.config(&json!({ "auths": { &key: {} }, "credsStore": "pass" }));
    machine.in_force(Some("bob")).await;
}
