//! `docs/quickstart.md` as a newcomer follows it: every command of the page, in its order, at a terminal, on a machine
//! on which there is nothing of pullgate. Page and programs cannot drift apart.
//!
//! What is not as on the page, and nothing else:
//!
//! * the packages are of the programs as the tests have them built (`--profile dev --no-build`);
//! * one machine is both; `pullgate.acme.example` is an address of its own that is not loopback, by `/etc/hosts`;
//! * it reaches no Docker Hub: a registry on it stands in as the engine's mirror;
//! * `ID` is the id that the list before shows.

mod newcomer;
mod page;

use std::path::PathBuf;

use installer::lab::{Output, wait_until};
use tests::{Machine, REGISTRY, SETTLE, repository};

use self::newcomer::{Who, types};
use super::packages::kind::packages;

/// Who types the blocks under a heading, one after the other.
const WHO: [(&str, &[Who]); 7] = [
    ("1. Build the packages", &[Who::Builder]),
    ("2. The policy service", &[Who::Root, Who::Root, Who::Root]),
    ("3. A workstation", &[Who::Root]),
    ("4. A developer", &[Who::Dan]),
    ("5. Asking for an image", &[Who::Dan, Who::Root, Who::Dan]),
    ("6. When something is wrong", &[Who::Root]),
    ("7. Away again", &[Who::Root]),
];

/// What commands ask for; `apt install` does not, as it has nothing else to fetch.
const ANSWERS: [(&str, &str); 6] = [
    ("pullgate-service member add acme olga", "olgas password\n"),
    ("pullgate-service member add acme dan", "dans password\n"),
    ("pullgate install --enrollment enrollment.json --dry-run", ""),
    ("pullgate install", "y\n"),
    ("docker login", "dan\ndans password\n"),
    ("pullgate uninstall", "y\n"),
];

/// What a reader is told to expect: the exit code (all others: 0), and words. The longest that fits counts.
const OUTCOMES: [(&str, i32, &[&str]); 18] = [
    ("pullgate-service policy set", 0, &["community images     refused"]),
    ("pullgate install", 0, &["pullgate is installed", "`docker login pullgate.acme.example:8443`"]),
    ("pullgate install --enrollment enrollment.json --dry-run", 0, &["restarts `docker.service`; no container runs"]),
    ("docker login", 0, &["Login Succeeded"]),
    ("pullgate sync", 0, &["is in force", "acme: generation"]),
    ("docker pull alpine", 0, &[]),
    (
        "docker pull mailhog/mailhog ",
        1,
        &["is a community image, and acme allows only", "`pullgate check mailhog/mailhog` explains"],
    ),
    ("pullgate check mailhog/mailhog", 1, &["community image", "pullgate request-access mailhog/mailhog"]),
    ("pullgate status  ", 0, &["enforced\r\n", "dan (uid 1000) of acme", "agent       runs"]),
    ("pullgate request-access mailhog/mailhog", 0, &["acme"]),
    ("pullgate-service requests list", 0, &["mailhog/mailhog", "dan", "to see what our mails look like"]),
    ("pullgate-service requests approve", 0, &["mailhog/mailhog"]),
    ("pullgate request-access --list", 0, &["mailhog/mailhog"]),
    ("pullgate doctor", 0, &["ok     engine "]),
    ("pullgate disable", 0, &["`pullgate enable` ends that"]),
    ("pullgate status", 1, &["not enforced: disabled until", "(a first try)"]),
    ("pullgate enable", 0, &["engines ask the plugin again"]),
    ("pullgate uninstall", 0, &["pullgate is taken away"]),
];

/// As an administrator has it who uses a mirror, with `MIRROR` in its place.
const THEIRS: &str = "{\n    \"registry-mirrors\": [\"http://MIRROR\"]\n}\n";

/// A machine with an engine and names, and nothing of pullgate.
async fn clean(suite: &'static str) -> Machine {
    let files = packages();
    let machine = Machine::boot(suite).await.unwrap();
    let is_first_deb =
        |file: &&PathBuf| file.to_string_lossy().ends_with(".deb") && file.to_string_lossy().contains("-1_");
    for file in files.iter().filter(is_first_deb) {
        machine.copy(file, format!("/root/{}", file.file_name().unwrap().display())).unwrap();
    }
    machine.registry(&["library/alpine", "mailhog/mailhog"]).await.unwrap();
    machine.write("/etc/docker/daemon.json", THEIRS.replace("MIRROR", REGISTRY), 0o644).unwrap();
    let names = "ip address add 192.0.2.10/32 dev lo; echo '192.0.2.10 pullgate.acme.example' >>/etc/hosts; \
                 useradd --create-home --shell /bin/bash --groups docker dan; systemctl restart docker";
    machine.done(names).await.unwrap();
    machine
}

