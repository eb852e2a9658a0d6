//! One file of the spool.
//!
//! A frame is the message's length (4 bytes, little endian), the first 4 bytes of its
//! SHA-256, and the message.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use prost::Message as _;
use proto::sync::Record;

use crate::{documents::sha256, files, os};

const FRAME_HEADER: usize = 8;
/// No record comes near: image names are limited to some hundred bytes.
const MAX_RECORD_BYTES: usize = 1 << 20;
/// Largest part of a segment that is read for one batch, in bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) records: Vec<Record>,
    /// All frames that are dealt with by this.
    pub(super) frames: u64,
    /// Those of them that brought no record.
    pub(super) lost: u64,
}

#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    number: u64,
    /// Of the file.
    bytes: u64,
    frames: u64,
    /// Only one made by this process: behind what a crash left, nothing is written.
    file: Option<File>,
}

impl Segment {
    pub(super) fn create(directory: &Path, number: u64) -> io::Result<Self> {
        let path = path(directory, number);
        let file = os::files::private(OpenOptions::new().append(true).create_new(true)).open(&path)?;
        files::sync_directory(directory)?;
        Ok(Self { path, number, bytes: 0, frames: 0, file: Some(file) })
    }

    /// One that an earlier run left. What cannot be read of it counts as one frame, so that it is reported as lost.
    pub(super) fn open(directory: &Path, number: u64) -> io::Result<Self> {
        let path = path(directory, number);
        let mut segment = Self { path, number, bytes: 0, frames: 0, file: None };
        let file = match File::open(&segment.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(segment),
            file => file?,
        };
        segment.bytes = file.metadata()?.len();
        let mut reader = io::BufReader::new(file);
        loop {
            match next_frame(&mut reader) {
                Frame::Message(_) | Frame::Altered(_) => segment.frames += 1,
                Frame::Lost => {
                    segment.frames += 1;
                    return Ok(segment);
                }
                Frame::End => return Ok(segment),
            }
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Also false when the file was removed under the process: what is written to it then is gone with it.
    pub(super) fn is_writable(&self) -> bool {
        let id = |metadata: io::Result<fs::Metadata>| metadata.ok().map(|metadata| os::files::id(&metadata));
        self.file.as_ref().is_some_and(|file| id(file.metadata()) == id(fs::metadata(&self.path)))
    }

    /// All of them or, seen from a reader, none.
    pub(super) fn append(&mut self, records: &[&Record]) -> io::Result<()> {
        let mut buffer = Vec::new();
        for record in records {
            let message = record.encode_to_vec();
            buffer.extend_from_slice(&(message.len() as u32).to_le_bytes());
            buffer.extend_from_slice(sha256(&message).get(..4).unwrap_or_default());
            buffer.extend_from_slice(&message);
        }
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("the segment is closed"))?;
        if let Err(error) = file.write_all(&buffer).and_then(|()| file.sync_data()) {
            // Half a frame at the end is cut off; where even that fails, the segment is closed.
            if file.set_len(self.bytes).is_err() {
                self.file = None;
            }
            return Err(error);
        }
        self.bytes += buffer.len() as u64;
        self.frames += records.len() as u64;
        Ok(())
    }

    /// Up to `limit` records behind `skip` frames.
    ///
    /// Goes on whatever the file has become: a frame that was altered is skipped, and where frames
    /// cannot be told apart any more, or the file is gone, the rest is lost. Both are counted.
    pub(super) fn read(&self, skip: u64, limit: u64) -> io::Result<Read> {
        let mut read = Read::default();
        let rest = |read: &mut Read| {
            let rest = self.frames.saturating_sub(skip + read.frames);
            read.frames += rest;
            read.lost += rest;
        };
        let mut reader = match File::open(&self.path) {
            Ok(file) => io::BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                rest(&mut read);
                return Ok(read);
            }
            Err(error) => return Err(error),
        };
        for _ in 0..skip {
            // One that cannot be skipped is found again below.
            skip_frame(&mut reader);
        }
        let mut bytes = 0;
        while skip + read.frames < self.frames && read.frames < limit && bytes < MAX_BATCH_BYTES {
            let record = match next_frame(&mut reader) {
                Frame::Message(message) => {
                    bytes += message.len();
                    Record::decode(message.as_slice()).ok()
                }
                Frame::Altered(length) => {
                    bytes += length;
                    None
                }
                Frame::Lost | Frame::End => {
                    rest(&mut read);
                    return Ok(read);
                }
            };
            read.frames += 1;
            match record {
                Some(record) => read.records.push(record),
                None => read.lost += 1,
            }
        }
        Ok(read)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:020}.log"))
}

enum Frame {
    Message(Vec<u8>),
    /// Another checksum; where the next frame begins is known all the same, if the length was not altered.
    Altered(usize),
    /// Neither a frame nor the end: nothing behind it can be read.
    Lost,
    End,
}

fn next_frame(reader: &mut impl io::BufRead) -> Frame {
    match reader.fill_buf() {
        Ok([]) => return Frame::End,
        Ok(_) => {}
        Err(_) => return Frame::Lost,
    }
    let mut header = [0; FRAME_HEADER];
    if reader.read_exact(&mut header).is_err() {
        return Frame::Lost;
    }
    let [a, b, c, d, checksum @ ..] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length == 0 || length > MAX_RECORD_BYTES {
        return Frame::Lost;
    }
    let mut message = vec![0; length];
    if reader.read_exact(&mut message).is_err() {
        return Frame::Lost;
    }
    match sha256(&message).starts_with(&checksum) {
        true => Frame::Message(message),
        false => Frame::Altered(length),
    }
}

fn skip_frame(reader: &mut io::BufReader<File>) {
    let mut header = [0; FRAME_HEADER];
    if reader.read_exact(&mut header).is_ok() {
        let [a, b, c, d, ..] = header;
        let _ = reader.seek_relative(i64::from(u32::from_le_bytes([a, b, c, d])));
    }
}
