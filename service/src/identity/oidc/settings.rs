//! The file that names the identity provider.

use std::{
    fs, io,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use proto::secret::Secret;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::outgoing::{Base, Encryption, UrlError};

/// Longest settings file and longest client secret, in bytes.
const MAX_BYTES: u64 = 64 << 10;
const MAX_SECRET_BYTES: usize = 4 << 10;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be opened or read.
    #[error("`{path}` cannot be read: {source}; is the path right, and may this user read it?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link, a directory, a pipe.
    #[error("`{0}` must be a regular file, not a link or anything else; name the file itself")]
    NotAFile(PathBuf),
    /// Somebody else could change or read it.
    #[error(
        "`{path}` must belong to root or to the user that runs the service, and {what} (uid {owner}, mode {mode:04o}); \
         run `chmod {right} {path}`"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What others must not do.
        what: &'static str,
        /// Whose it is.
        owner: u32,
        /// Its mode.
        mode: u32,
        /// A better one.
        right: &'static str,
    },
    /// Too long.
    #[error("`{0}` is longer than it can be; is it the right file?")]
    TooLong(PathBuf),
    /// Not the JSON that it should be.
    #[error("`{path}` does not hold the settings of an identity provider: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The issuer is no address that may be called.
    #[error("the `issuer` in `{path}` cannot be used")]
    Issuer {
        /// The file.
        path: PathBuf,
        /// Why.
        source: UrlError,
    },
    /// No address of a console.
    #[error(
        "`consoleUrl` in `{path}` is not where a console can be; write how people reach it, without a path, for example \
         `https://pullgate.acme.example`"
    )]
    Console {
        /// The file.
        path: PathBuf,
    },
    /// A setting that is empty.
    #[error("`{key}` in `{path}` is empty; {hint}")]
    Empty {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What belongs there.
        hint: &'static str,
    },
    /// Nothing in the file with the secret.
    #[error("the client secret in `{0}` is empty or no text; write the secret that the identity provider shows")]
    Secret(PathBuf),
}

/// The identity provider, and what its words mean here.
#[derive(Debug)]
pub struct Settings {
    /// What the provider calls itself, byte for byte.
    pub issuer: String,
    /// How it is called.
    pub encryption: Encryption,
    /// What it calls this service.
    pub client_id: String,
    /// What it knows this service by.
    pub client_secret: Secret,
    /// Whom to trust besides the system's authorities.
    pub ca_file: Option<PathBuf>,
    /// The claim that is the user name here.
    pub username_claim: String,
    /// The claim that lists `organization` and `organization:team`.
    pub groups_claim: Option<String>,
    /// Besides `openid`.
    pub scopes: Vec<String>,
    /// Where browsers reach the console, without a path; none: they do not sign in with the provider.
    pub console_url: Option<Base>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    ca_file: Option<PathBuf>,
    #[serde(default = "preferred_username")]
    username_claim: String,
    groups_claim: Option<String>,
    #[serde(default = "profile")]
    scopes: Vec<String>,
    console_url: Option<String>,
}

fn preferred_username() -> String {
    "preferred_username".to_owned()
}

fn profile() -> Vec<String> {
    vec!["profile".to_owned()]
}

impl Settings {
    /// Reads the file, and the secret beside it. Paths in it count from its directory.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let bytes = read_closed(path, Closed::ToWriters)?;
        let wire: Wire =
            serde_json::from_slice(&bytes).map_err(|source| SettingsError::Json { path: path.to_owned(), source })?;
        let base = wire.issuer.parse::<Base>();
        let base = base.map_err(|source| SettingsError::Issuer { path: path.to_owned(), source })?;
        let empty = |key, hint| SettingsError::Empty { path: path.to_owned(), key, hint };
        if wire.client_id.is_empty() {
            return Err(empty("clientId", "it is what the identity provider calls this service"));
        }
        if wire.username_claim.is_empty() {
            return Err(empty("usernameClaim", "leave it out for `preferred_username`"));
        }
        if wire.groups_claim.as_deref() == Some("") {
            return Err(empty("groupsClaim", "leave it out if groups decide nothing here"));
        }
        let console_url = wire.console_url.as_deref().map(str::parse::<Base>).transpose();
        let console_url = console_url.ok().filter(|url| url.as_ref().is_none_or(Base::is_host));
        let console_url = console_url.ok_or_else(|| SettingsError::Console { path: path.to_owned() })?;
        let beside = path.parent().unwrap_or(Path::new("."));
        let client_secret = read_secret(&beside.join(wire.client_secret_file))?;
        Ok(Self {
            issuer: wire.issuer,
            encryption: base.encryption(),
            client_id: wire.client_id,
            client_secret,
            ca_file: wire.ca_file.map(|file| beside.join(file)),
            username_claim: wire.username_claim,
            groups_claim: wire.groups_claim,
            scopes: wire.scopes.into_iter().filter(|scope| scope != "openid").collect(),
            console_url,
        })
    }
}

/// Against what a file must be closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// Others must not change it.
    ToWriters,
    /// Nor read it.
    ToReaders,
}

