//! Flags of `policy set` for sessions.

use clap::Args;

use crate::validity::{SessionTimes, parse_seconds};

/// What is given replaces what was set; the rest stays. Of several organizations of a member the shortest counts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sessions of members")]
pub struct SessionOptions {
    /// How long a sign-in counts as fresh on a machine that does not reach the service, 1m to 30d
    #[arg(long, value_name = "TIME", value_parser = session_time)]
    pub session_fresh: Option<i64>,
    /// How long it is valid there, 1m to 30d
    #[arg(long, value_name = "TIME", value_parser = session_time)]
    pub session_valid: Option<i64>,
    /// Both as the service is set
    #[arg(long, conflicts_with_all = ["session_fresh", "session_valid"])]
    pub session_default: bool,
}

fn session_time(text: &str) -> Result<i64, String> {
    let seconds = parse_seconds(text)?;
    if (SessionTimes::SHORTEST..=SessionTimes::LONGEST).contains(&seconds) {
        Ok(seconds)
    } else {
        Err(format!("`{text}` is out of range: at least `1m`, at most `30d`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_last_a_minute_to_thirty_days() {
        for (text, good) in [("59s", false), ("60s", true), ("30d", true), ("31d", false), ("x", false)] {
            assert_eq!(session_time(text).is_ok(), good, "{text}");
        }
    }
}
