//! Who the registry door is: root, or one user of this machine.
//!
//! A name is looked up in `/etc/passwd` itself. The system's own look-up may ask a directory on the network,
//! and a caller of the control socket would have the plugin wait for it.

use std::{fmt, io, path::Path, str::FromStr};

use crate::state::read_bounded;

const PASSWD: &str = "/etc/passwd";
/// More than any machine's local users take, in bytes.
const MAX_PASSWD_BYTES: u64 = 4 << 20;
/// `useradd`'s own limit.
const MAX_NAME_BYTES: usize = 256;

/// A user, by number or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorUser {
    /// By number.
    Uid(u32),
    /// By name; nobody, while this machine has no such user. So the user may be made after the plugin's start.
    Name(String),
}

/// Neither a name nor a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a user's name nor a user id")]
pub struct NoUser(String);

impl DoorUser {
    /// Whether a caller is this user.
    #[must_use]
    pub fn is(&self, uid: u32) -> bool {
        match self {
            Self::Uid(wanted) => *wanted == uid,
            // What cannot be read names nobody.
            Self::Name(name) => matches!(look_up(Path::new(PASSWD), name), Ok(Some(found)) if found == uid),
        }
    }
}

impl FromStr for DoorUser {
    type Err = NoUser;
    fn from_str(text: &str) -> Result<Self, NoUser> {
        if let Ok(uid) = text.parse() {
            return Ok(Self::Uid(uid));
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if numeric || !plain || text.len() > MAX_NAME_BYTES {
            return Err(NoUser(text.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()));
        }
        Ok(Self::Name(text.to_owned()))
    }
}

impl fmt::Display for DoorUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "{uid}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The number of a local user (passwd(5)): the first line of that name counts.
fn look_up(passwd: &Path, name: &str) -> io::Result<Option<u32>> {
    let text = read_bounded(passwd, MAX_PASSWD_BYTES)?;
    let line = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1).and_then(|uid| uid.parse().ok()))
    });
    Ok(line.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_and_nobody_where_it_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let passwd = directory.path().join("passwd");
        let text = b"root:x:0:0:root:/root:/bin/bash\n\xff:x:1:1::/:\npullgate-proxy2:x:7:7::/:\n# pullgate-proxy\n\
            pullgate-proxy:x:990:990:pullgate's registry door:/:/usr/sbin/nologin\npullgate-proxy:x:1:1::/:\nodd:x:-1:1::/:\n";
        std::fs::write(&passwd, text).expect("a file");
        let uid = |name| look_up(&passwd, name).expect("readable");
        assert_eq!((uid("pullgate-proxy"), uid("root")), (Some(990), Some(0)));
        assert_eq!((uid("pullgate"), uid("odd"), uid(""), uid("x")), (None, None, None, None));
        look_up(directory.path(), "root").expect_err("a directory");
    }

    #[test]
    fn a_user_is_a_number_or_a_name() {
        assert_eq!("990".parse(), Ok(DoorUser::Uid(990)));
        assert_eq!("pullgate-proxy".parse(), Ok(DoorUser::Name("pullgate-proxy".into())));
        for text in ["", "a b", "a:b", "-1 ", "99999999999", "a\n"] {
            assert!(text.parse::<DoorUser>().is_err(), "{text:?}");
        }
        assert!("root".parse::<DoorUser>().is_ok_and(|root| root.is(0) && !root.is(1)));
        assert!(!DoorUser::Name("no-such-user".into()).is(0));
    }
}
