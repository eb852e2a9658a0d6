//! Man pages, completions and the reference pages of commands are printed from the command lines, and cannot drift from
//! them.
//!
//! The first two are kept in `installer/assets`, so that whoever packages needs no program that prints them:
//! `PULLGATE_REGENERATE=1 cargo test -p tests --test pages` writes them anew.

mod man;
mod programs;
mod reference;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap_complete::Shell;

use self::programs::PROGRAMS;

/// Content by path below `installer/assets`.
type Files = BTreeMap<PathBuf, Vec<u8>>;

fn assets() -> PathBuf {
    tests::repository().join("installer/assets")
}

fn pages() -> Files {
    let mut files = Files::new();
    for program in &PROGRAMS {
        for (name, page) in man::pages(program) {
            files.insert(Path::new("man").join(name), page);
        }
    }
    files
}

fn completions() -> Files {
    let mut files = Files::new();
    for program in &PROGRAMS {
        // Where each shell looks for it, and under which name.
        let shells = [
            (Shell::Bash, format!("bash/{}", program.name)),
            (Shell::Zsh, format!("zsh/_{}", program.name)),
            (Shell::Fish, format!("fish/{}.fish", program.name)),
        ];
        for (shell, path) in shells {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut (program.command)(), program.name, &mut script);
            files.insert(Path::new("completions").join(path), script);
        }
    }
    files
}

/// What is in the tree, or after `PULLGATE_REGENERATE=1` what should be.
fn kept(dir: &str, wanted: &Files) -> Files {
    let root = assets().join(dir);
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        let _ = fs::remove_dir_all(&root);
        write(&assets(), wanted);
    }
    let mut files = Files::new();
    let mut dirs = vec![root];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                files.insert(path.strip_prefix(assets()).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn check(dir: &str, wanted: &Files) {
    let kept = kept(dir, wanted);
    let drifted: Vec<_> =
        wanted.keys().chain(kept.keys()).filter(|path| wanted.get(*path) != kept.get(*path)).collect();
    assert!(
        drifted.is_empty(),
        "{drifted:?} are not what the command lines say; `PULLGATE_REGENERATE=1 cargo test -p tests --test pages`"
    );
}

#[test]
fn the_man_pages_are_what_the_command_lines_say() {
    check("man", &pages());
}

#[test]
fn the_completions_are_what_the_command_lines_say() {
    check("completions", &completions());
}

/// Somewhere else than in the tree, which another test may be writing.
fn written(files: &Files) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), files);
    root
}

fn write(root: &Path, files: &Files) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

#[test]
fn man_has_no_complaint_about_a_page() {
    let pages = pages();
    let root = written(&pages);
    let complaints: Vec<_> = pages
        .keys()
        .filter_map(|page| {
            let mut man = Command::new("man");
            man.args(["--warnings", "--encoding=UTF-8", "--local-file"]).arg(root.path().join(page));
            let output = man.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (!output.status.success() || !said.is_empty()).then(|| format!("{}: {said}", page.display()))
        })
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn every_shell_can_read_its_completions() {
    let completions = completions();
    let root = written(&completions);
    for shell in ["bash", "zsh", "fish"] {
        for script in completions.keys().filter(|path| path.starts_with(Path::new("completions").join(shell))) {
            let output = Command::new(shell).arg("-n").arg(root.path().join(script)).output();
            let output = output.unwrap_or_else(|error| panic!("`{shell}` (`tests/setup` installs it): {error}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{}: {said}", script.display());
        }
    }
}
