//! The registry door's certificate authority, as far as this user may look at it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What was found.
#[derive(Debug)]
pub struct Ca {
    /// The certificate.
    pub certificate: PathBuf,
    /// Whole days until its end, negative behind it; or why that is not known.
    pub days_left: Result<i64, String>,
    /// The key.
    pub key: PathBuf,
    /// The key's mode where others than its owner may read it; none: they may not, or it cannot be seen.
    pub exposed: Option<u32>,
}

impl Ca {
    /// Looks, and reads no key.
    pub fn look(dir: &Path) -> Self {
        let (certificate, key) = (dir.join("trust/pullgate.pem"), dir.join("ca.key"));
        let days_left = match fs::read_to_string(&certificate) {
            Ok(pem) => end(&pem).map(|end| end - today()).ok_or_else(|| "it is no certificate".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err("there is none".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let mode = fs::metadata(&key).map(|key| key.mode() & 0o777).ok();
        Self { certificate, days_left, key, exposed: mode.filter(|mode| mode & 0o077 != 0) }
    }
}

fn today() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(now / 86_400).unwrap_or(i64::MAX)
}

/// The day, since 1970, of the end of a certificate in PEM. Not a reader of certificates: they have
/// two times side by side in one place only, their `Validity` (RFC 5280, 4.1.2.5).
fn end(pem: &str) -> Option<i64> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (text, _) = rest.split_once("-----END")?;
    end_of_der(&STANDARD.decode(text.split_whitespace().collect::<String>()).ok()?)
}

/// The same of a certificate in DER.
pub(super) fn end_of_der(der: &[u8]) -> Option<i64> {
    (0..der.len()).find_map(|at| {
        let (_, behind) = time(der.get(at..)?)?;
        let (end, _) = time(behind)?;
        Some(end)
    })
}

/// A `UTCTime` or `GeneralizedTime` as a day, and what is behind it.
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (century, digits, behind) = match der {
        [0x17, 13, rest @ ..] => (None, rest.get(..6)?, rest.get(13..)?),
        [0x18, 15, rest @ ..] => (Some(()), rest.get(..8)?, rest.get(15..)?),
        _ => return None,
    };
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (year, rest) = digits.split_at(if century.is_some() { 4 } else { 2 });
    let (month, day) = rest.split_at(2);
    let year: i64 = year.parse().ok()?;
    let year = match century {
        Some(()) => year,
        None if year < 50 => 2000 + year,
        None => 1900 + year,
    };
    Some((days(year, month.parse().ok()?, day.parse().ok()?), behind))
}

/// Days since 1970 of a day in the Gregorian calendar, in years that begin with March, so that the
/// leap day is the last one.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 + day
        - 719_469
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(
            [(1970, 1, 1), (1970, 3, 1), (2000, 2, 29), (2026, 11, 26)].map(|(y, m, d)| days(y, m, d)),
            [0, 59, 11_016, 20_783]
        );
    }

    #[test]
    fn the_end_of_a_certificate_is_the_second_of_its_times() {
        let utc = |text: &str| [&[0x17, 13], text.as_bytes()].concat();
        let general = |text: &str| [&[0x18, 15], text.as_bytes()].concat();
        let pem = |der: Vec<u8>| {
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
        };
        let der = [vec![0x30, 0x1e], utc("700101000000Z"), utc("261126000000Z"), vec![0x30]].concat();
        assert_eq!(end(&pem(der)), Some(20_783));
        let der = [utc("700101000000Z"), general("20501126000000Z")].concat();
        assert_eq!(end(&pem(der)), Some(days(2050, 11, 26)));
        assert_eq!(end(&pem(utc("700101000000Z"))), None);
        assert_eq!(end("no certificate"), None);
    }

    #[test]
    fn a_key_that_others_may_read_is_seen_and_one_that_is_not_there_is_not() {
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("ca.key");
        let exposed = || Ca::look(place.path()).exposed;
        assert_eq!(exposed(), None);
        fs::write(&key, "").unwrap();
        for (mode, seen) in [(0o600, None), (0o640, Some(0o640)), (0o604, Some(0o604)), (0o400, None)] {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposed(), seen);
        }
    }
}
