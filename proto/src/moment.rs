//! Moments, as people read them: the same in every process's log, answers and texts.

/// `2026-11-26 11:04:05 UTC`, of seconds since 1970. No local time: what is copied into a ticket must mean the same
/// elsewhere.
#[must_use]
pub fn moment(second: i64) -> String {
    let (year, month, day) = date(second.div_euclid(86_400));
    let second = second.rem_euclid(86_400);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

/// A day since 1970 in the Gregorian calendar, counted in years that begin with March, so that the leap day is the
/// last one.
fn date(day: i64) -> (i64, i64, i64) {
    let shifted = day.saturating_add(719_468);
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (year + era * 400, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(-1), "1969-12-31 23:59:59 UTC");
        assert_eq!(moment(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(moment(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(moment(1_795_691_045), "2026-11-26 11:04:05 UTC");
        // No clock of any peer makes it fail.
        assert!(!moment(i64::MAX).is_empty() && !moment(i64::MIN).is_empty());
    }
}
