//! How the programs are built: what a fault in them is worth to an attacker, and what they need to run.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn check(args: &[&str], directory: &Path, only: Option<&str>) -> Output {
    let mut command = Command::new(tests::repository().join("installer/check-binaries"));
    command.args(args).arg(directory).args(only).env("LC_ALL", "C");
    command.output().expect("the script runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_programs_are_hardened_and_need_little() {
    let directory = tests::own_program("pullgate").parent().unwrap().to_owned();
    let output = check(&["--dev"], &directory, None);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_program_that_is_not_is_told_by_what_it_lacks() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("main.c");
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let build = |flags: &[&str]| {
        let mut cc = Command::new("cc");
        cc.args(flags).arg(&source).arg("-o").arg(directory.path().join("pullgate-plugin"));
        assert!(cc.status().unwrap().success(), "cc {flags:?}");
        said(&check(&[], directory.path(), Some("pullgate-plugin")))
    };
    for (flags, words) in [
        (&["-no-pie"][..], "not position independent"),
        (&["-Wl,-z,norelro"], "becomes read-only"),
        (&["-Wl,-z,lazy"], "import table stays writable"),
        (&["-Wl,-z,execstack"], "stack is executable"),
        (&["-Wl,-rpath,/opt/lib"], "places of its own"),
        (&["-g"], "not stripped"),
        (&["-s"], "not static; it needs libc.so.6"),
    ] {
        let complaint = build(flags);
        assert!(complaint.contains(words), "{flags:?}: {complaint}");
    }
    assert_eq!(build(&["-s", "-static-pie", "-Wl,-z,now", "-Wl,-z,relro"]), "");
    let missing = check(&[], directory.path(), Some("pullgated"));
    assert!(!missing.status.success() && said(&missing).contains("there is no"), "{}", said(&missing));
}
