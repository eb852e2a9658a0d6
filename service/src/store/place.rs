//! Where the database is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use proto::secret::Secret;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file of SQLite in this directory.
    Directory(PathBuf),
    /// A database of PostgreSQL.
    Postgres(PostgresUrl),
}

impl Place {
    /// The directory of the database's file; none: it is a server's.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(directory) => Some(directory),
            Self::Postgres(_) => None,
        }
    }
}

/// `postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=...`; prints nothing of itself.
#[derive(Clone)]
pub struct PostgresUrl(Secret);

impl PostgresUrl {
    /// Takes the text over; none: it names no PostgreSQL.
    #[must_use]
    pub fn new(text: Secret) -> Option<Self> {
        let (scheme, _) = text.expose().split_once("://")?;
        ["postgres", "postgresql"].contains(&scheme).then_some(Self(text))
    }

    /// True when it holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let (_, rest) = self.0.expose().split_once("://").unwrap_or_default();
        let (server, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, _) = server.split_once('/').unwrap_or((server, ""));
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        user.contains(':') || query.split('&').any(|pair| pair.starts_with("password="))
    }

    /// The text itself, for whoever connects.
    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The value of a parameter behind the `?`, as it is written there.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.0.expose().split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_known_by_its_scheme_and_prints_nothing() {
        let url = |text: &str| PostgresUrl::new(Secret::new(text.to_owned()));
        for (text, password) in [
            ("postgres://pullgate@db.example/pullgate", false),
            ("postgresql:///pullgate?host=/run/postgresql", false),
            ("postgres://db/x?sslmode=verify-full", false),
            ("postgres://db:5432/x", false),
            ("postgres://pullgate:hunter2@db.example:5432/pullgate", true),
            ("postgres://db/x?user=a&password=hunter2", true),
        ] {
            let url = url(text).unwrap();
            assert_eq!(url.has_password(), password, "{text}");
            assert!(!format!("{:?}", Place::Postgres(url)).contains("hunter2"));
        }
        for text in ["", "mysql://x", "postgres", "/var/lib/x.db", "sqlite://x"] {
            assert!(url(text).is_none(), "{text}");
        }
        let url = url("postgres://db/x?user=a&sslmode=require").unwrap();
        assert_eq!((url.parameter("sslmode"), url.parameter("mode")), (Some("require"), None));
    }
}
