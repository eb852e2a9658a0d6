//! What looks like an engine and cannot be governed here, and the users who could have one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{NotAnEngine, below, process::Process};

/// A script; a program is larger.
const MAX_SCRIPT: u64 = 1 << 14;

/// A user of this machine.
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) name: Option<String>,
    pub(super) home: PathBuf,
}

/// The users that are in `/etc/passwd`; each user id once.
pub(super) fn users(root: &Path) -> Vec<User> {
    let passwd = fs::read(below(root, Path::new("/etc/passwd"))).unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let mut users: Vec<User> = Vec::new();
    for line in passwd.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, _, _, home, ..] = fields[..] else { continue };
        let Ok(uid) = uid.parse() else { continue };
        if !users.iter().any(|user| user.uid == uid) && home.starts_with('/') {
            users.push(User { uid, name: Some(name.to_owned()), home: PathBuf::from(home) });
        }
    }
    users
}

pub(super) fn find(root: &Path, processes: &[Process]) -> Vec<NotAnEngine> {
    let mut others = Vec::new();
    let mut push = |what: &str, why: &str| others.push(NotAnEngine { what: what.to_owned(), why: why.to_owned() });
    if podman(root) {
        push(
            "Podman",
            "it answers the `docker` command here and asks no authorization plugin; where images are to be governed, \
             remove `podman-docker`",
        );
    }
    if desktop(root) {
        push(
            "Docker Desktop",
            "its engine runs in a virtual machine with settings of its own, and asks no plugin of this machine; Docker's \
             own Image Access Management is for it",
        );
    }
    let inside = processes.iter().filter(|process| process.in_container).count();
    if inside > 0 {
        push(
            &format!("{inside} in containers"),
            "engines in containers ask no plugin of this machine; `pullgate egress` can hold back what they fetch",
        );
    }
    others
}

/// Its socket in the place of the engine's, or its script in the place of the command.
fn podman(root: &Path) -> bool {
    let linked = ["/run/docker.sock", "/var/run/docker.sock"].iter().any(|socket| {
        fs::read_link(below(root, Path::new(socket))).is_ok_and(|target| target.to_string_lossy().contains("podman"))
    });
    linked
        || ["/usr/bin/docker", "/usr/local/bin/docker"].iter().any(|path| {
            let path = below(root, Path::new(path));
            let small = fs::metadata(&path).is_ok_and(|it| it.is_file() && it.len() <= MAX_SCRIPT);
            small && fs::read(&path).is_ok_and(|text| String::from_utf8_lossy(&text).contains("podman"))
        })
}

fn desktop(root: &Path) -> bool {
    below(root, Path::new("/opt/docker-desktop")).is_dir()
}
