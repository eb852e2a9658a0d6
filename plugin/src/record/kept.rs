//! Records that nobody had fetched when a process ended, for the next one; and acts of root at once, since whoever told of
//! one forgets it then.
//!
//! At least once: the file is there until all of them were acknowledged, and the service knows each by its id.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use prost::Message as _;
use proto::control::ReportRequest;
use tracing::{info, warn};

use super::{KEPT, Origin, Record, Recorder, Records};
use crate::state::{StateError, read_bounded, replace_file};

const FILE: &str = "records";
/// Largest file, in bytes: [`KEPT`] records of the longest kind have less.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Where records are kept, and as whose.
#[derive(Debug, Clone, Copy)]
pub struct Disk<'a> {
    /// The state directory.
    pub state_dir: &'a Path,
    /// This machine's id.
    pub machine_id: &'a str,
    /// This process, as [`crate::live::Counters::started_at_ms`].
    pub run: i64,
}

/// What is on disk.
#[derive(Debug)]
pub(super) struct Before {
    file: PathBuf,
    /// Number of the last one of them.
    pub(super) last: u64,
}

impl Before {
    /// All of it was fetched.
    pub(super) fn forget(self) {
        if let Err(error) = remove(&self.file) {
            // They are handed out once more after the next start, and the service knows them.
            warn!(%error, "records that were fetched cannot be removed from disk");
        }
    }
}

impl Records {
    /// Takes what the process before this one kept in the state directory. Before the first decision.
    pub async fn restore(&self, state_dir: &Path, now_ms: i64) {
        let file = state_dir.join(FILE);
        let kept = match read_bounded(&file, MAX_FILE_BYTES) {
            Ok(bytes) => ReportRequest::decode(bytes.as_slice()).map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => Err(error),
        };
        let ReportRequest { records, dropped } = match kept {
            Ok(kept) => kept,
            Err(error) => return warn!(%error, "records of the process before this one cannot be read"),
        };
        let recorder = Recorder(self.shared.clone());
        recorder.lost(dropped);
        let mut handed_out = self.handed_out.lock().await;
        for record in records {
            match Record::reported(record, Origin::Disk, now_ms) {
                Ok(record) => recorder.record(record),
                Err(error) => {
                    warn!(%error, "a kept record is left out");
                    recorder.lost(1);
                }
            }
        }
        handed_out.take(&self.shared);
        info!(records = handed_out.records.len(), "records of the process before this one wait to be fetched");
        let before = Before { file, last: handed_out.last };
        handed_out.before = Some(before);
    }

    /// Takes acts, of which those that are known by their ids are no new ones, and has them on disk.
    ///
    /// # Errors
    /// [`StateError`]; whoever told of them tells again, and what is on its way already stays on it.
    pub async fn note(&self, acts: Vec<Record>, on: Disk<'_>) -> Result<(), StateError> {
        {
            let mut handed_out = self.handed_out.lock().await;
            handed_out.take(&self.shared);
            let recorder = Recorder(self.shared.clone());
            for act in acts {
                let is_it = |(_, known): &(u64, Arc<Record>)| known.reported_id() == act.reported_id();
                if !handed_out.records.iter().chain(&handed_out.lately).any(is_it) {
                    recorder.record(act);
                }
            }
        }
        self.keep(on).await
    }

    /// Keeps what nobody has fetched, the newest [`KEPT`], and how many were lost without anybody's knowing.
    ///
    /// # Errors
    /// [`StateError`]; then they are lost.
    pub async fn keep(&self, on: Disk<'_>) -> Result<(), StateError> {
        let Disk { state_dir, machine_id, run } = on;
        let file = state_dir.join(FILE);
        let mut handed_out = self.handed_out.lock().await;
        handed_out.take(&self.shared);
        let lost = handed_out.records.len().saturating_sub(KEPT);
        let newest = handed_out.records.iter().skip(lost);
        let records: Vec<_> = newest.map(|(number, record)| record.to_message(machine_id, run, *number)).collect();
        let untold = self.dropped().saturating_sub(self.shared.told.load(Ordering::Relaxed));
        let dropped = untold.saturating_add(lost as u64);
        if records.is_empty() && dropped == 0 {
            return remove(&file).map_err(|source| StateError::Io { what: "remove", path: file, source });
        }
        replace_file(&file, &ReportRequest { records, dropped }.encode_to_vec())?;
        handed_out.before = Some(Before { file, last: handed_out.last });
        Ok(())
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::sync;
    use tokio_util::sync::CancellationToken;
    use ulid::Ulid;

    use super::{
        super::{Batch, Reader, channel},
        *,
    };

    const NOW: i64 = 1_800_000_000_000;

    fn record(number: u128, user: &str) -> Record {
        let record = sync::Record {
            id: Ulid::from_parts(1, number).to_string(),
            at_ms: NOW,
            action: "pull".into(),
            reason: "category".into(),
            users: vec![user.into()],
            ..sync::Record::default()
        };
        Record::reported(record, Origin::Door, NOW).expect("a record")
    }

    fn disk(directory: &tempfile::TempDir) -> Disk<'_> {
        Disk { state_dir: directory.path(), machine_id: "m", run: 1 }
    }

    fn act(number: u128) -> Record {
        let record = sync::Record {
            id: Ulid::from_parts(1, number).to_string(),
            at_ms: NOW,
            action: "disable".into(),
            act: Some(sync::Act { reason: "it hangs".into(), ..sync::Act::default() }),
            ..sync::Record::default()
        };
        Record::reported(record, Origin::Root, NOW).expect("an act")
    }

