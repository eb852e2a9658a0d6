//! Restoring a backup.

use std::{
    fs,
    io::{self, BufRead},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::chain;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{
    BackupError,
    line::{FORM, Head, Line, cells, hex},
    mode_of,
};
use crate::{
    data_dir::DataDir,
    model::ActKind,
    store::{Author, Cells, Column, Missing, Place, Store, TABLES, Writing, newest_schema},
};

/// Rows that are held at once.
const AT_ONCE: usize = 500;

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct Restored {
    /// Rows of all tables.
    pub rows: u64,
    /// Names of the keys that are in the data directory now.
    pub keys: Vec<String>,
    /// When the backup was taken, seconds since the Unix epoch.
    pub taken_at: i64,
}

/// Fills an empty database from a file, `-` is standard input, and brings its schema up to date. Keys of the backup go
/// into the data directory.
///
/// # Errors
/// [`BackupError`]; nothing of it is in the database then.
pub(crate) async fn restore(
    place: &Place,
    dir: &DataDir,
    path: &Path,
    author: &Author,
) -> Result<Restored, BackupError> {
    let input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::BufReader::new(io::stdin()))
    } else {
        Box::new(io::BufReader::new(fs::File::open(path).map_err(BackupError::Read)?))
    };
    let mut lines = Lines { input, digest: Sha256::new(), before: Sha256::new(), line: 0 };
    let head = lines.next()?.and_then(|line| serde_json::from_slice::<Head>(&line).ok());
    let head = head.filter(|head| head.pullgate_backup > 0).ok_or(BackupError::Foreign)?;
    if head.pullgate_backup > FORM || head.schema > newest_schema() {
        let (theirs, own) = (head.schema, newest_schema());
        return Err(BackupError::Newer { theirs, own, version: head.version });
    }
    let store = Store::open_at(place, Missing::Create, Some(head.schema)).await?;
    let restored = from_lines(&store, dir, lines, &head, author).await;
    store.close().await;
    let restored = restored?;
    // What came since.
    let store = Store::open(place, Missing::Refuse).await?;
    let settled = store.settle().await;
    store.close().await;
    if let Err(error) = settled {
        // The server does it by itself, later.
        tracing::warn!(error = %chain(&error), "all is restored; the database's server could not look through it yet");
    }
    Ok(restored)
}

async fn from_lines(
    store: &Store,
    dir: &DataDir,
    mut lines: Lines,
    head: &Head,
    author: &Author,
) -> Result<Restored, BackupError> {
    let mut change = store.write().await?;
    let theirs = change.schema().await?;
    if !change.is_empty().await? {
        return Err(BackupError::NotEmpty);
    }
    if theirs != head.schema {
        return Err(BackupError::OtherSchema { theirs, own: head.schema });
    }
    change.forget_sequence().await?;
    let (mut table, mut keys) = (None::<Table>, Vec::new());
    let mut rows = 0;
    loop {
        let damaged = BackupError::Damaged(lines.line + 1);
        let Some(line) = lines.next()? else { return Err(damaged) };
        match serde_json::from_slice(&line) {
            Ok(Line::Row(row)) => {
                rows += 1;
                let (Some(table), Some(cells)) = (&mut table, cells(row)) else { return Err(damaged) };
                table.rows.push(cells);
                if table.rows.len() >= AT_ONCE && !table.store(&mut change).await? {
                    return Err(damaged);
                }
            }
            Ok(Line::Table { table: name, columns }) => {
                if let Some(mut before) = table.take()
                    && !before.store(&mut change).await?
                {
                    return Err(damaged);
                }
                let Some(name) = TABLES.into_iter().find(|table| **table == name) else { return Err(damaged) };
                let known = change.columns(name).await?;
                let column = |name: &String| known.iter().find(|column| column.name == *name).cloned();
                let Some(columns) = columns.iter().map(column).collect::<Option<Vec<_>>>() else { return Err(damaged) };
                table = Some(Table { name, columns, rows: Vec::new() });
            }
            Ok(Line::Key { key, base64 }) => {
                let (Some(mode), Ok(bytes)) = (mode_of(&key), STANDARD.decode(base64)) else { return Err(damaged) };
                let bytes = Zeroizing::new(bytes);
                let path = dir.path().join(&key);
                if !dir.create_new(&key, &bytes, mode)? && fs::read(&path).map_err(BackupError::Read)? != *bytes {
                    return Err(BackupError::OtherKey(path));
                }
                keys.push(key);
            }
            Ok(Line::End { end, sha256 }) => {
                let digest = hex(&lines.before.clone().finalize());
                let whole = end == rows && sha256 == digest && lines.next()?.is_none();
                let last = match &mut table {
                    Some(last) => last.store(&mut change).await?,
                    None => false,
                };
                if !whole || !last {
                    return Err(damaged);
                }
                break;
            }
            Err(_) => return Err(damaged),
        }
    }
    change.continue_numbers().await?;
    let detail = serde_json::json!({ "taken_at": head.taken_at, "rows": rows, "keys": keys });
    let act = crate::store::Act { act: ActKind::DatabaseRestore, organization: "", target: "", detail };
    change.write_down(author, &act).await?;
    change.commit().await?;
    Ok(Restored { rows, keys, taken_at: head.taken_at })
}

/// Rows on their way into a table.
struct Table {
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Cells>,
}

impl Table {
    /// False: a value does not fit.
    async fn store(&mut self, change: &mut Writing) -> Result<bool, BackupError> {
        Ok(change.add_rows(self.name, &self.columns, std::mem::take(&mut self.rows)).await?)
    }
}

struct Lines {
    input: Box<dyn BufRead>,
    /// Of all lines.
    digest: Sha256,
    /// Of all but the last.
    before: Sha256,
    line: u64,
}

impl Lines {
    /// With its end.
    fn next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, BackupError> {
        let mut line = Zeroizing::new(Vec::new());
        if self.input.read_until(b'\n', &mut line).map_err(BackupError::Read)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.before = self.digest.clone();
        self.digest.update(&*line);
        Ok(Some(line))
    }
}
