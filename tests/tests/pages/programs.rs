//! The programs, and what their pages say beyond the command line.

use clap::CommandFactory as _;
use proto::paths;

/// A program with a command line.
pub struct Program {
    /// As it is typed.
    pub name: &'static str,
    /// Of the manual: 1 for what users run, 8 for what the system runs.
    pub section: &'static str,
    /// The command line.
    pub command: fn() -> clap::Command,
    /// What the program ends with.
    pub exits: &'static [(&'static str, &'static str)],
    /// Variables that the command line does not name.
    pub environment: &'static [(&'static str, &'static str)],
    /// Files and sockets.
    pub files: &'static [(&'static str, &'static str)],
}

const LOG: (&str, &str) = (
    "PULLGATE_LOG",
    "What is logged to standard error: a level (error, warn, info, debug, trace), or targets with levels (plugin=debug,info).",
);
const LOG_FORMAT: (&str, &str) = (
    "PULLGATE_LOG_FORMAT",
    "How: `text`, or `json` for one object a line. Anything else is text, and the first line says so.",
);
const STOPPED: (&str, &str) = ("0", "It was told to stop.");
const CANNOT_START: (&str, &str) = (
    "1",
    "It cannot start, or a part of it ended. Where systemd holds its sockets it answers what is wrong for ten seconds first.",
);
const CONTROL: (&str, &str) = (paths::CONTROL_SOCKET, "The plugin's control socket.");
const ENROLLMENT: (&str, &str) =
    (paths::ENROLLMENT, "The administrator's file: trusted keys, the service's address, whether sign-in is enforced.");

/// All of them.
pub const PROGRAMS: [Program; 5] = [
    Program {
        name: "pullgate",
        section: "1",
        command: installer::cli::Cli::command,
        exits: &[
            ("0", "Done, allowed, all well."),
            ("1", "The answer is no: refused, or something wrong was found."),
            ("2", "It could not do its work, or cannot tell; also: what was typed is no command."),
            ("3", "It refused to change anything, since that would not have been safe."),
            ("4", "It failed, and everything is as it was before."),
        ],
        environment: &[
            ("NO_COLOR", "No colour, also on a terminal."),
            ("DOCKER_CONFIG", "Directory of Docker's config.json."),
        ],
        files: &[CONTROL, ENROLLMENT, (paths::DOOR_SETTINGS, "The registry door's settings.")],
    },
    Program {
        name: "pullgated",
        section: "1",
        command: daemon::config::Config::command,
        exits: &[
            ("0", "It was told to stop; a command did its work."),
            ("1", "The agent cannot run, or a part of it ended; the last line says why."),
            ("2", "A command could not do its work, or what was typed is none."),
            ("130", "login was interrupted."),
        ],
        environment: &[
            LOG,
            LOG_FORMAT,
            ("DOCKER_CONFIG", "Directory of Docker's config.json."),
            ("PULLGATE_TOKEN_FILE", "As --token-file."),
            ("STATE_DIRECTORY", "As --state-dir; systemd sets it."),
        ],
        files: &[("~/.docker/config.json", "The Docker credentials that are watched."), CONTROL, ENROLLMENT],
    },
    Program {
        name: "pullgate-plugin",
        section: "8",
        command: plugin::config::Config::command,
        exits: &[STOPPED, CANNOT_START, ("2", "What was typed is no option.")],
        environment: &[LOG, LOG_FORMAT],
        files: &[
            (paths::PLUGIN_SOCKET, "Where the engine asks."),
            CONTROL,
            ENROLLMENT,
            (paths::STATE_DIR, "Sealed documents in force, and what is remembered of image names."),
        ],
    },
    Program {
        name: "pullgate-proxy",
        section: "8",
        command: proxy::config::Command::command,
        exits: &[STOPPED, CANNOT_START, ("2", "What was typed is no command.")],
        environment: &[LOG, LOG_FORMAT],
        files: &[
            (paths::DOOR_SETTINGS, "The registry door's settings."),
            (paths::DOOR_STATE_DIR, "This machine's certificate authority."),
            CONTROL,
            ENROLLMENT,
        ],
    },
    Program {
        name: "pullgate-service",
        section: "8",
        command: service::cli::Cli::command,
        exits: &[
            ("0", "Done."),
            ("1", "It could not be done; with --json there is an object with error."),
            ("2", "What was typed is no command."),
        ],
        environment: &[LOG, LOG_FORMAT],
        files: &[(paths::SERVICE_DATA_DIR, "The database, the signing key and the certificate.")],
    },
];
