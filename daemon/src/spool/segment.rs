//! One file of the spool.
//!
//! A frame is the message's length (4 bytes, little endian), the first 4 bytes of its
//! SHA-256, and the message.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use prost::Message as _;
use proto::sync::Record;

use crate::{documents::sha256, files};

const FRAME_HEADER: usize = 8;
/// No record comes near: image names are limited to some hundred bytes.
const MAX_RECORD_BYTES: usize = 1 << 20;
/// Largest part of a segment that is read for one batch, in bytes.
const MAX_BATCH_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    number: u64,
    /// Bytes of whole frames.
    bytes: u64,
    frames: u64,
    /// Only one made by this process: behind what a crash left, nothing is written.
    file: Option<File>,
}

impl Segment {
    pub(super) fn create(directory: &Path, number: u64) -> io::Result<Self> {
        let path = path(directory, number);
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path)?;
        files::sync_directory(directory)?;
        Ok(Self { path, number, bytes: 0, frames: 0, file: Some(file) })
    }

    pub(super) fn open(directory: &Path, number: u64) -> io::Result<Self> {
        let path = path(directory, number);
        let mut segment = Self { path, number, bytes: 0, frames: 0, file: None };
        let mut reader = io::BufReader::new(File::open(&segment.path)?);
        while let Some(message) = next_frame(&mut reader)? {
            segment.bytes += (FRAME_HEADER + message.len()) as u64;
            segment.frames += 1;
        }
        Ok(segment)
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

    pub(super) fn is_writable(&self) -> bool {
        self.file.is_some()
    }

    /// All of them or, seen from a reader, none.
    pub(super) fn append(&mut self, records: &[Record]) -> io::Result<()> {
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

    /// Up to `limit` records behind `skip` frames, and how many frames they are.
    pub(super) fn read(&self, skip: u64, limit: u64) -> io::Result<(Vec<Record>, u64)> {
        let mut reader = io::BufReader::new(File::open(&self.path)?);
        let (mut records, mut frames, mut bytes) = (Vec::new(), 0, 0);
        for _ in 0..skip {
            if !skip_frame(&mut reader)? {
                return Ok((records, frames));
            }
        }
        while skip + frames < self.frames && frames < limit && bytes < MAX_BATCH_BYTES {
            let Some(message) = next_frame(&mut reader)? else { break };
            frames += 1;
            bytes += message.len();
            records.extend(Record::decode(message.as_slice()));
        }
        Ok((records, frames))
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

/// The next whole frame's message; none at the end, or where the rest is no frame.
fn next_frame(reader: &mut impl io::Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; FRAME_HEADER];
    if !filled(reader.read_exact(&mut header))? {
        return Ok(None);
    }
    let [a, b, c, d, checksum @ ..] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > MAX_RECORD_BYTES {
        return Ok(None);
    }
    let mut message = vec![0; length];
    if !filled(reader.read_exact(&mut message))? || !sha256(&message).starts_with(&checksum) {
        return Ok(None);
    }
    Ok(Some(message))
}

fn skip_frame(reader: &mut io::BufReader<File>) -> io::Result<bool> {
    let mut header = [0; FRAME_HEADER];
    if !filled(reader.read_exact(&mut header))? {
        return Ok(false);
    }
    let [a, b, c, d, ..] = header;
    reader.seek_relative(i64::from(u32::from_le_bytes([a, b, c, d])))?;
    Ok(true)
}

fn filled(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
