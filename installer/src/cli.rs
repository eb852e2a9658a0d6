//! The command line as a whole: one variant a command, and what each one's module runs.

#[cfg_attr(not(unix), path = "cli/machine/nowhere.rs")]
mod machine;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::{check, credentials, decide, image, login, records, request, request_access, status, sync};

/// Image Access Management for Docker Engine.
#[derive(Parser)]
#[command(name = "pullgate", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Status(status::Args),
    Check(check::Args),
    Login(login::Args),
    Sync(sync::Args),
    RequestAccess(request_access::Args),
    Records(records::Args),
    Credentials(credentials::Args),
    Image(image::Args),
    Request(request::Args),
    Decide(decide::Args),
    // Where engines run.
    #[command(flatten)]
    OfMachines(machine::Command),
}

/// Who needs a command, in the order of the help.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "For developers",
        &["status", "check", "request-access", "login", "sync", "records", "credentials", "doctor", "bugreport"],
    ),
    ("For administrators", &["install", "uninstall", "disable", "enable", "egress", "engine-config"]),
    ("For scripts, and to try it out", &["image", "request", "decide", "demo"]),
];

/// The command line, with its commands by who needs them.
#[must_use]
pub fn command() -> clap::Command {
    let command = Cli::command();
    let groups = groups(&command);
    command.help_template("{about}\n\n{usage-heading} {usage}{after-help}\n\nOptions:\n{options}").after_help(groups)
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        // Not every system has all of them.
        let commands: Vec<_> = names.iter().filter_map(|name| command.find_subcommand(name)).collect();
        if !commands.is_empty() {
            text.push_str(&format!("\n{heading}:\n"));
        }
        for each in commands {
            let about = each.get_about().map(ToString::to_string).unwrap_or_default();
            text.push_str(&format!("  {:<15} {}\n", each.get_name(), hanging(&about)));
        }
    }
    text.push_str("\n`pullgate COMMAND --help` says more of each.");
    text
}

/// Broken into lines that fit beside the names on eighty columns.
fn hanging(about: &str) -> String {
    const INDENT: usize = 18;
    let mut text = String::new();
    let mut column = INDENT;
    for word in about.split(' ') {
        let length = word.chars().count();
        if column > INDENT && column + length > 79 {
            text.push_str(&format!("\n{:INDENT$}", ""));
            column = INDENT;
        } else if column > INDENT {
            text.push(' ');
        }
        text.push_str(word);
        column += length + 1;
    }
    text
}

impl Cli {
    /// What was typed; ends the process where that is no command of ours, or asks for help.
    #[must_use]
    pub fn read() -> Self {
        Self::from_arg_matches(&command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// Runs what was typed.
    ///
    /// # Errors
    /// When the command could not do its work.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Status(args) => status::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Login(args) => login::run(&args),
            Command::Sync(args) => sync::run(&args),
            Command::RequestAccess(args) => request_access::run(&args),
            Command::Records(args) => records::run(&args),
            Command::Credentials(args) => credentials::run(&args),
            Command::Image(args) => image::run(&args),
            Command::Request(args) => request::run(&args),
            Command::Decide(args) => decide::run(&args),
            Command::OfMachines(command) => command.run(),
        }
    }
}

/// With every command.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_help_once() {
        let command = Cli::command();
        let shown = command.get_subcommands().filter(|each| !each.is_hide_set());
        let mut all: Vec<&str> = shown.map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        all.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(all, grouped);
    }

    #[test]
    fn what_people_read_as_help() {
        crate::snapshot::check("help/pullgate", &command().term_width(100).render_help().to_string());
        for each in command().get_subcommands().filter(|each| !each.is_hide_set()) {
            let name = each.get_name();
            let mut each = each.clone().bin_name(format!("pullgate {name}")).term_width(100);
            crate::snapshot::check(&format!("help/{name}"), &each.render_long_help().to_string());
            let below: Vec<_> = each.get_subcommands().filter(|below| below.get_name() != "help").cloned().collect();
            for below in below {
                let path = format!("{name}-{}", below.get_name());
                let mut below = below.bin_name(format!("pullgate {}", path.replacen('-', " ", 1))).term_width(100);
                crate::snapshot::check(&format!("help/{path}"), &below.render_long_help().to_string());
            }
        }
    }
}
