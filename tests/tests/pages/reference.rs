//! Reference pages of the programs: what a command line says of itself is printed from it, the rest is written here, and no
//! command of `pullgate` can be without it.

mod others;
mod pullgate;
mod section;

use std::{fmt::Write as _, fs};

use super::programs::{PROGRAMS, Program};

/// Exit codes, and what each means.
type Codes = &'static [(u8, &'static str)];

/// What a command line does not say of a command.
struct Said {
    command: &'static str,
    codes: Codes,
    examples: &'static str,
}

/// A page about a program.
struct Page {
    program: &'static str,
    /// Below `docs/reference`.
    file: &'static str,
    title: &'static str,
    head: &'static str,
    /// Of its commands: of each, or of none.
    said: &'static [Said],
    /// By command; none: of the program's own options.
    notes: &'static [(&'static str, &'static str)],
}

const PAGES: [Page; 5] = [pullgate::PAGE, others::AGENT, others::PLUGIN, others::DOOR, others::SERVICE];

fn program(page: &Page) -> &'static Program {
    PROGRAMS.iter().find(|program| program.name == page.program).unwrap()
}

fn print(page: &Page) -> String {
    let program = program(page);
    let command = (program.command)();
    let mut text = format!(
        "# {}\n\nPrinted from the command line and from `tests/tests/pages/reference` by `PULLGATE_REGENERATE=1 cargo test -p tests --test \
         pages`; a test holds\nthem together.\n\n{}\n",
        page.title, page.head
    );
    let title = if page.said.is_empty() { "" } else { "of every command" };
    writeln!(text, "\n| exit code | {title} |\n|---|---|").unwrap();
    for (code, meaning) in program.exits {
        writeln!(text, "| {code} | {} |", section::cell(meaning.trim_end_matches('.'))).unwrap();
    }
    section::options(&command, &mut text);
    notes(page, "", &mut text);
    environment(program, &mut text);
    commands(page, &command, page.program, 2, &mut text);
    text
}

fn commands(page: &Page, above: &clap::Command, name: &str, level: usize, text: &mut String) {
    let mut below: Vec<_> =
        above.get_subcommands().filter(|each| !each.is_hide_set() && each.get_name() != "help").collect();
    // In the order in which they are told about, which is that of the help.
    let told = |each: &&clap::Command| page.said.iter().position(|said| said.command == each.get_name());
    if level == 2 {
        below.sort_by_key(told);
    }
    for each in below {
        let name = format!("{name} {}", each.get_name());
        section::heading(level, &name, each, text);
        section::options(each, text);
        commands(page, each, &name, level + 1, text);
        if level > 2 {
            continue;
        }
        notes(page, each.get_name(), text);
        if let Some(said) = page.said.iter().find(|said| said.command == each.get_name()) {
            text.push_str("\n| exit code | |\n|---|---|\n");
            for (code, meaning) in said.codes {
                writeln!(text, "| {code} | {} |", section::cell(meaning)).unwrap();
            }
            write!(text, "\n```\n{}\n```\n", said.examples).unwrap();
        }
    }
}

fn notes(page: &Page, command: &str, text: &mut String) {
    for (_, note) in page.notes.iter().filter(|(of, _)| *of == command) {
        write!(text, "\n{note}\n").unwrap();
    }
}

fn environment(program: &Program, text: &mut String) {
    text.push_str("\n| in the environment | |\n|---|---|\n");
    for (name, meaning) in program.environment {
        writeln!(text, "| `{name}` | {} |", section::cell(meaning)).unwrap();
    }
}

#[test]
fn every_command_of_pullgate_has_its_exit_codes_and_an_example() {
    let command = installer::cli::command();
    let shown = command.get_subcommands().filter(|each| !each.is_hide_set());
    let mut all: Vec<&str> = shown.map(clap::Command::get_name).collect();
    let mut said: Vec<&str> = pullgate::PAGE.said.iter().map(|said| said.command).collect();
    all.sort_unstable();
    said.sort_unstable();
    assert_eq!(all, said);
}

#[test]
fn every_note_is_about_a_command() {
    for page in &PAGES {
        let command = (program(page).command)();
        for (of, _) in page.notes {
            assert!(of.is_empty() || command.find_subcommand(of).is_some(), "{}: {of}", page.file);
        }
    }
}

#[test]
fn every_program_has_its_page_with_every_command_and_option() {
    let mut names: Vec<&str> = PAGES.iter().map(|page| page.program).collect();
    let mut programs: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
    names.sort_unstable();
    programs.sort_unstable();
    assert_eq!(names, programs);
    for page in &PAGES {
        let path = tests::repository().join("docs/reference").join(page.file);
        let wanted = print(page);
        if std::env::var_os("PULLGATE_REGENERATE").is_some() {
            fs::write(&path, &wanted).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == wanted,
            "`{}` is not what the command line says; `PULLGATE_REGENERATE=1 cargo test -p tests --test pages`",
            path.display()
        );
    }
}

/// A `|` in a cell ends it, an empty default says nothing, and a sentence has one dot.
#[test]
fn tables_are_tables_and_sentences_end_once() {
    for page in &PAGES {
        let text = print(page);
        let mut columns = None;
        let mut is_code = false;
        for line in text.lines() {
            is_code ^= line.starts_with("```");
            if is_code || !line.starts_with('|') {
                columns = None;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            assert_eq!(*columns.get_or_insert(cells), cells, "{}: {line}", page.file);
            assert!(!line.contains("``") && !line.contains("[default"), "{}: {line}", page.file);
        }
        assert!(!text.replace("...", "").replace("../", "").contains(".."), "{}", page.file);
    }
}