    async fn fetch(records: &Records, reader: &Reader, acknowledge: u64) -> Batch {
        records.fetch(reader, acknowledge, Duration::ZERO, &CancellationToken::new()).await
    }

    fn ids(batch: &Batch) -> Vec<String> {
        batch.records.iter().map(|(_, record)| record.to_message("", 0, 0).id).collect()
    }

    fn expected(numbers: &[u128]) -> Vec<String> {
        numbers.iter().map(|number| Ulid::from_parts(1, *number).to_string()).collect()
    }

    #[tokio::test]
    async fn what_nobody_acknowledged_is_handed_out_by_the_next_process_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join(FILE);
        let (recorder, records) = channel();
        for number in 1..=3 {
            recorder.record(record(number, "dana"));
        }
        recorder.record(record(4, "olga"));
        recorder.lost(7);
        let dana = Reader::Of("dana".into());
        let batch = fetch(&records, &dana, 0).await;
        assert_eq!((ids(&batch), batch.dropped), (expected(&[1, 2, 3]), 7));
        fetch(&records, &dana, 2).await;
        recorder.lost(1);
        records.keep(disk(&directory)).await.expect("kept");

        let (_, next) = channel();
        next.restore(directory.path(), NOW).await;
        let batch = fetch(&next, &dana, 0).await;
        assert_eq!((ids(&batch), batch.dropped), (expected(&[3]), 1), "lost ones are told once");
        // One is still nobody's: a process that is killed now has lost nothing of it.
        fetch(&next, &dana, batch.last).await;
        assert!(file.exists());
        let (_, after_a_kill) = channel();
        after_a_kill.restore(directory.path(), NOW).await;
        assert_eq!(ids(&fetch(&after_a_kill, &Reader::Everything, 0).await), expected(&[3, 4]));
        fetch(&next, &Reader::Everything, 2).await;
        assert!(!file.exists());
        next.keep(disk(&directory)).await.expect("nothing to keep");
        assert!(!file.exists());
    }

    /// Whoever told of an act has forgotten it when the plugin took it.
    #[tokio::test]
    async fn an_act_outlives_a_process_that_is_killed_and_is_told_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let (recorder, records) = channel();
        recorder.record(record(1, "dana"));
        records.note(vec![act(2), act(3)], disk(&directory)).await.expect("on disk");
        // The answer was lost, and it is told again.
        records.note(vec![act(3), act(4)], disk(&directory)).await.expect("on disk");
        assert_eq!(ids(&fetch(&records, &Reader::Everything, 0).await), expected(&[1, 2, 3, 4]));
        // Killed here.
        let (_, next) = channel();
        next.restore(directory.path(), NOW).await;
        next.note(vec![act(4), act(5)], disk(&directory)).await.expect("on disk");
        let batch = fetch(&next, &Reader::Everything, 0).await;
        assert_eq!(ids(&batch), expected(&[1, 2, 3, 4, 5]));
        fetch(&next, &Reader::Everything, batch.last).await;
        assert!(!directory.path().join(FILE).exists(), "all of them were fetched");
        next.note(vec![act(5)], disk(&directory)).await.expect("on disk");
        assert!(fetch(&next, &Reader::Everything, batch.last).await.records.is_empty(), "it is known still");
    }

    #[tokio::test]
    async fn an_act_that_cannot_be_kept_is_not_taken() {
        let directory = tempfile::tempdir().expect("a directory");
        let (_, records) = channel();
        fs::create_dir(directory.path().join(FILE)).expect("a directory");
        records.note(vec![act(1)], disk(&directory)).await.expect_err("a directory is there");
        fs::remove_dir(directory.path().join(FILE)).expect("removed");
        records.note(vec![act(1)], disk(&directory)).await.expect("on disk");
        assert_eq!(ids(&fetch(&records, &Reader::Everything, 0).await), expected(&[1]));
    }

    #[tokio::test]
    async fn a_damaged_file_keeps_nobody_from_starting() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join(FILE), b"\xff\xff\xff").expect("a file");
        let (recorder, records) = channel();
        records.restore(directory.path(), NOW).await;
        recorder.record(record(1, "dana"));
        assert_eq!(ids(&fetch(&records, &Reader::Everything, 0).await), expected(&[1]));
        fs::remove_file(directory.path().join(FILE)).expect("removed");
        fs::create_dir(directory.path().join(FILE)).expect("a directory");
        records.restore(directory.path(), NOW).await;
        records.keep(disk(&directory)).await.expect_err("a directory is there");
    }

    #[tokio::test]
    async fn no_more_is_kept_than_the_queue_has_room_for() {
        let directory = tempfile::tempdir().expect("a directory");
        let (recorder, records) = channel();
        for number in 0..KEPT as u128 {
            recorder.record(record(number, "dana"));
        }
        fetch(&records, &Reader::Everything, 0).await;
        for number in 0..5 {
            recorder.record(record(KEPT as u128 + number, "dana"));
        }
        records.keep(disk(&directory)).await.expect("kept");
        let (_, next) = channel();
        next.restore(directory.path(), NOW).await;
        let batch = fetch(&next, &Reader::Everything, 0).await;
        assert_eq!(ids(&batch).first(), expected(&[5]).first());
        assert_eq!(batch.dropped, 5);
    }
}
