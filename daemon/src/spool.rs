//! Records of decisions on their way to the service, kept on disk until they are there.
//!
//! `spool/<number>.log` are segments of frames (length, checksum, message). Appending syncs
//! before it returns: the plugin may then forget. What is read stays until it is consumed, so
//! that each record arrives at least once. Beyond the limit the oldest segment goes, and what
//! was in it is counted; so is what a damaged disk or another hand took. Records are kept for
//! one service: another one never gets them.

mod segment;

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use proto::sync::Record;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::files;
use segment::Segment;

/// Default limit for all segments, in bytes: about 60,000 records.
pub const DEFAULT_LIMIT: u64 = 20 << 20;

/// The spool in one state directory. Blocking.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    limit: u64,
    /// Oldest first.
    segments: VecDeque<Segment>,
    position: Position,
    /// The segment whose damage was told.
    warned: Option<u64>,
}

/// What has to outlast a restart besides the records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    /// Records of the oldest segment that were consumed.
    segment: u64,
    consumed: u64,
    /// Lost and not reported yet.
    dropped: u64,
    /// The plugin's own counter when it was last read.
    plugin_dropped: u64,
    /// URL of the service that the records are for.
    service: String,
    /// Records that were decided before are for another service; milliseconds since the Unix epoch.
    since_ms: i64,
}

/// Records to send, and what to consume once they are there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Oldest first.
    pub records: Vec<Record>,
    /// Records lost since the last report.
    pub dropped: u64,
    segment: u64,
    /// Frames, also those that hold no readable record.
    frames: u64,
    /// Those of them; they are in `dropped` too.
    lost: u64,
}

impl Batch {
    /// True when there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.dropped == 0
    }
}

