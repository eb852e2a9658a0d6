//! Moments and spans of time, as people read and write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-11-26 11:04:05 UTC`.
#[must_use]
pub fn moment(at_ms: i64) -> String {
    proto::moment(at_ms.div_euclid(1000))
}

/// `5 s`, `12 min`, `3 h`, `9 days`: whole ones, rounded down.
#[must_use]
pub fn span(ms: i64) -> String {
    match ms.max(0) / 1000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Reads `90s`, `15m`, `2h`, `7d`.
///
/// # Errors
/// What to write instead.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time; write for example `90s`, `15m`, `2h` or `7d`");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(moment(1_795_691_045_999), "2026-11-26 11:04:05 UTC");
        assert_eq!(moment(-1), "1969-12-31 23:59:59 UTC");
        // No clock of any peer makes it fail.
        assert!(!moment(i64::MAX).is_empty() && !moment(i64::MIN).is_empty());
    }

    #[test]
    fn spans_are_read_and_told() {
        assert_eq!(
            ["90s", "15m", "2h", "7d"].map(|text| parse_span(text).unwrap().as_secs()),
            [90, 900, 7_200, 604_800]
        );
        for text in ["", "5", "m", "-1h", "1.5h", "1w", "99999999999999999d", "5é"] {
            assert!(parse_span(text).unwrap_err().contains("no span of time"), "{text}");
        }
        let told = [0, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000, -5].map(span);
        assert_eq!(told, ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days", "0 s"]);
    }
}
