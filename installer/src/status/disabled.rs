//! Whether somebody took the plugin out of the engine for a time (`pullgate disable`).

use std::{fs, io, path::Path};

use serde::Deserialize;

use crate::when;

/// Where `pullgate disable` says so.
pub const FILE: &str = "/var/lib/pullgate-install/disabled.json";

/// For how long the engine does not ask.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Disabled {
    /// Until when, in milliseconds since 1970.
    pub until_ms: i64,
    /// Why, in the words of whoever did it.
    #[serde(default)]
    pub reason: String,
    /// Who did it.
    #[serde(default)]
    pub by: String,
}

/// What this user can see of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seen {
    /// It is not.
    #[default]
    No,
    /// It is.
    Yes(Disabled),
    /// This user may not look.
    NotVisible,
}

impl Seen {
    /// Looks.
    pub fn look(path: &Path) -> Self {
        match fs::read(path) {
            // A damaged file was written by nobody but root: whatever it says, somebody disabled it.
            Ok(text) => Self::Yes(serde_json::from_slice(&text).unwrap_or(Disabled {
                until_ms: i64::MAX,
                reason: format!("`{}` is damaged", path.display()),
                by: String::new(),
            })),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Self::NotVisible,
            Err(_) => Self::No,
        }
    }
}

impl Disabled {
    /// `disabled until 2026-11-26 14:00:00 UTC by root (trying something)`.
    pub fn in_words(&self) -> String {
        let until = match self.until_ms {
            i64::MAX => String::new(),
            until_ms => format!(" until {}", when::moment(until_ms)),
        };
        let by = if self.by.is_empty() { String::new() } else { format!(" by {}", self.by) };
        let reason = if self.reason.is_empty() { String::new() } else { format!(" ({})", self.reason) };
        format!("disabled{until}{by}{reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_disabled_is_told_and_a_damaged_file_is_not_taken_for_none() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("disabled.json");
        assert_eq!(Seen::look(&path), Seen::No);
        fs::write(&path, r#"{"since_ms":0,"until_ms":1795691045000,"reason":"a demo","by":"root","door":true}"#)
            .unwrap();
        let Seen::Yes(disabled) = Seen::look(&path) else { panic!("it is disabled") };
        assert_eq!(disabled.in_words(), "disabled until 2026-11-26 11:04:05 UTC by root (a demo)");
        fs::write(&path, "{").unwrap();
        assert!(matches!(Seen::look(&path), Seen::Yes(disabled) if disabled.in_words().ends_with("is damaged)")));
    }
}