impl Spool {
    /// Opens the spool in `state_dir` with what an earlier run left. `limit` is in bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(state_dir: &Path, limit: u64) -> io::Result<Self> {
        let directory = state_dir.join("spool");
        files::private_directory(&directory)?;
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let name = entry?.file_name();
            numbers
                .extend(name.to_str().and_then(|name| name.strip_suffix(".log")).and_then(|n| n.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        let segments =
            numbers.into_iter().map(|number| Segment::open(&directory, number)).collect::<io::Result<_>>()?;
        // Damaged counters cost a few records twice, and nothing else.
        let position = fs::read(directory.join("position.json")).ok();
        let position = position.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let mut spool = Self { directory, limit: limit.max(1 << 16), segments, position, warned: None };
        spool.tidy();
        Ok(spool)
    }

    /// Keeps records and what the plugin says it lost since it started. They are on disk when this returns.
    ///
    /// # Errors
    /// What the system says, for example that the disk is full; nothing of them is kept then.
    pub fn append(&mut self, records: &[Record], plugin_dropped: u64) -> io::Result<()> {
        let since_ms = self.position.since_ms;
        let ours: Vec<&Record> = records.iter().filter(|record| record.at_ms >= since_ms).collect();
        if !ours.is_empty() {
            self.segment_for_writing()?.append(&ours)?;
        }
        let foreign = (records.len() - ours.len()) as u64;
        if foreign > 0 {
            self.position.dropped = self.position.dropped.saturating_add(foreign);
            self.save()?;
        }
        if plugin_dropped != self.position.plugin_dropped {
            // A smaller count is that of a plugin that started anew.
            let new = plugin_dropped.checked_sub(self.position.plugin_dropped).unwrap_or(plugin_dropped);
            self.position.dropped = self.position.dropped.saturating_add(new);
            self.position.plugin_dropped = plugin_dropped;
            self.save()?;
        }
        while self.segments.len() > 1 && self.bytes() > self.limit {
            self.drop_oldest()?;
        }
        Ok(())
    }

    /// The oldest records, at most `limit` of them.
    ///
    /// # Errors
    /// What the system says.
    pub fn peek(&mut self, limit: u64) -> io::Result<Batch> {
        let Some(segment) = self.segments.front() else {
            return Ok(Batch { dropped: self.position.dropped, ..Batch::default() });
        };
        let (number, read) = (segment.number(), segment.read(self.consumed(segment), limit)?);
        if read.lost > 0 && self.warned.replace(number) != Some(number) {
            let directory = self.directory.display();
            warn!(segment = number, %directory, "kept records are damaged or gone; they are counted as lost");
        }
        let dropped = self.position.dropped.saturating_add(read.lost);
        Ok(Batch { records: read.records, dropped, segment: number, frames: read.frames, lost: read.lost })
    }

    /// From now on records are for the service at this URL. What is kept for another one is dropped and counted.
    ///
    /// # Errors
    /// What the system says; nothing must be sent then.
    pub fn belongs_to(&mut self, service: &str, now_ms: i64) -> io::Result<()> {
        if self.position.service == service {
            return Ok(());
        }
        if !self.position.service.is_empty() {
            self.position.since_ms = now_ms;
            let before = self.position.dropped;
            while !self.segments.is_empty() {
                self.drop_oldest()?;
            }
            let dropped = self.position.dropped - before;
            info!(service, dropped, "records that were kept for another service are dropped");
        }
        self.position.service = service.to_owned();
        self.save()
    }

    /// Forgets a batch that arrived.
    ///
    /// # Errors
    /// What the system says; it may be sent again then.
    pub fn consume(&mut self, batch: &Batch) -> io::Result<()> {
        self.position.dropped = self.position.dropped.saturating_sub(batch.dropped.saturating_sub(batch.lost));
        if let Some(segment) = self.segments.front()
            && segment.number() == batch.segment
            && batch.frames > 0
        {
            let consumed = self.consumed(segment) + batch.frames;
            self.position.segment = batch.segment;
            self.position.consumed = consumed;
        }
        self.tidy();
        self.save()
    }

    /// Removes what was read to its end, but not a file that is still written to unless it is empty of news.
    fn tidy(&mut self) {
        while let Some(segment) = self.segments.front() {
            if self.consumed(segment) < segment.frames() {
                return;
            }
            // One that stays on the disk must not hold up those behind it; at the worst it is sent again.
            if let Err(error) = segment.remove() {
                warn!(segment = segment.number(), %error, "a file of records that were sent cannot be removed");
            }
            // The next segment gets a higher number: an old position never means a new file.
            self.position.segment = self.position.segment.max(segment.number());
            self.segments.pop_front();
        }
    }

    fn drop_oldest(&mut self) -> io::Result<()> {
        if let Some(segment) = self.segments.front() {
            let lost = segment.frames().saturating_sub(self.consumed(segment));
            segment.remove()?;
            self.position.dropped = self.position.dropped.saturating_add(lost);
            self.position.segment = self.position.segment.max(segment.number());
            self.segments.pop_front();
            self.save()?;
        }
        Ok(())
    }

    fn segment_for_writing(&mut self) -> io::Result<&mut Segment> {
        let full = (self.limit / 20).max(1 << 12);
        let last = self.segments.back();
        if last.is_none_or(|segment| segment.bytes() >= full || !segment.is_writable()) {
            files::private_directory(&self.directory)?;
            let newest = last.map_or(0, Segment::number).max(self.position.segment);
            self.segments.push_back(Segment::create(&self.directory, newest + 1)?);
        }
        self.segments.back_mut().ok_or_else(|| io::Error::other("no segment"))
    }

    fn consumed(&self, segment: &Segment) -> u64 {
        if segment.number() == self.position.segment { self.position.consumed } else { 0 }
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    fn save(&self) -> io::Result<()> {
        files::private_directory(&self.directory)?;
        let text = serde_json::to_vec(&self.position).map_err(io::Error::other)?;
        files::replace(&self.directory.join("position.json"), &text)
    }
}

#[cfg(test)]
mod tests;
