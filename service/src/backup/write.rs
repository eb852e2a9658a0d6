//! Taking a backup.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    BackupError,
    line::{FORM, Head, Line, hex, row},
    mode_of,
};
use crate::{
    clock, signing_key,
    store::{Store, TABLES},
};

/// What is in a backup.
#[derive(Clone, Debug, Serialize)]
pub struct Written {
    /// Rows of all tables.
    pub rows: u64,
    /// Names of the keys in it.
    pub keys: Vec<String>,
}

/// Writes all that the database holds into a file that is not there yet, closed to others; `-` is standard output. With
/// `keys_of`, the keys of that data directory too.
///
/// # Errors
/// [`BackupError`]; no file is left then.
pub async fn write(store: &Store, keys_of: Option<&Path>, path: &Path) -> Result<Written, BackupError> {
    if path == Path::new("-") {
        return all(store, keys_of, io::BufWriter::new(io::stdout())).await.map(|(written, _)| written);
    }
    let made = fs::File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
        _ => BackupError::Write(error),
    })?;
    let written = match all(store, keys_of, io::BufWriter::new(file)).await {
        Ok((written, out)) => out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
            file.sync_all()?;
            Ok(written)
        }),
        Err(error) => {
            drop(fs::remove_file(path));
            return Err(error);
        }
    };
    written.map_err(|error| {
        drop(fs::remove_file(path));
        BackupError::Write(error)
    })
}

async fn all<W: Write>(
    store: &Store,
    keys_of: Option<&Path>,
    out: io::BufWriter<W>,
) -> Result<(Written, io::BufWriter<W>), BackupError> {
    let mut view = store.read().await?;
    let mut lines = Lines { out, digest: Sha256::new() };
    let head = Head {
        pullgate_backup: FORM,
        schema: view.schema().await?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: clock::now(),
    };
    lines.write(&head)?;
    let mut keys = Vec::new();
    for (key, path) in keys_of.map(names).transpose()?.unwrap_or_default() {
        let bytes = fs::read(path).map(Zeroizing::new);
        let bytes = bytes.map_err(|source| BackupError::NoKey { key: key.clone(), source })?;
        lines.write(&Line::Key { key: key.clone(), base64: STANDARD.encode(&*bytes) })?;
        keys.push(key);
    }
    let mut rows = 0;
    for table in TABLES {
        let columns = view.columns(table).await?;
        let names = columns.iter().map(|column| column.name.clone()).collect();
        lines.write(&Line::Table { table: table.to_owned(), columns: names })?;
        let take = |cells| {
            rows += 1;
            lines.write(&row(cells))
        };
        view.each_row(table, &columns, take).await?;
    }
    let sha256 = hex(&lines.digest.clone().finalize());
    lines.write(&Line::End { end: rows, sha256 })?;
    lines.out.flush().map_err(BackupError::Write)?;
    Ok((Written { rows, keys }, lines.out))
}

/// The keys of a data directory: names and files. Whoever has a certificate of their own has no authority here.
fn names(dir: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let failed = |source| BackupError::NoKey { key: signing_key::FILE.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().ok();
        names.extend(name.filter(|name| mode_of(name).is_some()).map(|name| (name, entry.path())));
    }
    if !names.iter().any(|(name, _)| signing_key::is_file(name)) {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    names.sort_unstable();
    Ok(names)
}

struct Lines<W: Write> {
    out: io::BufWriter<W>,
    digest: Sha256,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, line: &impl Serialize) -> Result<(), BackupError> {
        let written = serde_json::to_vec(line).map_err(io::Error::from).and_then(|line| {
            let mut line = Zeroizing::new(line);
            line.push(b'\n');
            self.digest.update(&*line);
            self.out.write_all(&line)
        });
        written.map_err(BackupError::Write)
    }
}
