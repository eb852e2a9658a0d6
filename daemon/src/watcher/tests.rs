//! Each case: wait for the first hint, change something as a real program does, expect a
//! hint after which the file reads as expected. The period of the net is far longer than a test waits.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::sync::mpsc;

use super::{Hint, watch};
use crate::credentials::place::Place;

#[cfg(unix)]
mod links;

struct Case {
    directory: tempfile::TempDir,
    file: PathBuf,
    hints: mpsc::Receiver<Hint>,
}

impl Case {
    /// `set_up` makes the world and returns the path to watch.
    async fn new(set_up: impl FnOnce(&Path) -> PathBuf) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let root = directory.path().canonicalize().expect("path");
        let file = set_up(&root);
        let mut hints = watch(place(&file));
        assert_eq!(hint(&mut hints).await, Hint::Changed);
        Self { directory, file, hints }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().expect("path")
    }

    async fn expect(&mut self, content: Option<&str>) {
        // An earlier hint may be about half of the change; the last one is about all of it.
        loop {
            assert_eq!(hint(&mut self.hints).await, Hint::Changed);
            if fs::read_to_string(&self.file).ok().as_deref() == content {
                return;
            }
        }
    }
}

async fn hint(hints: &mut mpsc::Receiver<Hint>) -> Hint {
    tokio::time::timeout(Duration::from_secs(10), hints.recv())
        .await
        .expect("a hint in time")
        .expect("the watcher runs")
}

fn place(file: &Path) -> Place {
    Place::in_directory(file.parent().expect("a directory"))
}

/// As the Docker CLI saves.
fn save(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("json123");
    fs::write(&temporary, text)?;
    fs::rename(temporary, path)
}

fn plain(root: &Path) -> PathBuf {
    fs::create_dir(root.join(".docker")).expect("directory");
    fs::write(root.join(".docker/config.json"), "0").expect("write");
    root.join(".docker/config.json")
}

#[tokio::test]
async fn each_save_by_rename_is_seen() {
    let mut case = Case::new(plain).await;
    for text in ["1", "2", "3"] {
        save(&case.file, text).expect("save");
        case.expect(Some(text)).await;
    }
    fs::remove_file(&case.file).expect("remove");
    case.expect(None).await;
}

#[tokio::test]
async fn a_rewrite_in_place_is_seen() {
    let mut case = Case::new(plain).await;
    fs::write(&case.file, "1").expect("write");
    case.expect(Some("1")).await;
}

#[tokio::test]
async fn a_directory_that_is_made_later_is_seen_with_its_parents() {
    let mut case = Case::new(|root| root.join("home/user/.docker/config.json")).await;
    fs::create_dir_all(case.root().join("home/user/.docker")).expect("directory");
    save(&case.file, "1").expect("save");
    case.expect(Some("1")).await;
}

#[tokio::test]
async fn a_replaced_directory_is_seen() {
    let mut case = Case::new(plain).await;
    let directory = case.root().join(".docker");
    fs::rename(&directory, case.root().join("old")).expect("rename");
    case.expect(None).await;
    fs::create_dir(&directory).expect("directory");
    save(&case.file, "1").expect("save");
    case.expect(Some("1")).await;
    for text in ["2", "3"] {
        fs::remove_dir_all(&directory).expect("remove");
        fs::create_dir(&directory).expect("directory");
        save(&case.file, text).expect("save");
        case.expect(Some(text)).await;
    }
}

#[tokio::test]
async fn other_files_and_reading_cause_no_hint() {
    let mut case = Case::new(plain).await;
    for n in 0..20 {
        save(&case.root().join(format!(".docker/other{n}.json")), "x").expect("save");
        fs::read(&case.file).expect("read");
    }
    // The next hint is the one for this save: events keep their order.
    save(&case.file, "1").expect("save");
    case.expect(Some("1")).await;
    let more = tokio::time::timeout(super::SETTLE * 3, case.hints.recv()).await;
    assert!(more.is_err(), "a hint without a change: {more:?}");
}

#[tokio::test]
async fn the_thread_ends_when_nobody_listens() {
    let directory = tempfile::tempdir().expect("directory");
    let file = plain(&directory.path().canonicalize().expect("path"));
    let (hints, mut receiver) = mpsc::channel(1);
    let path = place(&file);
    let thread = tokio::task::spawn_blocking(move || super::Watch::new(path).run(&hints));
    assert_eq!(hint(&mut receiver).await, Hint::Changed);
    drop(receiver);
    save(&file, "1").expect("save");
    tokio::time::timeout(Duration::from_secs(10), thread).await.expect("ends in time").expect("does not panic");
}

#[tokio::test]
async fn without_events_the_file_is_looked_at() {
    let directory = tempfile::tempdir().expect("directory");
    let file = plain(&directory.path().canonicalize().expect("path"));
    let (hints, mut receiver) = mpsc::channel(1);
    let mut watch = super::Watch::new(place(&file));
    watch.listener = None;
    watch.start_polling("as if no inotify instance could be had");
    tokio::task::spawn_blocking(move || watch.run(&hints));
    assert_eq!(hint(&mut receiver).await, Hint::Changed);
    for text in ["1", "2"] {
        save(&file, text).expect("save");
        assert_eq!(hint(&mut receiver).await, Hint::Changed);
    }
}
