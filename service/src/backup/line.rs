//! The lines of a backup.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::store::{Cell, Cells};

/// Version of this form.
pub(super) const FORM: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// [`FORM`].
    pub pullgate_backup: u32,
    /// Newest step of the schema.
    pub schema: i64,
    /// Of the program.
    pub version: String,
    /// Seconds since the Unix epoch.
    pub taken_at: i64,
}

/// Any other line, by its keys; a row is an array.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Row(Vec<Value>),
    Key { key: String, base64: String },
    Table { table: String, columns: Vec<String> },
    End { end: u64, sha256: String },
}

pub(super) fn row(cells: Cells) -> Line {
    let value = |cell| match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => value.into(),
        Cell::Text(value) => value.into(),
        Cell::Bytes(value) => json!({ "base64": STANDARD.encode(value) }),
    };
    Line::Row(cells.0.into_iter().map(value).collect())
}

/// None: no backup has such a row.
pub(super) fn cells(row: Vec<Value>) -> Option<Cells> {
    let cell = |value| {
        Some(match value {
            Value::Null => Cell::Null,
            Value::Number(value) => Cell::Int(value.as_i64()?),
            Value::String(value) => Cell::Text(value),
            Value::Object(value) => Cell::Bytes(STANDARD.decode(value.get("base64")?.as_str()?).ok()?),
            Value::Bool(_) | Value::Array(_) => return None,
        })
    };
    row.into_iter().map(cell).collect::<Option<_>>().map(Cells)
}

pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
