//! One command, as its command line says it.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

/// Its name, and what it does.
pub fn heading(level: usize, name: &str, command: &Command, text: &mut String) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let (first, rest) = about.split_once("\n\n").unwrap_or((&about, ""));
    write!(text, "\n{} `{name}`\n\n{}.\n", "#".repeat(level), first.trim_end_matches('.')).unwrap();
    if !rest.is_empty() {
        write!(text, "\n{rest}\n").unwrap();
    }
}

/// Its arguments, in a table.
pub fn options(command: &Command, text: &mut String) {
    let shown = |argument: &&Arg| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version");
    let arguments: Vec<&Arg> = command.get_arguments().filter(shown).collect();
    if arguments.is_empty() {
        return;
    }
    text.push_str("\n| | default | |\n|---|---|---|\n");
    for argument in arguments {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let (help, default) = said_of_default(&help);
        let default = default.map_or_else(|| defaults(argument), ToOwned::to_owned);
        let help = format!("{}{}", help.trim_end_matches('.'), values(argument));
        writeln!(text, "| `{}` | {} | {} |", cell(&spelled(argument)), cell(&default), cell(&help)).unwrap();
    }
}

/// As it can stand in a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A default that no value can say is written behind the help, as clap writes its own.
fn said_of_default(help: &str) -> (&str, Option<&str>) {
    let said = help.strip_suffix(']').and_then(|help| help.rsplit_once(" [default: "));
    said.map_or((help, None), |(help, default)| (help, Some(default)))
}

fn defaults(argument: &Arg) -> String {
    let values = argument.get_default_values().iter().map(|value| value.to_string_lossy());
    let values = values.filter(|value| argument.get_action().takes_values() && !value.is_empty());
    let values: Vec<String> = values.map(|value| format!("`{value}`")).collect();
    let variable = argument.get_env().map(|name| format!("`${}`", name.to_string_lossy()));
    let values = (!values.is_empty()).then(|| values.join(", "));
    variable.into_iter().chain(values).collect::<Vec<_>>().join(", else ")
}

/// Those that it takes, where they can be counted.
fn values(argument: &Arg) -> String {
    let values = argument.get_possible_values();
    let is_boolean = values.len() == 2 && values.iter().all(|value| matches!(value.get_name(), "true" | "false"));
    if values.is_empty() || is_boolean || !argument.get_action().takes_values() {
        return String::new();
    }
    let named: Vec<String> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    format!(": {}", named.join(", "))
}

fn spelled(argument: &Arg) -> String {
    let names: Vec<String> = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let names = if argument.get_action().takes_values() { names.join(" ") } else { String::new() };
    let several = argument.get_num_args().is_some_and(|number| number.max_values() > 1)
        || matches!(argument.get_action(), ArgAction::Append);
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(long)) => format!("-{short}, --{long} {names}").trim_end().to_owned(),
        (None, Some(long)) => format!("--{long} {names}").trim_end().to_owned(),
        (Some(short), None) => format!("-{short} {names}").trim_end().to_owned(),
        (None, None) => format!("{names}{}", if several { "..." } else { "" }),
    }
}
