//! What commands read: secrets from standard input, times, short texts.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, bail};
use proto::secret::Secret;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    acts::{self, preview::Confirmation},
    identity::MAX_SECRET_BYTES,
    names::Name,
    validity::parse_seconds,
};

/// The first line of standard input; typed, it is not shown.
pub(super) fn password(user: &Name) -> anyhow::Result<Secret> {
    let stdin = std::io::stdin();
    let hidden = stdin.is_terminal().then(|| Hidden::ask(&format!("password of `{user}`: ")));
    let mut line = zeroize::Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES + 2));
    let read = stdin.lock().take(MAX_SECRET_BYTES as u64 + 2).read_until(b'\n', &mut line);
    drop(hidden);
    read.context("the password cannot be read from standard input")?;
    let text = std::str::from_utf8(&line).ok().context("the password on standard input is not UTF-8")?;
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    check_password(text)?;
    Ok(Secret::new(text.to_owned()))
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn ask(question: &str) -> Self {
        let stdin = std::io::stdin();
        let before = termios::tcgetattr(&stdin).ok();
        if let Some(mut now) = before.clone() {
            now.local_modes.remove(LocalModes::ECHO);
            // One that cannot be told shows it.
            let _ = termios::tcsetattr(&stdin, OptionalActions::Now, &now);
        }
        eprint!("{question}");
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
        eprintln!();
    }
}

fn check_password(text: &str) -> anyhow::Result<()> {
    if text.is_empty() {
        bail!("standard input holds no password; for example: `printf %s \"$PASSWORD\" | pullgate-service ...`");
    }
    Ok(acts::password(text)?)
}

/// Seconds since the Unix epoch of a time in the future.
pub(super) fn expires(text: &str, now: i64) -> anyhow::Result<i64> {
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| anyhow::anyhow!("`{text}` is not a time; write it like `2027-01-31T00:00:00Z`"))?
        .unix_timestamp();
    if at <= now {
        bail!("`{text}` is in the past; a rule that ended allows and denies nothing");
    }
    Ok(at)
}

/// Seconds since the Unix epoch of the end of a token: after a span, or at a time in the future.
pub(super) fn ends(text: &str, now: i64) -> anyhow::Result<i64> {
    if let Ok(seconds) = parse_seconds(text) {
        return Ok(now.saturating_add(seconds));
    }
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| {
            anyhow::anyhow!("`--expires {text}` is no time; write for example `90d`, or `2027-01-31T00:00:00Z`")
        })?
        .unix_timestamp();
    if at <= now {
        bail!("`--expires {text}` is in the past; a token that ended signs nobody in");
    }
    Ok(at)
}

/// From how many people it may take something.
pub(super) fn confirmation(people: Option<u32>) -> Confirmation {
    people.map_or(Confirmation::None, |people| Confirmation::People(people as usize))
}

/// A time for people.
pub(super) fn date(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_future() {
        assert_eq!(expires("2027-01-31T00:00:00Z", 0).unwrap(), 1_801_353_600);
        assert_eq!(expires("2027-01-31T01:00:00+01:00", 0).unwrap(), 1_801_353_600);
        assert!(expires("2027-01-31T00:00:00Z", 1_801_353_600).is_err());
        assert!(expires("tomorrow", 0).is_err());
        assert_eq!((ends("90d", 1000).unwrap(), ends("1s", 1000).unwrap()), (90 * 86_400 + 1000, 1001));
        assert_eq!(ends("2027-01-31T00:00:00Z", 0).unwrap(), 1_801_353_600);
        for bad in ["0s", "-1d", "9999d", "tomorrow", "1970-01-01T00:00:00Z", ""] {
            assert!(ends(bad, 0).is_err(), "{bad}");
        }
        assert_eq!(date(1_801_353_600), "2027-01-31T00:00:00Z");
    }
}
