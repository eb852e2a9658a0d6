//! What `pullgate` does not say of itself: exit codes, examples, and notes.

use super::{Codes, Page, Said};

/// `docs/reference/commands.md`.
pub const PAGE: Page = Page {
    program: "pullgate",
    file: "commands.md",
    title: "Commands and exit codes",
    head: "Texts are for people and may change; `--json` is for programs, and its keys are only added. Colour is on a terminal only, \
           and not where `NO_COLOR` is set. What cannot be done is said on standard error, with its causes and the next step.",
    said: SAID,
    notes: NOTES,
};

/// What else is worth knowing, above all of `--json`.
const NOTES: &[(&str, &str)] = &[
    (
        "status",
        "`--json` has `health` (`verdict`: `enforced`, `partly_enforced`, `not_enforced`, `unknown`; `enforced`: true, false \
         or null; `cause` with `code`, `what` and `next`; `also`), and for each way in `configured` (`yes`, `no`, `not visible`) and `state` (`enforced`, `not \
         proved`, `open`, `not visible`). [How it is proved](registry-door.md#how-status-proves-it). `engine` has `socket`, \
         `lists_the_plugin` (what it started with: a reload does not change that) and `names_the_plugin` (its file or unit). `--watch` asks the plugin \
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
const CHANGES: Codes = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything: the plan would be unsafe, or nobody agreed; the reason is in the output"),
    (4, "it failed, and everything is as before"),
];
/// Of one that only goes forward.
const REMOVES: Codes = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything, or nobody agreed; the reason is in the output"),
];
const RESCUE: Codes = &[
    (0, "it is so, or was already"),
    (2, "it failed; the text says what is left, and what to do"),
    (3, "it refused to change anything; the reason is in the output"),
];
const WORKED: Codes = &[(0, "done"), (2, "it could not do its work")];

const SAID: &[Said] = &[
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
