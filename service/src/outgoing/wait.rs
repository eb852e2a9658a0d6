//! How long somebody asks to be left alone.

use std::time::Duration;

use http::HeaderMap;

/// Longest wait that Docker Hub may ask for, in seconds.
const LONGEST: i64 = 3600;
/// Without a word of how long.
const DEFAULT: i64 = 60;

/// The wait that an answer asks for, from a second to an hour. Docker Hub names the moment, in seconds since the Unix
/// epoch; others a number of seconds.
#[must_use]
pub fn wait(headers: &HeaderMap, now: i64) -> Duration {
    let value = ["x-retry-after", "retry-after"].iter().find_map(|name| headers.get(*name));
    let number = value.and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse::<i64>().ok());
    let seconds = match number {
        Some(moment) if moment > LONGEST => moment - now,
        Some(seconds) => seconds,
        None => DEFAULT,
    };
    Duration::from_secs(seconds.clamp(1, LONGEST).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_moment_or_a_number_of_seconds_and_bounded() {
        let now = 1_800_000_000;
        let asked = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            wait(&headers, now).as_secs()
        };
        assert_eq!(asked("x-retry-after", &(now + 30).to_string()), 30);
        assert_eq!(asked("retry-after", "7"), 7);
        for (value, expected) in
            [("0", 1), ("-5", 1), ("99999999999999", 3600), ("1", 1), ("soon", 60), ("1700000000", 1)]
        {
            assert_eq!(asked("x-retry-after", value), expected, "{value}");
        }
        assert_eq!(wait(&HeaderMap::new(), now).as_secs(), 60);
    }
}
