//! What a helper sees of the agent's environment, and what it needs that a service manager did not set.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::{Path, PathBuf},
};

/// Beside `LC_*` and `XDG_*`: enough for key rings and GnuPG. `GPG_TTY` is not here: nobody sits before the
/// agent, and a terminal that it was started from is somebody else's by now.
const SEEN: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "GPG_AGENT_INFO",
    "SSH_AUTH_SOCK",
    "PASSWORD_STORE_DIR",
    "PASSWORD_STORE_KEY",
    GPG_OPTIONS,
    "DOCKER_CONFIG",
];

/// Options that `pass` gives to `gpg`.
const GPG_OPTIONS: &str = "PASSWORD_STORE_GPG_OPTS";
/// Fail at once instead of asking: a dialog that nobody called would be gone again at the helper's deadline.
const NEVER_ASK: &str = "--pinentry-mode=error";
/// Where systemd makes the runtime directories of users.
const RUNTIME_DIRECTORIES: &str = "/run/user";

/// The environment of helpers, without `PATH`.
pub(super) fn of(environment: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<OsString, OsString> {
    complete(environment, dirs::home_dir(), Path::new(RUNTIME_DIRECTORIES), rustix::process::geteuid().as_raw())
}

fn complete(
    environment: impl Iterator<Item = (OsString, OsString)>,
    home: Option<PathBuf>,
    runtime_directories: &Path,
    uid: u32,
) -> BTreeMap<OsString, OsString> {
    let seen = |(name, value): &(OsString, OsString)| may_see(name) && !value.is_empty();
    let mut variables: BTreeMap<OsString, OsString> = environment.filter(seen).collect();
    if let Some(home) = home {
        variables.entry("HOME".into()).or_insert(home.into());
    }
    let runtime = runtime_directories.join(uid.to_string());
    if is_own_directory(&runtime, uid) {
        variables.entry("XDG_RUNTIME_DIR".into()).or_insert(runtime.into());
    }
    // Where a session bus is by convention; not every library looks there by itself.
    if let Some(bus) = variables.get(OsStr::new("XDG_RUNTIME_DIR")).map(|directory| Path::new(directory).join("bus"))
        && fs::metadata(&bus).is_ok_and(|metadata| metadata.file_type().is_socket())
    {
        let mut address = OsString::from("unix:path=");
        address.push(bus);
        variables.entry("DBUS_SESSION_BUS_ADDRESS".into()).or_insert(address);
    }
    let options = variables.entry(GPG_OPTIONS.into()).or_default();
    if !options.is_empty() {
        options.push(" ");
    }
    options.push(NEVER_ASK);
    variables
}

fn may_see(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(b"LC_") || bytes.starts_with(b"XDG_") || SEEN.iter().any(|known| name == *known)
}

fn is_own_directory(path: &Path, uid: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == uid)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn completed(given: &[(&str, &str)], runtime_directories: &Path) -> Vec<(String, String)> {
        let given = given.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let uid = rustix::process::geteuid().as_raw();
        let completed = complete(given, Some("/home/alice".into()), runtime_directories, uid);
        let text = |part: OsString| part.into_string().expect("text");
        completed.into_iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn what_a_service_manager_left_out_is_found_where_it_is_by_convention() {
        let run = tempfile::tempdir().expect("directory");
        let own = run.path().join(rustix::process::geteuid().as_raw().to_string());
        fs::create_dir(&own).expect("directory");
        let own_text = own.to_str().expect("text").to_owned();
        let home = ("HOME".to_owned(), "/home/alice".to_owned());
        let options = (GPG_OPTIONS.to_owned(), NEVER_ASK.to_owned());
        let runtime = ("XDG_RUNTIME_DIR".to_owned(), own_text.clone());
        assert_eq!(completed(&[], run.path()), [home.clone(), options.clone(), runtime.clone()]);
        let _bus = UnixListener::bind(own.join("bus")).expect("bind");
        let bus = ("DBUS_SESSION_BUS_ADDRESS".to_owned(), format!("unix:path={own_text}/bus"));
        assert_eq!(completed(&[("HOME", "")], run.path()), [bus, home, options, runtime]);
    }

    #[test]
    fn what_is_set_stays() {
        let run = tempfile::tempdir().expect("directory");
        let given = [
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x"),
            ("GPG_TTY", "/dev/pts/1"),
            ("HOME", "/srv/bob"),
            (GPG_OPTIONS, "--no-tty"),
            ("SECRET", "s3cret"),
            ("XDG_RUNTIME_DIR", "/run/x"),
        ];
        let expected = [
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x"),
            ("HOME", "/srv/bob"),
            (GPG_OPTIONS, "--no-tty --pinentry-mode=error"),
            ("XDG_RUNTIME_DIR", "/run/x"),
        ];
        assert_eq!(completed(&given, run.path()), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
