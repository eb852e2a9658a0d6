//! *Activity*: what machines refused, or would have.

mod export;

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use serde_json::json;

pub(super) use self::export::{MOST, csv, json as json_file};
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
    rest::{Api, has_nul},
    roles::Deed,
};

/// Decisions of one page.
const PAGE: u32 = 50;
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
    // Beside each other: either may look at many thousand rows.
    let (summary, found) = tokio::try_join!(
        activity::summary(&api.store, &actor, &name, since.since_ms(now_ms)),
        activity::list(&api.store, &actor, &name, filter.clone(), PAGE)
    )?;
    let Found { rows, next } = found;
    let older = next.map(|position| fields.address(&view::path(name.as_str()), &[("before", &encode(&position))]));
    let page = Activity {
        organization: name.as_str(),
        allows: visitor.may(membership, Deed::ChangeLists),
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
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| !has_nul(bytes))?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_page_begins_comes_back_and_nonsense_is_the_first_page() {
        let position = (1_800_000_000_000, "m-1".to_owned(), "01J9".to_owned());
        assert_eq!(decode(&encode(&position)), Some(position));
        for bad in ["", "!", "bnVsbA", "W10", &encode(&(1, "m\0".to_owned(), "01J9".to_owned()))] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
