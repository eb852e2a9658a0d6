//! *Activity* as a file: sent as it is read, so that the first of it comes at once, and no more of it is in memory than
//! one part.

use std::io::{self, Write as _};

use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use http::header;
use proto::chain;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    super::{fault::Fault, fields::Fields, view::activity as view, visitor::Visitor},
    read,
};
use crate::{
    acts::{
        ActError, Actor,
        activity::{self, Filter, Found},
    },
    clock,
    names::Name,
    rest::{Api, Record},
    store::{RecordRow, Store},
};

/// Most decisions of a file.
pub(in super::super) const MOST: usize = 10_000;
/// Most of one look at the store.
const BATCH: u32 = 1000;

/// The newest up to [`MOST`], in the form that the API has.
pub(in super::super) async fn json(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    file(&api, &visitor, &organization, query, Form::Json).await
}

/// The same for a spreadsheet.
pub(in super::super) async fn csv(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    file(&api, &visitor, &organization, query, Form::Csv).await
}

async fn file(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    query: Option<String>,
    form: Form,
) -> Result<Response, Fault> {
    let (_, organization) = visitor.member_of(organization)?;
    let (mut filter, _) = read(&Fields::parse(query.unwrap_or_default().as_bytes()), clock::now_ms());
    filter.before = None;
    let (kind, extension) = match form {
        Form::Json => ("application/json", "json"),
        Form::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    let disposition = format!("attachment; filename=\"activity-{organization}.{extension}\"");
    let mut search = Search { store: api.store.clone(), actor: visitor.actor(), organization, filter, found: 0 };
    // Who may not is told so, and so is whoever asks a database that does not answer.
    let first = search.part().await?;
    // One part waits: what nobody fetches is not read.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(send(search, first, form, sender));
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(ReceiverStream::new(receiver))).into_response())
}

/// What is looked for, and how far it came.
struct Search {
    store: Store,
    actor: Actor,
    organization: Name,
    filter: Filter,
    found: usize,
}

/// A part of a file.
struct Part {
    rows: Vec<RecordRow>,
    end: Option<End>,
}

/// How a file ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// There is no more.
    Whole,
    /// There is more than a file holds.
    Cut,
}

impl Search {
    async fn part(&mut self) -> Result<Part, ActError> {
        let found = activity::list(&self.store, &self.actor, &self.organization, self.filter.clone(), BATCH).await?;
        let Found { rows, next } = found;
        self.found += rows.len();
        let end = match next {
            None => Some(End::Whole),
            Some(_) if self.found >= MOST => Some(End::Cut),
            Some(_) => None,
        };
        self.filter.before = next;
        Ok(Part { rows, end })
    }
}

/// Sends parts until the end, or until nobody fetches them any more. A fault breaks the connection off, so that no half
/// file looks like a whole one.
async fn send(mut search: Search, first: Part, form: Form, sender: mpsc::Sender<io::Result<Bytes>>) {
    let (mut part, mut text) = (first, form.head());
    let mut is_first = true;
    loop {
        let written = form.write(&mut text, &part, is_first);
        is_first &= part.rows.is_empty();
        if sender.send(written.map(|()| std::mem::take(&mut text).into())).await.is_err() || part.end.is_some() {
            return;
        }
        part = match search.part().await {
            Ok(part) => part,
            Err(error) => {
                tracing::error!(error = %chain(&error), "a file of the activity ends in the middle");
                drop(sender.send(Err(io::Error::other(error))).await);
                return;
            }
        };
    }
}

/// What kind of file.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Csv,
}

impl Form {
    fn head(self) -> Vec<u8> {
        match self {
            Self::Json => b"{\"records\":[".to_vec(),
            Self::Csv => b"received,machine,user,action,image,answer,reason,category,rule,decision\r\n".to_vec(),
        }
    }

    /// Writes a part. `is_first`: no row stands before it.
    fn write(self, text: &mut Vec<u8>, part: &Part, mut is_first: bool) -> io::Result<()> {
        for row in &part.rows {
            match self {
                Self::Csv => text.extend_from_slice(line(row).as_bytes()),
                Self::Json => {
                    text.extend_from_slice(if std::mem::take(&mut is_first) { b"\n" } else { b",\n" });
                    serde_json::to_writer(&mut *text, &Record::from(row.clone()))?;
                }
            }
        }
        match (self, part.end) {
            (Self::Json, Some(end)) => writeln!(text, "\n],\"whole\":{}}}", end == End::Whole),
            // For who reads it: rows of such a table have more than one cell.
            (Self::Csv, Some(End::Cut)) => {
                write!(text, "cut: these are the newest {MOST}; search for less at a time to have all of it\r\n")
            }
            _ => Ok(()),
        }
    }
}

/// A row for a spreadsheet.
fn line(row: &RecordRow) -> String {
    let cells = [
        &view::exact(row.received_at_ms),
        &row.machine_id,
        &row.reported_by,
        &row.action,
        &row.image,
        view::answer(row),
        &row.reason,
        &row.category,
        &row.rule,
        &row.id,
    ];
    cells.map(cell).join(",") + "\r\n"
}

/// As RFC 4180 has it. What a spreadsheet would take for a formula begins with an apostrophe: machines report these
/// texts, and somebody opens them.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_row() {
        for (text, expected) in [
            ("docker.io/a/b:1", "docker.io/a/b:1"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "'+1"),
            ("@a", "'@a"),
            ("-1", "'-1"),
            ("a,b\nc", "\"a,b\nc\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }
}
