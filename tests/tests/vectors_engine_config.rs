//! `daemon-json/expected.tsv`: what becomes of an engine's file, through the command and the library, with no engine at hand.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    process::{Command, Output},
};

use installer::{
    engine_config::{Edit, Wanted, add, judge, names, remove, undo},
    engines::words,
};
use serde_json::Value;
use tests::{
    engine_files::{PLUGIN, Row, rows, squeezed},
    own_program,
};

fn engine_config(row: &Row, file: &std::path::Path, more: &[&str]) -> Output {
    Command::new(own_program("pullgate"))
        .args(["engine-config", "--plugin", PLUGIN, "--no-dockerd", "--unit-flags", &row.unit_flags, "--file"])
        .arg(file)
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn the_command_prints_what_the_table_says_and_changes_nothing() {
    let rows = rows();
    assert!(rows.len() >= 100, "{} rows", rows.len());
    let mut differ = Vec::new();
    for row in &rows {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("daemon.json");
        if let Some(input) = &row.input {
            fs::write(&file, input).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            if rustix::process::geteuid().is_root() {
                chown(&file, Some(1), Some(7)).unwrap();
            }
        }
        let state = || {
            let metadata = fs::metadata(&file).ok()?;
            let parts = [metadata.mode().into(), metadata.uid().into(), metadata.gid().into(), metadata.ino()];
            Some((fs::read(&file).unwrap(), parts, metadata.mtime_nsec(), metadata.ctime_nsec()))
        };
        let before = state();
        let plain = engine_config(row, &file, &[]);
        let json = engine_config(row, &file, &["--json"]);
        assert_eq!(state(), before, "{}", row.name);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), usize::from(before.is_some()), "{}", row.name);

        let said: Value = serde_json::from_slice(&json.stdout).unwrap_or_default();
        let wanted_code = if row.action == "refuse" { 3 } else { 0 };
        let codes = [plain.status.code(), json.status.code()];
        let class = said["class"].as_str().unwrap_or("-");
        if (codes, said["action"].as_str(), class) != ([Some(wanted_code); 2], Some(&row.action), &row.class) {
            differ.push(format!("{row}: {codes:?}, {said}, {}", String::from_utf8_lossy(&plain.stderr)));
            continue;
        }
        let printed = String::from_utf8_lossy(&plain.stdout).into_owned();
        match row.action.as_str() {
            "refuse" if printed.is_empty() && !plain.stderr.is_empty() => {}
            "noop" if Some(&plain.stdout) == row.input.as_ref() && said["plugins"] == row.plugins => {}
            "edit" | "create" if squeezed(&printed) == row.expected() && said["plugins"] == row.plugins => {}
            _ => differ.push(format!("{row}: {} and\n{printed}", said["plugins"])),
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), rows.len(), differ.join("\n"));
}

#[test]
fn the_library_agrees_and_restores_every_byte() {
    for row in rows() {
        let unit_flags = words::split(&row.unit_flags).unwrap();
        let wanted = Wanted { plugin: PLUGIN, unit_flags: &unit_flags, ..Wanted::default() };
        let before = row.input.as_deref();
        let judged = add(before, &wanted).and_then(|edited| {
            let after = match &edited.edit {
                Edit::Changed(bytes) => bytes.clone(),
                Edit::Unchanged | Edit::Removed => before.unwrap_or_default().to_vec(),
            };
            judge(&after, &unit_flags, None).map(|_| (edited.edit, after))
        });
        let (edit, after) = match judged {
            Err(refusal) => {
                assert_eq!(
                    ("refuse", row.class.as_str()),
                    (row.action.as_str(), refusal.class.code()),
                    "{row}: {refusal}"
                );
                continue;
            }
            Ok(done) => done,
        };
        // Twice is once.
        assert_eq!(add(Some(&after), &wanted).unwrap().edit, Edit::Unchanged, "{row}");
        assert_eq!(edit == Edit::Unchanged, row.action == "noop", "{row}");
        assert_eq!(Value::from(names(&after).unwrap()), row.plugins, "{row}");

        let undone = undo(&after, before, &wanted).unwrap().edit;
        if row.action == "noop" {
            // Ours before, and gone all the same.
            assert_ne!(remove(&after, PLUGIN, None).unwrap().edit, Edit::Unchanged, "{row}");
            let Edit::Changed(without) = undone else { panic!("{row}: {undone:?}") };
            assert!(!names(&without).unwrap().contains(&PLUGIN.to_owned()), "{row}");
        } else {
            let expected = before.map_or(Edit::Removed, |before| Edit::Changed(before.to_vec()));
            assert_eq!(undone, expected, "{row}");
        }
    }
}
