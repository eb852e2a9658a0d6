//! What the other programs do not say of themselves.

use super::Page;

/// `docs/reference/pullgated.md`.
pub const AGENT: Page = Page {
    program: "pullgated",
    file: "pullgated.md",
    title: "The agent: `pullgated`",
    head: "Runs in each user's manager (`systemctl --user status pullgated`), and as `pullgated@USER` where no person signs in. \
           People type `pullgate`, which runs the agent's commands. A running agent answers `pullgate sync` of its own user and of \
           root on the abstract socket that is also its lock. What it signs in with: [sign-in](sign-in.md).",
    said: &[],
    notes: &[("reach", "Connects once to the enrolled service, for `pullgate doctor`.")],
};

/// `docs/reference/pullgate-plugin.md`.
pub const PLUGIN: Page = Page {
    program: "pullgate-plugin",
    file: "pullgate-plugin.md",
    title: "The plugin: `pullgate-plugin`",
    head: "systemd starts it when somebody asks on its sockets (`pullgate-plugin.socket`, `pullgate-control.socket`), and it serves those \
           instead of `--socket` and `--control-socket`. One that cannot start answers what is wrong ([decision \
           18](../decisions/0018-what-cannot-start-answers.md)). Whom it obeys is in the [enrollment file](settings.md#the-machine-etcpullgateenrollmentjson).",
    said: &[],
    notes: &[(
        "",
        "`--state-dir` has sealed documents, their generations, this machine's id, and in `origins.json` which image names were given \
         to other content. `--egress-file` counts while it is root's alone and the control group that it names is the one that it was \
         written for; it is read four times a second. `--door-user` is beside root the only one whom the plugin hands sealed \
         documents on to, sessions of all users among them, and whose decisions it takes into its records.",
    )],
};

/// `docs/reference/pullgate-proxy.md`.
pub const DOOR: Page = Page {
    program: "pullgate-proxy",
    file: "pullgate-proxy.md",
    title: "The registry door: `pullgate-proxy`",
    head: "systemd holds its ports (`pullgate-proxy.socket`), and it serves those instead of `--listen` and `--loopback-listen`. What it \
           opens, and its settings file: [the registry door](registry-door.md). One that cannot start answers what is wrong ([decision \
           18](../decisions/0018-what-cannot-start-answers.md)).",
    said: &[],
    notes: &[],
};

/// `docs/reference/pullgate-service.md`.
pub const SERVICE: Page = Page {
    program: "pullgate-service",
    file: "pullgate-service.md",
    title: "The policy service: `pullgate-service`",
    head: "`serve` runs it (`pullgate-service.service`); everything else administers the same database, whether or not it runs. Commands \
           that root runs act as the owner of the data directory. Secrets are read from standard input or files, and are never an \
           argument. What a policy can say: [settings](settings.md#the-policy).",
    said: &[],
    notes: &[],
};
