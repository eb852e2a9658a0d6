//! The part of `policy` about the sessions of members.

use crate::{
    cli::SessionOptions,
    validity::{SessionTimes, span},
};

/// What is given.
pub(super) fn change(options: &SessionOptions) -> (Option<Option<i64>>, Option<Option<i64>>) {
    match options.session_default {
        true => (Some(None), Some(None)),
        false => (options.session_fresh.map(Some), options.session_valid.map(Some)),
    }
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
