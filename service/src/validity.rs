//! How long sealed documents last, and when a new one is due.

use proto::document::Header;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Times of one kind of document, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From issue until it is stale: still used, but reported.
    pub refresh_after: i64,
    /// From issue until it is expired.
    pub expires: i64,
}

/// Times of all kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validities {
    /// Policies.
    pub policy: Validity,
    /// The publishers directory. Policies name it by content, so a new one sends all policies
    /// anew: it lasts as long as a policy, and becomes stale later.
    pub directory: Validity,
    /// Sessions.
    pub session: Validity,
    /// What an agent shows instead of a password.
    pub agent_token: Validity,
}

impl Validities {
    /// From the settings of `serve`: a policy's and a session's end, and when both become stale.
    #[must_use]
    pub fn new(policy_expires: i64, session_expires: i64, refresh_after: i64) -> Self {
        let until = |expires: i64| Validity { refresh_after: refresh_after.min(expires), expires };
        Self {
            policy: until(policy_expires),
            directory: Validity { refresh_after: (policy_expires / 2).max(1), expires: policy_expires },
            session: until(session_expires),
            agent_token: Validity { refresh_after: session_expires, expires: session_expires },
        }
    }
}

impl Default for Validities {
    fn default() -> Self {
        Self::new(30 * DAY, 7 * DAY, DAY)
    }
}

/// What an organization chose for sessions of its members, in seconds; none: as the service is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionTimes {
    /// From issue until it is stale.
    pub fresh: Option<i64>,
    /// From issue until it is expired.
    pub valid: Option<i64>,
}

impl SessionTimes {
    /// Shortest that an organization may choose, in seconds: a machine is told at most as often.
    pub const SHORTEST: i64 = 60;
    /// Longest, in seconds.
    pub const LONGEST: i64 = 30 * DAY;
}

impl Validity {
    /// The shortest of all organizations of a member. One that chose nothing wants what the service is set to.
    #[must_use]
    pub fn shortest(self, chosen: &[SessionTimes]) -> Self {
        let shortest = |own: i64, of: fn(&SessionTimes) -> Option<i64>| {
            chosen.iter().map(|times| of(times).unwrap_or(own)).min().unwrap_or(own)
        };
        let expires = shortest(self.expires, |times| times.valid);
        Self { refresh_after: shortest(self.refresh_after, |times| times.fresh).min(expires), expires }
    }

    /// A header of a document issued now; it does not last beyond `until`.
    #[must_use]
    pub fn header(&self, subject: &str, audience: String, generation: i64, now: i64, until: Option<i64>) -> Header {
        let until = until.unwrap_or(i64::MAX);
        Header {
            subject: subject.to_owned(),
            audience,
            generation: u64::try_from(generation).unwrap_or_default(),
            issued_at: now,
            refresh_after: now.saturating_add(self.refresh_after).min(until),
            expires_at: now.saturating_add(self.expires).min(until),
        }
    }
}

/// When the next one is due: half-way to being stale, so that a machine that hears from
/// the service never reports a stale document.
#[must_use]
pub fn due_at(issued_at: i64, refresh_after: i64) -> i64 {
    issued_at + ((refresh_after - issued_at) / 2).max(1)
}

/// True when a new one has to be sealed: half-way to stale, or issued by a clock that was ahead.
#[must_use]
pub fn is_due(issued_at: i64, refresh_after: i64, now: i64) -> bool {
    now >= due_at(issued_at, refresh_after) || is_from_the_future(issued_at, now)
}

/// True when a clock issued it that was ahead: machines would refuse it.
#[must_use]
pub fn is_from_the_future(issued_at: i64, now: i64) -> bool {
    issued_at > now.saturating_add(proto::sealed::CLOCK_SKEW_SECONDS)
}

/// Writes what [`parse_seconds`] reads.
#[must_use]
pub fn span(seconds: i64) -> String {
    let units = [(DAY, 'd'), (HOUR, 'h'), (60, 'm')];
    let whole = units.into_iter().find(|(unit, _)| seconds % unit == 0);
    whole.map_or_else(|| format!("{seconds}s"), |(unit, letter)| format!("{}{letter}", seconds / unit))
}

/// Reads `30d`, `24h`, `15m` or `90s`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a time span; write for example `30d`, `24h`, `15m` or `90s`");
    let unit = match text.chars().last() {
        Some('d') => DAY,
        Some('h') => HOUR,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    match number.checked_mul(unit) {
        Some(seconds) if (1..=3650 * DAY).contains(&seconds) => Ok(seconds),
        _ => Err(format!("`{text}` is out of range: at least `1s`, at most `3650d`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_due_half_way_to_stale() {
        let validity = Validities::default().policy;
        let header = validity.header("acme", "any".to_owned(), 1, 1000, None);
        assert_eq!((header.refresh_after, header.expires_at), (1000 + DAY, 1000 + 30 * DAY));
        assert!(!is_due(1000, header.refresh_after, 1000 + DAY / 2 - 1));
        assert!(is_due(1000, header.refresh_after, 1000 + DAY / 2));
    }

    #[test]
    fn a_document_from_the_future_is_due() {
        assert!(is_due(10_000, 20_000, 9_000));
        assert!(!is_due(10_000, 20_000, 9_900), "a little is clock skew");
    }

    #[test]
    fn stale_never_lies_behind_expired() {
        let validities = Validities::new(10, 5, 60);
        for validity in [validities.policy, validities.directory, validities.session, validities.agent_token] {
            assert!(validity.refresh_after <= validity.expires && validity.refresh_after > 0);
        }
    }

    #[test]
    fn the_shortest_of_all_organizations_wins() {
        let own = Validities::default().session;
        let times = |fresh, valid| SessionTimes { fresh, valid };
        let cases = [
            (vec![], (DAY, 7 * DAY)),
            (vec![times(None, None)], (DAY, 7 * DAY)),
            (vec![times(Some(2 * DAY), Some(30 * DAY))], (2 * DAY, 30 * DAY)),
            (vec![times(Some(2 * DAY), Some(30 * DAY)), times(None, None)], (DAY, 7 * DAY)),
            (vec![times(Some(HOUR), None), times(None, Some(3 * DAY))], (HOUR, 3 * DAY)),
            (vec![times(None, Some(HOUR))], (HOUR, HOUR)),
            (vec![times(Some(5 * HOUR), Some(9 * HOUR)), times(Some(HOUR), Some(30 * DAY))], (HOUR, 9 * HOUR)),
        ];
        for (chosen, expected) in cases {
            let shortest = own.shortest(&chosen);
            assert_eq!((shortest.refresh_after, shortest.expires), expected, "{chosen:?}");
        }
    }

    #[test]
    fn nothing_lasts_beyond_its_end() {
        let header = Validities::default().session.header("a", "any".to_owned(), 1, 1000, Some(1060));
        assert_eq!((header.issued_at, header.refresh_after, header.expires_at), (1000, 1060, 1060));
    }

    #[test]
    fn time_spans_are_read() {
        for (text, expected) in [("1s", Some(1)), ("2m", Some(120)), ("24h", Some(DAY)), ("30d", Some(30 * DAY))] {
            assert_eq!(parse_seconds(text).ok(), expected);
        }
        for text in ["1s", "90s", "2m", "25h", "30d"] {
            assert_eq!(span(parse_seconds(text).unwrap()), text);
        }
        for text in ["", "d", "0s", "-1d", "1", "1w", "9999d", "99999999999999999999d", "1.5h", "é"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
