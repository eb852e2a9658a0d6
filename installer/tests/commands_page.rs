//! The reference page of commands: what the command line says of itself is printed from it, the rest is written here,
//! and no command can be without it.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p installer --test commands_page` writes it anew.

use std::{fmt::Write as _, fs, path::PathBuf};

use clap::{Arg, Command};

/// What the command line does not say: exit codes, and examples.
struct Said {
    command: &'static str,
    codes: &'static [(u8, &'static str)],
    examples: &'static str,
}

/// What else is worth knowing, above all of `--json`.
const NOTES: [(&str, &str); 6] = [
    (
        "status",
        "`--json` has `health` (`verdict`: `enforced`, `partly_enforced`, `not_enforced`, `unknown`; `enforced`: true, false \
         or null; `cause` with `code`, `what` and `next`; `also`), and for each way in `configured` (`yes`, `no`, `not visible`) and `state` (`enforced`, `not \
         proved`, `open`, `not visible`). [How it is proved](registry-door.md#how-status-proves-it). `--watch` asks the plugin \
         each second and probes the engine when something changes, and each 30 seconds. Probes are taken out of the engine's \
         build history again.",
    ),
    (
        "login",
        "It runs `pullgated login`. With `--json` one line at the start (`begun`, with `verification_uri`, \
         `verification_uri_complete`, `user_code`, `expires_in`) and one at the end: `signed_in`, or `failed` with an \
         [`error`](sign-in.md#when-pullgate-login-fails) word and its `detail`.",
    ),
    (
        "credentials",
        "It runs `pullgated credentials`. With `--json` it is `{\"user\",\"key\",\"source\",\"helper\"}`, `{}` for nobody, and \
         `{\"error\",\"detail\"}` where they cannot be used. `--key` looks for another sign-in than the enrolled service's \
         (without enrollment: Docker Hub's).",
    ),
    (
        "request",
        "For each message `action`, `images` (fetched), `uses` (started from what is here), `verdict` (`understood`, \
         `not_governed`, `unverifiable`), for the tamper guard `reach` and `paths`, and `part` and `advice` where it cannot be \
         read.",
    ),
    ("decide", "`--machine loopback-open`, `containers-confined` or `plugin-missing`: in that state of the machine."),
    ("demo", "It starts the programs beside itself, or those in `PULLGATE_BIN_DIR`."),
];

/// Of commands that change an engine.
const CHANGES: &[(u8, &str)] = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything: the plan would be unsafe, or nobody agreed; the reason is in the output"),
    (4, "it failed, and everything is as before"),
];
/// Of one that only goes forward.
const REMOVES: &[(u8, &str)] = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything, or nobody agreed; the reason is in the output"),
];
const RESCUE: &[(u8, &str)] = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything; the reason is in the output"),
];
const WORKED: &[(u8, &str)] = &[(0, "done"), (2, "it could not do its work")];

const SAID: [Said; 19] = [
    Said {
        command: "status",
        codes: &[
            (0, "enforced, or enforced in part; with `--watch` it was interrupted"),
            (1, "not enforced; the first line says why"),
            (2, "this user, or this look, cannot tell"),
        ],
        examples: r#"$ pullgate status | head -1
not enforced: nobody is signed in -> `docker login gate.example:8443` or `pullgate login`
$ pullgate status --json | jq -r .health.verdict
partly_enforced
$ pullgate status --watch --json | jq --unbuffered -r .health.line"#,
    },
    Said {
        command: "doctor",
        codes: &[(0, "nothing is wrong; there may be notices"), (1, "something is wrong"), (2, "it could not look")],
        examples: r#"$ sudo pullgate doctor
$ pullgate doctor --json | jq -r 'select(.state == "wrong") | .next'"#,
    },
    Said {
        command: "check",
        codes: &[
            (0, "all are allowed"),
            (1, "one is refused"),
            (2, "one is no image reference, or the plugin cannot be asked"),
        ],
        examples: r"$ pullgate check bitnami/redis
$ grep -h '^FROM' Dockerfile | cut -d' ' -f2 | pullgate check --json -",
    },
    Said {
        command: "request-access",
        codes: &[(0, "asked, taken back, or listed"), (2, "the service says no, or it could not be asked")],
        examples: r"$ pullgate request-access bitnami/redis --reason 'the cache of the shop'
$ pullgate request-access --list",
    },
    Said {
        command: "login",
        codes: &[(0, "signed in"), (2, "no sign-in came of it"), (130, "interrupted")],
        examples: "$ pullgate login",
    },
    Said {
        command: "sync",
        codes: &[
            (0, "what the policy service wants is in force"),
            (
                1,
                "nobody is signed in, the sign-in is refused, this machine is not enrolled, or the plugin does not take it",
            ),
            (2, "no agent, no plugin or no service answers"),
        ],
        examples: r"$ pullgate sync
what the policy service wants is in force
acme: generation 7 -> 8, enforce, fresh",
    },
    Said {
        command: "records",
        codes: &[
            (0, "told, also where there is none"),
            (1, "with `--decision`: it is not kept here"),
            (2, "the plugin cannot be asked, or does not tell this user"),
        ],
        examples: r"$ pullgate records --denied --since 15m
$ sudo pullgate records --json | jq -r .image | sort | uniq -c",
    },
    Said {
        command: "credentials",
        codes: &[(0, "told"), (2, "they cannot be shown")],
        examples: "$ pullgate credentials",
    },
    Said {
        command: "bugreport",
        codes: WORKED,
        examples: r"$ sudo pullgate bugreport --output /root/report.tar
$ sudo tar tf /root/report.tar",
    },
    Said {
        command: "install",
        codes: CHANGES,
        examples: r"$ sudo pullgate install --dry-run
$ sudo pullgate install --yes",
    },
    Said { command: "uninstall", codes: REMOVES, examples: "$ sudo pullgate uninstall" },
    Said { command: "disable", codes: RESCUE, examples: "$ sudo pullgate disable --for 1h --reason 'the door hangs'" },
    Said { command: "enable", codes: RESCUE, examples: "$ sudo pullgate enable" },
    Said {
        command: "egress",
        codes: &[(0, "done; `check`: in place"), (1, "`check`: not in place"), (2, "it failed, or cannot tell")],
        examples: "$ sudo pullgate egress check",
    },
    Said {
        command: "engine-config",
        codes: &[(0, "printed"), (2, "the file cannot be read"), (3, "the file is to be left as it is, and why")],
        examples: "$ pullgate engine-config --file /etc/docker/daemon.json | diff /etc/docker/daemon.json -",
    },
    Said {
        command: "image",
        codes: &[(0, "all are references"), (1, "one is none")],
        examples: "$ pullgate image Alpine alpine",
    },
    Said { command: "request", codes: WORKED, examples: "$ pullgate request < message.json" },
    Said {
        command: "decide",
        codes: &[(0, "allowed"), (1, "denied"), (2, "a file cannot be used")],
        examples: "$ pullgate decide --policy policy.json --image bitnami/redis",
    },
    Said {
        command: "demo",
        codes: &[(0, "all steps held"), (1, "one did not"), (2, "it could not be shown")],
        examples: "$ sudo pullgate demo",
    },
];

