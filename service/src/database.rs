//! Which database, as the command line, the environment or a file says it. Its password never stands in an
//! argument list, which every user of the machine can read.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use proto::secret::Secret;

use crate::store::PostgresUrl;

/// Holds the URL where neither an argument nor a file is named.
pub const ENVIRONMENT: &str = "PULLGATE_DATABASE";
/// The file in the data directory that holds it where nothing else says it, so that a command on that machine
/// works on the same database as the service.
pub const FILE: &str = "database";

/// Why it is not known which database is meant.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Everybody can read it.
    #[error(
        "`--database` holds a password, and every user of this machine can read it there; change it, and put the URL \
         in a file (`--database-file`) or in `{ENVIRONMENT}`"
    )]
    Password,
    /// Some other text.
    #[error("{0} holds no URL of PostgreSQL; it is `postgres://USER:PASSWORD@HOST:PORT/NAME`")]
    NoUrl(String),
    /// The file cannot be read.
    #[error("the file with the URL of the database, `{path}`, cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error("everybody can read the URL of the database in `{path}` (mode {mode:04o}); run `chmod 0600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// PostgreSQL, if it is named: by an argument, in a named file, in the environment, or in the data directory.
///
/// # Errors
/// [`DatabaseError`].
pub fn named(
    data_dir: &Path,
    argument: Option<String>,
    file: Option<&Path>,
) -> Result<Option<PostgresUrl>, DatabaseError> {
    let url = |text: String, place: &str| {
        PostgresUrl::new(Secret::new(text)).ok_or_else(|| DatabaseError::NoUrl(place.to_owned()))
    };
    if let Some(text) = argument {
        let url = url(text, "`--database`")?;
        return if url.has_password() { Err(DatabaseError::Password) } else { Ok(Some(url)) };
    }
    let in_file = |path: &Path| url(read(path)?, &format!("`{}`", path.display())).map(Some);
    if let Some(path) = file {
        return in_file(path);
    }
    if let Some(text) = std::env::var(ENVIRONMENT).ok().filter(|text| !text.is_empty()) {
        return url(text, &format!("`{ENVIRONMENT}`")).map(Some);
    }
    let path = data_dir.join(FILE);
    if path.exists() { in_file(&path) } else { Ok(None) }
}

fn read(path: &Path) -> Result<String, DatabaseError> {
    let failed = |source| DatabaseError::Read { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
    // A group may: services get such files from systemd with the group's bits as a mask.
    if mode & 0o007 != 0 {
        return Err(DatabaseError::Open { path: path.to_owned(), mode });
    }
    let text = Secret::new(fs::read_to_string(path).map_err(failed)?);
    Ok(text.expose().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "postgres://pullgate:hunter2@db.example/pullgate";

    fn file(dir: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_password_is_taken_from_files_and_never_from_an_argument() {
        let dir = tempfile::tempdir().unwrap();
        let said = |argument: Option<&str>, file: Option<&Path>| {
            named(dir.path(), argument.map(str::to_owned), file).map(|url| url.is_some()).map_err(|e| e.to_string())
        };
        assert_eq!(said(None, None), Ok(false));
        assert_eq!(said(Some("postgres://pullgate@db.example/pullgate"), None), Ok(true));
        for refused in [URL, "postgres://db/x?password=hunter2"] {
            let error = said(Some(refused), None).unwrap_err();
            assert!(error.contains("--database-file") && !error.contains("hunter2"), "{error}");
        }
        let good = file(dir.path(), "url", &format!("{URL}\n"), 0o640);
        assert_eq!(said(None, Some(&good)), Ok(true));
        let open = file(dir.path(), "open", URL, 0o644);
        assert!(said(None, Some(&open)).unwrap_err().contains("chmod 0600"));
        let other = file(dir.path(), "other", "pullgate:hunter2@db", 0o600);
        let error = said(None, Some(&other)).unwrap_err();
        assert!(error.contains("holds no URL") && !error.contains("hunter2"), "{error}");
        assert!(said(None, Some(&dir.path().join("none"))).unwrap_err().contains("cannot be read"));
        file(dir.path(), FILE, URL, 0o600);
        assert_eq!(said(None, None), Ok(true), "what lies in the data directory counts for every command");
    }
}
