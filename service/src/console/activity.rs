//! *Activity*: what machines refused, or would have.

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{StatusCode, header};
use serde_json::json;

use super::{
    fault::Fault,
    fields::Fields,
    view::{
        Here, Tab,
        activity::{self as view, Activity, Shown, Since},
    },
    visitor::Visitor,
};
use crate::{
    acts::activity::{self, Filter, Found, Position},
    clock,
    names::Name,
    rest::{Api, Record},
    roles::{Deed, Standing},
    store::RecordRow,
};

/// Decisions of one page.
const PAGE: u32 = 50;
/// Most decisions of a file.
pub(super) const MOST: usize = 10_000;
/// Most of one look at the store.
const BATCH: u32 = 1000;
/// Longest that is searched for, in characters.
const LONGEST: usize = 200;
const DAY_MS: i64 = 86_400_000;

/// Shows it.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(&organization)?;
    let (fields, now_ms, actor) =
        (Fields::parse(query.unwrap_or_default().as_bytes()), clock::now_ms(), visitor.actor());
    let (filter, since) = read(&fields, now_ms);
    let summary = activity::summary(&api.store, &actor, &name, since.since_ms(now_ms)).await?;
    let Found { rows, next } = activity::list(&api.store, &actor, &name, filter.clone(), PAGE).await?;
    let older = next.map(|position| fields.address(&view::path(name.as_str()), &[("before", &encode(&position))]));
    let page = Activity {
        organization: name.as_str(),
        allows: Deed::ChangeLists.row().allows(Standing::Member(membership.role)),
        fields: &fields,
        shown: shown(&fields),
        since,
        filter: &filter,
        today: now_ms.div_euclid(DAY_MS),
        summary: &summary,
        rows: &rows,
        older: older.as_deref(),
    };
    Ok(visitor.page(StatusCode::OK, Here::Of(membership, Tab::Activity), "Activity", &view::content(&page)))
}

/// What a query asks for; nonsense in it asks for nothing in particular.
fn read(fields: &Fields, now_ms: i64) -> (Filter, Since) {
    let text = |name| fields.text(name).chars().take(LONGEST).collect::<String>();
    let since: Since = fields.choice("since").unwrap_or_default();
    let filter = Filter {
        which: shown(fields).which(),
        before: decode(fields.text("before")),
        since_ms: Some(since.since_ms(now_ms)),
        until_ms: None,
        image: text("image"),
        user: text("user"),
        machine: text("machine"),
        ..Filter::default()
    };
    (filter, since)
}

fn shown(fields: &Fields) -> Shown {
    fields.choice("show").unwrap_or_default()
}

fn encode(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(json!(position).to_string())
}

fn decode(text: &str) -> Option<Position> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// All of it, up to [`MOST`], in the form that the API has.
pub(super) async fn json(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (name, rows, whole) = all(&api, &visitor, &organization, query).await?;
    let records: Vec<Record> = rows.into_iter().map(Record::from).collect();
    let text = serde_json::to_vec_pretty(&json!({ "records": records, "whole": whole }));
    Ok(file(&name, "json", "application/json", text.map_err(|error| Fault::broken(&error))?))
}

/// The same for a spreadsheet.
pub(super) async fn csv(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (name, rows, _) = all(&api, &visitor, &organization, query).await?;
    Ok(file(&name, "csv", "text/csv; charset=utf-8", table(&rows).into_bytes()))
}

/// True: there are no more than these.
async fn all(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    query: Option<String>,
) -> Result<(Name, Vec<RecordRow>, bool), Fault> {
    let (_, name) = visitor.member_of(organization)?;
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    let (mut filter, _) = read(&fields, clock::now_ms());
    filter.before = None;
    let mut all = Vec::new();
    loop {
        let Found { rows, next } = activity::list(&api.store, &visitor.actor(), &name, filter.clone(), BATCH).await?;
        all.extend(rows);
        match next {
            Some(_) if all.len() >= MOST => return Ok((name, all, false)),
            Some(next) => filter.before = Some(next),
            None => return Ok((name, all, true)),
        }
    }
}

fn file(organization: &Name, extension: &str, kind: &'static str, content: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"activity-{organization}.{extension}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], content).into_response()
}

fn table(rows: &[RecordRow]) -> String {
    let mut table = "received,machine,user,action,image,answer,reason,category,rule,decision\r\n".to_owned();
    for row in rows {
        let cells = [
            view::exact(row.received_at_ms),
            row.machine_id.clone(),
            row.reported_by.clone(),
            row.action.clone(),
            row.image.clone(),
            view::answer(row).to_owned(),
            row.reason.clone(),
            row.category.clone(),
            row.rule.clone(),
            row.id.clone(),
        ];
        table.push_str(&cells.map(|text| cell(&text)).join(","));
        table.push_str("\r\n");
    }
    table
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

    #[test]
    fn where_a_page_begins_comes_back_and_nonsense_is_the_first_page() {
        let position = (1_800_000_000_000, "m-1".to_owned(), "01J9".to_owned());
        assert_eq!(decode(&encode(&position)), Some(position));
        for bad in ["", "!", "bnVsbA", "W10"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