struct Reader {
    machine: Machine,
    /// Of the request that waits.
    id: String,
    /// What was not as the page says.
    wrong: Vec<String>,
}

impl Reader {
    async fn follows(&mut self, who: Who, command: &str) {
        if who == Who::Builder {
            assert_eq!(command, "installer/package deb", "what `clean` has done");
            return;
        }
        let begins = |start: &str| command.starts_with(start);
        let answers = ANSWERS.iter().find(|(start, _)| begins(start)).map_or("", |(_, answers)| answers);
        let typed = command.replace(" ID ", &format!(" {} ", self.id));
        let output = types(&self.machine, who, &typed, answers).await;
        println!("{who:?}$ {typed}\n{}", output.text());
        let expected = OUTCOMES.iter().filter(|(start, ..)| begins(start)).max_by_key(|(start, ..)| start.len());
        let (code, words) = expected.map_or((0, &[][..]), |(_, code, words)| (*code, *words));
        if output.code() != code {
            self.wrong.push(format!("`{command}` exits with {}, not {code}: {}", output.code(), output.text()));
        }
        for word in words.iter().filter(|word| !output.stdout.contains(**word)) {
            self.wrong.push(format!("`{command}` says nothing of `{word}`: {}", output.text()));
        }
        self.between(command, &output).await;
    }

    /// What happens between two commands where a person is in the middle.
    async fn between(&mut self, command: &str, output: &Output) {
        if command.starts_with("pullgate-service requests list") {
            let mut ids = output.stdout.split_whitespace().filter(|word| word.len() == 26);
            self.id = ids.next_back().unwrap_or_else(|| panic!("no id: {}", output.text())).to_owned();
        }
        // "A second later".
        if command.starts_with("pullgate-service requests approve") {
            let allowed = || async {
                let check = types(&self.machine, Who::Dan, "pullgate check mailhog/mailhog", "").await;
                if check.code() == 0 { Ok(()) } else { Err(check.text()) }
            };
            wait_until("an approval", SETTLE, allowed).await.unwrap();
        }
        // A new login: from here on dan's manager runs, and with it whatever starts with a login.
        if command.starts_with("pullgate install --enrollment enrollment.json") && !command.contains("--dry-run") {
            // Its answer is about a session bus that a container has not.
            self.machine.done("loginctl enable-linger dan || true").await.unwrap();
            let agent = || async {
                let state = self.machine.run("systemctl --user --machine=dan@.host is-active pullgated").await;
                let state = state.map_err(|error| error.to_string())?;
                if state.code() == 0 { Ok(()) } else { Err(state.text()) }
            };
            wait_until("an agent", SETTLE, agent).await.unwrap();
        }
        if command.starts_with("pullgate disable") {
            // Whoever wonders why sees it too.
            let status = types(&self.machine, Who::Dan, "pullgate status", "").await;
            assert!(status.code() == 1 && status.stdout.contains("disabled until"), "{}", status.text());
        }
    }
}

fn blocks_of(page: &str) -> Vec<page::Block> {
    page::blocks(&std::fs::read_to_string(repository().join("docs").join(page)).unwrap())
}

/// The blocks of the quickstart with who types them.
fn quickstart() -> Vec<(page::Block, Who)> {
    let blocks = blocks_of("quickstart.md");
    let who: Vec<_> = WHO.iter().flat_map(|(heading, who)| who.iter().map(move |who| (*heading, *who))).collect();
    let of_page: Vec<&str> = blocks.iter().map(|block| block.heading.as_str()).collect();
    assert_eq!(of_page, who.iter().map(|(heading, _)| *heading).collect::<Vec<_>>(), "who types what");
    blocks.into_iter().zip(who.into_iter().map(|(_, who)| who)).collect()
}

async fn follows_the_page(suite: &'static str) {
    let mut reader = Reader { machine: clean(suite).await, id: String::new(), wrong: Vec::new() };
    let before = reader.machine.read("/etc/docker/daemon.json").unwrap();
    for (block, who) in quickstart() {
        for command in &block.commands {
            reader.follows(who, command).await;
        }
    }
    assert_eq!(reader.wrong, Vec::<String>::new());
    assert_eq!(reader.machine.read("/etc/docker/daemon.json").unwrap(), before, "byte for byte");
    let left = "find /etc/docker /etc/systemd /usr/lib/systemd -name '*pullgate*' ! -name 'pullgate-service*'";
    assert_eq!(reader.machine.done(left).await.unwrap(), "");
    reader.machine.done("docker pull mailhog/mailhog && docker run --rm alpine").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_comes_through_the_quickstart_with_engine_20_10() {
    follows_the_page("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_comes_through_the_quickstart_with_engine_26_1() {
    follows_the_page("trixie").await;
}
