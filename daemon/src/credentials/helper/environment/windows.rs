//! What a helper sees of the agent's environment: where the system and the user's profile are, and Docker's own.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

/// Names there are the same in any case.
const SEEN: &[&str] = &[
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "ProgramData",
    "ProgramFiles",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "USERNAME",
    "USERDOMAIN",
    "TEMP",
    "TMP",
    "DOCKER_CONFIG",
];

/// The environment of helpers, without `PATH`.
pub(super) fn of(environment: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<OsString, OsString> {
    environment.filter(|(name, value)| may_see(name) && !value.is_empty()).collect()
}

fn may_see(name: &OsStr) -> bool {
    SEEN.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_sees_the_system_and_no_secret() {
        let given = [("SYSTEMROOT", r"C:\Windows"), ("SECRET", "s3cret"), ("TEMP", "")];
        let seen = of(given.into_iter().map(|(name, value)| (name.into(), value.into())));
        assert_eq!(seen.into_keys().collect::<Vec<_>>(), ["SYSTEMROOT"]);
    }
}
