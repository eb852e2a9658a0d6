//! The part of `policy` about the sessions of members.

use anyhow::bail;

use crate::{
    cli::SessionOptions,
    validity::{SessionTimes, span},
};

/// What was set, with what is given in its place.
///
/// # Errors
/// When a session would be fresh longer than it is valid.
pub(super) fn merged(before: SessionTimes, options: &SessionOptions) -> anyhow::Result<SessionTimes> {
    if options.session_default {
        return Ok(SessionTimes::default());
    }
    let times =
        SessionTimes { fresh: options.session_fresh.or(before.fresh), valid: options.session_valid.or(before.valid) };
    if let SessionTimes { fresh: Some(fresh), valid: Some(valid) } = times
        && fresh > valid
    {
        bail!(
            "a session cannot be fresh for {} and valid for {}; give both `--session-fresh` and `--session-valid`",
            span(fresh),
            span(valid)
        );
    }
    Ok(times)
}

pub(super) fn nothing_given(options: &SessionOptions) -> bool {
    matches!(options, SessionOptions { session_fresh: None, session_valid: None, session_default: false })
}

/// One line.
pub(super) fn line(times: SessionTimes) -> String {
    let text = |seconds: Option<i64>| seconds.map_or_else(|| "as the service is set".to_owned(), span);
    let times = match times {
        SessionTimes { fresh: None, valid: None } => text(None),
        SessionTimes { fresh, valid } => format!("fresh {}, valid {}", text(fresh), text(valid)),
    };
    format!("{:<20} {times}", "sessions")
}