const HEAD: &str = "# Commands and exit codes

Printed from the command line and from `installer/tests/commands_page.rs` by
`PULLGATE_REGENERATE=1 cargo test -p installer --test commands_page`; a test holds them together.

Texts are for people and may change; `--json` is for programs, and its keys are only added. Colour is on a terminal only,
and not where `NO_COLOR` is set. What cannot be done is said on standard error, with its causes and the next step.

| exit code | of every command |
|---|---|
| 0 | done, allowed, all is well |
| 1 | the answer is no: refused, something wrong was found |
| 2 | it could not do its work, or cannot tell; also: what was typed is no command |
| 3 | it refused to change anything, since the plan would be unsafe |
| 4 | undone: it failed, and everything is as before |
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    let command = installer::cli::command();
    for said in SAID {
        let each = command.find_subcommand(said.command).expect("a command of ours");
        section(&mut page, 2, &format!("pullgate {}", said.command), each);
        for below in each.get_subcommands().filter(|below| below.get_name() != "help") {
            section(&mut page, 3, &format!("pullgate {} {}", said.command, below.get_name()), below);
        }
        for (_, note) in NOTES.iter().filter(|(name, _)| *name == said.command) {
            write!(page, "\n{note}\n").expect("a text");
        }
        page.push_str("\n| exit code | |\n|---|---|\n");
        for (code, meaning) in said.codes {
            writeln!(page, "| {code} | {meaning} |").expect("a text");
        }
        write!(page, "\n```\n{}\n```\n", said.examples).expect("a text");
    }
    page
}

fn section(page: &mut String, level: usize, name: &str, command: &Command) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let (first, rest) = about.split_once("\n\n").unwrap_or((&about, ""));
    write!(page, "\n{} `{name}`\n\n{first}.\n", "#".repeat(level)).expect("a text");
    if !rest.is_empty() {
        write!(page, "\n{rest}\n").expect("a text");
    }
    let shown = |argument: &&Arg| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version");
    let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    if arguments.is_empty() {
        return;
    }
    page.push_str("\n| | default | |\n|---|---|---|\n");
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('|', "\\|").replace('\n', " ");
        let values = argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy()));
        let values = values.filter(|_| argument.get_action().takes_values());
        let variable = argument.get_env().map(|name| format!("`${}`", name.to_string_lossy()));
        let defaults: Vec<String> = variable.into_iter().chain(values).collect();
        writeln!(page, "| `{}` | {} | {help} |", spelled(argument), defaults.join(", else ")).expect("a text");
    }
}

fn spelled(argument: &Arg) -> String {
    let names: Vec<String> = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let names = if argument.get_action().takes_values() { names.join(" ") } else { String::new() };
    let several = argument.get_num_args().is_some_and(|number| number.max_values() > 1);
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long} {names}").trim_end().to_owned(),
        (None, Some(long)) => format!("--{long} {names}").trim_end().to_owned(),
        (Some(short), None) => format!("-{short} {names}").trim_end().to_owned(),
        (None, None) => format!("{names}{}", if several { "..." } else { "" }),
    }
}

#[test]
fn every_command_has_its_exit_codes_and_an_example() {
    let command = installer::cli::command();
    let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let mut said: Vec<&str> = SAID.iter().map(|said| said.command).collect();
    all.sort_unstable();
    said.sort_unstable();
    assert_eq!(all, said);
}

#[test]
fn the_reference_lists_every_command_and_option() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/commands.md");
    let page = page();
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::write(&path, &page).expect("the page is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "`{}` is not what the command line says; see the head of this file", path.display());
}
