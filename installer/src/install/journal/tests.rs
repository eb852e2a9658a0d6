use super::*;

fn change(name: &str) -> Change {
    Change::Users { names: vec![name.to_owned()] }
}

fn text(root: &Path) -> PathBuf {
    root.join(DIR.trim_start_matches('/')).join(JOURNAL)
}

#[test]
fn what_was_announced_and_has_no_end_is_open() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::lock(root.path()).unwrap();
    assert_eq!(journal.interrupted().unwrap(), Vec::new());
    journal.begin("install", 1).unwrap();
    assert_eq!(journal.interrupted().unwrap(), Vec::new());
    for (step, name) in ["a", "b"].into_iter().enumerate() {
        journal.write(&Entry::Intent { step, change: change(name) }).unwrap();
    }
    journal.write(&Entry::Done { step: 0 }).unwrap();
    assert_eq!(journal.interrupted().unwrap(), [change("a"), change("b")]);
    // Cut off in the middle of a line: what it was to announce has not begun.
    let half = [fs::read(text(root.path())).unwrap(), br#"{"entry":"intent","step":2,"chan"#.to_vec()].concat();
    fs::write(text(root.path()), half).unwrap();
    assert_eq!(journal.interrupted().unwrap(), [change("a"), change("b")]);
    journal.begin("install", 2).unwrap();
    journal.write(&Entry::Intent { step: 0, change: change("a") }).unwrap();
    journal.write(&Entry::End { how: "installed".to_owned() }).unwrap();
    assert_eq!(journal.interrupted().unwrap(), Vec::new());
}

#[test]
fn an_end_behind_a_half_line_is_an_end() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::lock(root.path()).unwrap();
    journal.begin("install", 1).unwrap();
    journal.write(&Entry::Intent { step: 0, change: change("a") }).unwrap();
    let half = [fs::read(text(root.path())).unwrap(), br#"{"entry":"do"#.to_vec()].concat();
    fs::write(text(root.path()), half).unwrap();
    journal.write(&Entry::End { how: "undone".to_owned() }).unwrap();
    assert_eq!(journal.interrupted().unwrap(), Vec::new());
}

#[test]
fn nobody_comes_in_between_and_nothing_of_it_is_for_others() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = tempfile::tempdir().unwrap();
    let journal = Journal::lock(root.path()).unwrap();
    assert!(matches!(Journal::lock(root.path()), Err(JournalError::Busy)));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(journal.dir()), mode(&journal.dir().join(BACKUP))), (0o711, 0o700));
    journal.begin("install", 1).unwrap();
    journal.back_up(b"theirs").unwrap();
    assert_eq!(mode(&text(root.path())), 0o600);
    drop(journal);
    // As an earlier release made it.
    fs::set_permissions(root.path().join(&DIR[1..]), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(mode(Journal::lock(root.path()).unwrap().dir()), 0o711);
    assert!(Journal::lock(root.path()).is_ok());
}

#[test]
fn a_backup_is_what_its_name_says_or_none() {
    let root = tempfile::tempdir().unwrap();
    let journal = Journal::lock(root.path()).unwrap();
    let name = journal.back_up(b"theirs").unwrap();
    assert_eq!(journal.back_up(b"theirs").unwrap(), name);
    assert_eq!(journal.backed_up(&name).as_deref(), Some(&b"theirs"[..]));
    fs::write(journal.dir().join(BACKUP).join(&name), "damaged").unwrap();
    assert_eq!(journal.backed_up(&name), None);
    for other in ["", "../journal.jsonl", "0123"] {
        assert_eq!(journal.backed_up(other), None);
    }
}

#[test]
fn a_lock_on_a_directory_that_was_taken_away_is_none() {
    let root = tempfile::tempdir().unwrap();
    let first = Journal::lock(root.path()).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| Journal::lock(root.path()).unwrap());
        // As `uninstall --purge` ends; the second makes again what it misses.
        while fs::remove_dir_all(first.dir()).is_err_and(|error| error.kind() == std::io::ErrorKind::DirectoryNotEmpty)
        {
        }
        drop(first);
        let second = second.join().unwrap();
        second.begin("install", 1).unwrap();
        assert!(matches!(Journal::lock(root.path()), Err(JournalError::Busy)), "it holds what is there");
    });
}
