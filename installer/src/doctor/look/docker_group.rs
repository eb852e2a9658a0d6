//! Who is root through the engine's socket.

use std::{
    fs,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
    process::{Command, Stdio},
};

/// Who may use the engine's socket beside root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// Everybody.
    Everybody,
    /// A group, and its members by name.
    Group(String, Vec<String>),
    /// Nobody.
    Nobody,
    /// There is no such socket.
    NoSocket,
}

/// Looks at the socket, and asks the system for its group.
pub fn look(socket: &Path) -> Users {
    let Ok(found) = fs::metadata(socket) else { return Users::NoSocket };
    if !found.file_type().is_socket() {
        return Users::NoSocket;
    }
    let gid = found.gid();
    match found.mode() {
        mode if mode & 0o002 != 0 => Users::Everybody,
        mode if mode & 0o020 != 0 && gid != 0 => match group(gid) {
            Some((name, members)) => Users::Group(name, members),
            None => Users::Group(gid.to_string(), Vec::new()),
        },
        _ => Users::Nobody,
    }
}

/// As the system knows it, directories of an organization included (`getent`, which every Linux with glibc has); else as
/// `/etc/group` has it.
fn group(gid: u32) -> Option<(String, Vec<String>)> {
    let asked = Command::new("getent").args(["group", &gid.to_string()]).stdin(Stdio::null()).output();
    let told = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let (name, mut members) = parse(&told.or_else(|| fs::read("/etc/group").ok())?, gid)?;
    // Whose own group it is, is in no list of members.
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    members.extend(users.lines().filter_map(|line| own(line, gid)));
    members.sort();
    members.dedup();
    Some((name, members))
}

fn parse(lines: &[u8], gid: u32) -> Option<(String, Vec<String>)> {
    String::from_utf8_lossy(lines).lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?;
        let members = fields.next().unwrap_or_default();
        let members = members.split(',').map(str::trim).filter(|member| !member.is_empty()).map(str::to_owned);
        (number.parse() == Ok(gid)).then(|| (name.to_owned(), members.collect()))
    })
}

fn own(line: &str, gid: u32) -> Option<String> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    (fields.nth(2)?.parse() == Ok(gid)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::{fs::PermissionsExt as _, net::UnixListener};

    use super::*;

    #[test]
    fn a_group_is_read_as_the_system_writes_it() {
        let lines = b"root:x:0:\ndocker:x:998:dana, eve\nempty:x:5:\n";
        assert_eq!(parse(lines, 998), Some(("docker".into(), vec!["dana".into(), "eve".into()])));
        assert_eq!(parse(lines, 5), Some(("empty".into(), Vec::new())));
        assert_eq!(parse(lines, 7), None);
        assert_eq!(own("ci:x:1001:998:CI:/home/ci:/bin/sh", 998), Some("ci".into()));
        assert_eq!(own("ci:x:998:1001::/:/bin/sh", 998), None);
    }

    #[test]
    fn a_socket_for_everybody_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("docker.sock");
        assert_eq!(look(&path), Users::NoSocket);
        fs::write(&path, "").unwrap();
        assert_eq!(look(&path), Users::NoSocket);
        fs::remove_file(&path).unwrap();
        let _listener = UnixListener::bind(&path).unwrap();
        for (mode, expected) in [(0o666, Users::Everybody), (0o600, Users::Nobody)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(look(&path), expected, "{mode:o}");
        }
    }
}
