//! What the agent's program found on the way to the policy service (`pullgated reach`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::ca;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// Whole days until the end of the certificate that the service showed, negative behind it; none: plain HTTP, or
    /// there is no connection.
    pub days_left: Option<i64>,
    /// How many seconds this machine's clock is ahead of the service's; none: it does not say.
    pub ahead_s: Option<i64>,
    /// How long the connection took, in milliseconds.
    pub took_ms: u64,
    /// What is wrong; empty: it answers.
    pub error: String,
}

impl Reached {
    /// Of what the agent's program printed, at `now_s` seconds since 1970.
    pub fn of(told: &Value, now_s: i64) -> Self {
        let certificate = told["certificate"].as_str().and_then(|text| STANDARD.decode(text).ok());
        let end = certificate.and_then(|der| ca::end_of_der(&der));
        Self {
            days_left: end.map(|end| end - now_s.div_euclid(86_400)),
            ahead_s: told["date"].as_str().and_then(seconds).map(|there| now_s - there),
            took_ms: told["took_ms"].as_u64().unwrap_or_default(),
            error: told["error"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// A date of HTTP (RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`) in seconds since 1970.
fn seconds(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = date.split(' ').skip(1);
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let mut next = || time.next().flatten();
    let second = next()? * 3600 + next()? * 60 + next()?;
    Some(ca::days(year, i64::try_from(month).ok()?, day) * 86_400 + second)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(seconds("Thu, 26 Nov 2026 11:04:05 GMT"), Some(1_795_691_045));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in ["", "now", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_agent_found_is_taken_over() {
        let told = json!({"date": "Thu, 26 Nov 2026 11:04:05 GMT", "took_ms": 12, "error": null, "certificate": null});
        let expected = Reached { ahead_s: Some(90), took_ms: 12, ..Reached::default() };
        assert_eq!(Reached::of(&told, 1_795_691_135), expected);
        assert_eq!(Reached::of(&json!({"error": "refused"}), 0).error, "refused");
    }
}
