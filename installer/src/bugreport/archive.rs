//! The archive: a plain `tar`, which every system opens and which holds some hundred kilobytes.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::when;

/// No part is longer; the rest of it is left out, from its beginning.
const MAX_PART: usize = 1 << 20;

/// An archive that is being written.
pub struct Archive {
    tar: tar::Builder<File>,
    folder: String,
}

impl Archive {
    /// Makes the file, for nobody else to read; one that is there is left alone, whoever put it there.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(path: &Path, folder: &str) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { tar: tar::Builder::new(file), folder: folder.to_owned() })
    }

    /// One more part.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut start = text.len().saturating_sub(MAX_PART);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let text = &text[start..];
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(when::now_ms() / 1000).unwrap_or_default());
        self.tar.append_data(&mut header, format!("{}/{name}", self.folder), text.as_bytes())
    }

    /// The end; on disk when this comes back.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> io::Result<()> {
        let mut file = self.tar.into_inner()?;
        file.flush()?;
        file.sync_all()
    }
}
