//! Moments at which rules and tokens end.

use super::ActError;

/// The last one, 9999-12-31T23:59:59Z, in seconds since the Unix epoch: later ones cannot be written as RFC 3339 has
/// them, and milliseconds of today are later than that.
pub const LAST_END: i64 = 253_402_300_799;

/// Whether something that is made now may end then; none: never.
///
/// # Errors
/// [`ActError::Past`], [`ActError::TooLate`].
pub(crate) fn check_end(at: Option<i64>, now: i64) -> Result<(), ActError> {
    match at {
        Some(at) if at <= now => Err(ActError::Past),
        Some(at) if at > LAST_END => Err(ActError::TooLate(at)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_in_the_future_and_no_milliseconds() {
        let now = 1_800_000_000;
        for good in [None, Some(now + 1), Some(LAST_END)] {
            assert!(check_end(good, now).is_ok(), "{good:?}");
        }
        for past in [i64::MIN, 0, now] {
            assert!(matches!(check_end(Some(past), now), Err(ActError::Past)), "{past}");
        }
        for late in [LAST_END + 1, (now + 1) * 1000, i64::MAX] {
            let text = check_end(Some(late), now).unwrap_err().to_string();
            assert!(text.contains(&LAST_END.to_string()) && text.contains("milliseconds"), "{text}");
        }
        let last = time::OffsetDateTime::from_unix_timestamp(LAST_END).unwrap();
        let last = last.format(&time::format_description::well_known::Rfc3339).unwrap();
        assert!(ActError::TooLate(0).to_string().contains(&last), "{last}");
    }
}