fn read_secret(path: &Path) -> Result<Secret, SettingsError> {
    let bytes = read_closed(path, Closed::ToReaders)?;
    let text = std::str::from_utf8(&bytes).ok().map(|text| text.trim_end_matches(['\n', '\r']));
    match text {
        Some(text) if !text.is_empty() && text.len() <= MAX_SECRET_BYTES => Ok(Secret::new(text.to_owned())),
        _ => Err(SettingsError::Secret(path.to_owned())),
    }
}

fn read_closed(path: &Path, closed: Closed) -> Result<Zeroizing<Vec<u8>>, SettingsError> {
    let path = || path.to_owned();
    let failed = |source| SettingsError::Read { path: path(), source };
    // Not blocked by a pipe, and what is checked is what is read.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = fs::File::options().read(true).custom_flags(flags).open(path()).map_err(|source| {
        let link = source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
        if link { SettingsError::NotAFile(path()) } else { failed(source) }
    })?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(SettingsError::NotAFile(path()));
    }
    let (others, what, right) = match closed {
        Closed::ToWriters => (0o022, "nobody else may write it", "0644"),
        Closed::ToReaders => (0o077, "nobody else may read it", "0600"),
    };
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    let own = owner == 0 || owner == rustix::process::geteuid().as_raw();
    if !own || mode & others != 0 {
        return Err(SettingsError::Open { path: path(), what, owner, mode, right });
    }
    if metadata.len() > MAX_BYTES {
        return Err(SettingsError::TooLong(path()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            files.write("secret", "s3cret\n", 0o600);
            files
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, content: &str, mode: u32) {
            fs::write(self.path(name), content).unwrap();
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }

        fn read(&self, json: &str) -> Result<Settings, SettingsError> {
            self.write("oidc.json", json, 0o644);
            Settings::read(&self.path("oidc.json"))
        }
    }

    const GOOD: &str = r#"{"issuer":"https://id.acme.example/","clientId":"pullgate","clientSecretFile":"secret"}"#;

    #[test]
    fn what_is_left_out_has_a_meaning() {
        let files = Files::new();
        let settings = files.read(GOOD).unwrap();
        assert_eq!(settings.issuer, "https://id.acme.example/", "an issuer is compared byte for byte");
        assert_eq!(
            (settings.client_secret.expose(), settings.username_claim.as_str()),
            ("s3cret", "preferred_username")
        );
        assert_eq!((settings.groups_claim, settings.scopes), (None, vec!["profile".to_owned()]));
        assert_eq!(settings.console_url, None);
        let console =
            GOOD.replace("\"clientId\"", "\"consoleUrl\":\"https://Pullgate.Acme.example:443/\",\"clientId\"");
        let console = files.read(&console).unwrap().console_url.unwrap();
        assert_eq!(console.join("/x"), "https://pullgate.acme.example/x");
        assert!(!format!("{:?}", files.read(GOOD).unwrap()).contains("s3cret"));
    }

    #[test]
    fn a_file_that_others_could_change_or_replace_is_refused() {
        let files = Files::new();
        files.read(GOOD).unwrap();
        for mode in [0o664, 0o646, 0o666] {
            files.write("oidc.json", GOOD, mode);
            let error = Settings::read(&files.path("oidc.json")).unwrap_err();
            assert!(matches!(error, SettingsError::Open { .. }), "{mode:o}: {error}");
        }
        symlink(files.path("oidc.json"), files.path("link")).unwrap();
        assert!(matches!(Settings::read(&files.path("link")), Err(SettingsError::NotAFile(_))));
        assert!(matches!(Settings::read(files.0.path()), Err(SettingsError::NotAFile(_))));
        assert!(matches!(Settings::read(&files.path("none")), Err(SettingsError::Read { .. })));
    }

    #[test]
    fn a_secret_that_others_can_read_is_none() {
        let files = Files::new();
        for mode in [0o640, 0o604, 0o644] {
            files.write("secret", "s3cret", mode);
            let error = files.read(GOOD).unwrap_err();
            assert!(matches!(error, SettingsError::Open { .. }), "{mode:o}: {error}");
        }
        for empty in ["", "\n", &"x".repeat(MAX_SECRET_BYTES + 1)] {
            files.write("secret", empty, 0o600);
            assert!(matches!(files.read(GOOD), Err(SettingsError::Secret(_))));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let files = Files::new();
        let says = |json: &str, words: &str| {
            let text = proto::chain(&files.read(json).unwrap_err());
            assert!(text.contains(words), "{text}");
        };
        says("{}", "missing field `issuer`");
        says(&GOOD.replace("clientId", "client_id"), "unknown field `client_id`");
        says(&GOOD.replace("https://", "http://"), "would show credentials");
        says(&GOOD.replace("pullgate", ""), "`clientId`");
        says(&GOOD.replace("\"clientId\"", "\"groupsClaim\":\"\",\"clientId\""), "`groupsClaim`");
        for no_console in ["", "pullgate", "http://pullgate.example", "https://pullgate.example/console", "https://a@b"]
        {
            let json = GOOD.replace("\"clientId\"", &format!("\"consoleUrl\":\"{no_console}\",\"clientId\""));
            says(&json, "`consoleUrl`");
        }
        says(&GOOD.replace("secret\"}", "none\"}"), "none` cannot be read");
    }
}
