//! Moments, as Docker Hub writes them.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::refused::Refused;

/// Seconds since the Unix epoch.
pub(super) fn moment(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// The end of a token; empty and absent: it has none.
pub(super) fn end(text: Option<&str>) -> Result<Option<i64>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let time = OffsetDateTime::parse(text, &Rfc3339);
    time.map(|time| Some(time.unix_timestamp()))
        .map_err(|_| Refused::invalid("`expires_at` is no time as in RFC 3339, such as `2027-12-31T23:59:59Z`"))
}

/// As its maker wrote it, while that is what it is.
pub(super) fn end_as_written(ends: Option<i64>, written: &str) -> String {
    match ends {
        None => String::new(),
        Some(at) if end(Some(written)).ok().flatten() == Some(at) => written.to_owned(),
        Some(at) => moment(at),
    }
}
