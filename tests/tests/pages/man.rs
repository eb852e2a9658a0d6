//! One page a program, and one for each of its commands.

use std::path::PathBuf;

use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, roman},
};

use super::programs::{PROGRAMS, Program};

/// The pages by their path below the manual's directory.
pub fn pages(program: &Program) -> Vec<(PathBuf, Vec<u8>)> {
    let mut command = (program.command)().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(program, &command, None, &mut pages);
    pages
}

fn add(program: &Program, command: &clap::Command, above: Option<&str>, pages: &mut Vec<(PathBuf, Vec<u8>)>) {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let path = PathBuf::from(format!("man{}/{name}.{}", program.section, program.section));
    pages.push((path, page(program, command, &name, above)));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(program, below, Some(&name), pages);
    }
}

fn page(program: &Program, command: &clap::Command, name: &str, above: Option<&str>) -> Vec<u8> {
    let mut page = Vec::new();
    let man = Man::new(command.clone())
        .section(program.section)
        .date("")
        .source(concat!("pullgate ", env!("CARGO_PKG_VERSION")))
        .manual("pullgate");
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page).unwrap();
    }
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut page).unwrap();
    }
    if above.is_none() {
        list("EXIT STATUS", program.exits, &mut page);
        list("ENVIRONMENT", program.environment, &mut page);
        list("FILES", program.files, &mut page);
    }
    see_also(program, command, name, above, &mut page);
    tidy(&page)
}

/// Each part begins with the same definitions, and an empty date is left out where it should be empty.
fn tidy(page: &[u8]) -> Vec<u8> {
    const DEFINITIONS: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
    let page = std::str::from_utf8(page).unwrap().replace(DEFINITIONS, "");
    let (title, rest) = page.split_once('\n').unwrap();
    format!("{}\n{DEFINITIONS}{rest}", title.replacen("  ", " \"\" ", 1)).into_bytes()
}

fn list(title: &str, entries: &[(&str, &str)], page: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (name, text) in entries {
        roff.control("TP", []);
        roff.text([bold(*name)]);
        roff.text([roman(*text)]);
    }
    roff.to_writer(page).unwrap();
}

/// The page above, and from a program's page the other programs'.
fn see_also(program: &Program, command: &clap::Command, name: &str, above: Option<&str>, page: &mut Vec<u8>) {
    let mut pages: Vec<(String, &str)> = above.map(|above| (above.to_owned(), program.section)).into_iter().collect();
    if above.is_none() {
        pages.extend(
            PROGRAMS.iter().filter(|other| other.name != name).map(|other| (other.name.to_owned(), other.section)),
        );
    }
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    pages.extend(below.filter_map(|below| Some((below.get_display_name()?.to_owned(), program.section))));
    pages.sort();
    let mut words: Vec<Inline> = Vec::new();
    for (name, section) in pages {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.extend([bold(name), roman(format!("({section})"))]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text(words);
    roff.to_writer(page).unwrap();
}
