//! The Docker CLI's `config.json`: reading it without being hurt, and what is of interest in it.
//!
//! Source of the rules: docker/cli `cli/config/configfile/file.go` and `cli/config/credentials`.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Read as _},
    path::Path,
};

use proto::secret::Secret;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Class, Unreadable,
    json::{self, Fault, Shape},
    keys, printable,
};
use crate::os::files;

/// Largest file that is read, in bytes. Real ones with 1,500 registries have 200 KiB; 50 MB have been
/// seen. It is held in memory once while it is read, and nothing of it afterwards.
pub const MAX_BYTES: u64 = 64 << 20;

/// What the file says about the sign-ins that were asked for. Order of `auths` is the file's.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ConfigFile {
    /// Members of `auths` that may be meant.
    pub auths: Vec<(String, Entry)>,
    /// `credsStore`; empty: none.
    pub creds_store: String,
    /// `credHelpers`: registry to helper name, of those that may be meant.
    pub cred_helpers: BTreeMap<String, String>,
    /// `auths` has members, whosever they are.
    has_auths: bool,
    /// `credHelpers` has.
    has_helpers: bool,
}

/// One member of `auths`, undecoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Base64 of `user:secret`.
    pub auth: Secret0,
    /// `username`; `auth` wins over it.
    pub username: String,
    /// `password`.
    pub password: Secret0,
    /// `identitytoken`.
    pub identity_token: Secret0,
}

/// A [`Secret`] that may be absent.
pub type Secret0 = Option<Secret>;

impl ConfigFile {
    /// True when the file itself says anything about credentials; if not, the CLI looks for a default store.
    #[must_use]
    pub fn contains_auth(&self) -> bool {
        self.has_auths || self.has_helpers || !self.creds_store.is_empty()
    }

    /// Reads the text of a file, for the sign-ins of `keys`.
    ///
    /// # Errors
    /// [`Class::Parse`], as the CLI would refuse the file.
    pub fn parse(text: &str, keys: &[String]) -> Result<Self, Unreadable> {
        let mut parser = Parser { config: Self::default(), places: HashMap::new(), keys };
        match json::each_of_first(text, |key, value| parser.take(key, value)) {
            Ok(_) => Ok(parser.config),
            Err(Fault::Json(error)) => Err(not_json(&error)),
            Err(Fault::Member(unreadable)) => Err(unreadable),
        }
    }
}

/// Every entry is looked at, since one of a wrong type makes the CLI refuse the file; few are kept.
struct Parser<'a> {
    config: ConfigFile,
    /// Where in `auths` a key is.
    places: HashMap<String, usize>,
    keys: &'a [String],
}

impl Parser<'_> {
    fn take(&mut self, key: &str, value: &RawValue) -> Result<(), Unreadable> {
        let is = |name: &str| key.eq_ignore_ascii_case(name);
        if is("auths") {
            let is_object = members(key, value, |server, entry| {
                let entry = Entry::parse(server, entry)?;
                self.config.has_auths = true;
                if keys::may_be_meant(server, self.keys) {
                    self.keep(server, entry);
                }
                Ok(())
            })?;
            if !is_object {
                (self.config.has_auths, self.config.auths) = (false, Vec::new());
                self.places.clear();
            }
        } else if is("credsStore") {
            set(&mut self.config.creds_store, key, value)?;
        } else if is("credHelpers") {
            let is_object = members(key, value, |server, name| {
                let name = string(key, name)?.unwrap_or_default();
                self.config.has_helpers = true;
                if keys::may_be_meant(server, self.keys) {
                    self.config.cred_helpers.insert(server.to_owned(), name);
                }
                Ok(())
            })?;
            if !is_object {
                (self.config.has_helpers, self.config.cred_helpers) = (false, BTreeMap::new());
            }
        } else if let Some((name, shape)) = UNRELATED.iter().find(|(name, _)| is(name))
            && !json::has_shape(value, *shape)
        {
            return Err(wrong_type(name));
        }
        Ok(())
    }

    /// The last of equal keys counts.
    fn keep(&mut self, server: &str, entry: Entry) {
        let auths = &mut self.config.auths;
        match self.places.get(server).and_then(|place| auths.get_mut(*place)) {
            Some((_, known)) => *known = entry,
            None => {
                self.places.insert(server.to_owned(), auths.len());
                auths.push((server.to_owned(), entry));
            }
        }
    }
}

impl Entry {
    fn parse(server: &str, value: &RawValue) -> Result<Self, Unreadable> {
        let mut entry = Self::default();
        let secret =
            |key: &str, value| Ok::<_, Unreadable>(string(key, value)?.filter(|s| !s.is_empty()).map(Secret::new));
        members(server, value, |key, value| {
            let is = |name: &str| key.eq_ignore_ascii_case(name);
            if is("auth") {
                entry.auth = secret(key, value)?;
            } else if is("username") {
                set(&mut entry.username, key, value)?;
            } else if is("password") {
                entry.password = secret(key, value)?;
            } else if is("identitytoken") {
                entry.identity_token = secret(key, value)?;
            } else if (is("serveraddress") || is("registrytoken")) && !json::has_shape(value, Shape::String) {
                return Err(wrong_type(key));
            }
            Ok(())
        })?;
        Ok(entry)
    }
}

/// Members that have nothing to do with sign-ins, but whose wrong type makes the CLI refuse the whole file.
const UNRELATED: &[(&str, Shape)] = &[
    ("HttpHeaders", Shape::MapOfStrings),
    ("psFormat", Shape::String),
    ("imagesFormat", Shape::String),
    ("networksFormat", Shape::String),
    ("pluginsFormat", Shape::String),
    ("volumesFormat", Shape::String),
    ("statsFormat", Shape::String),
    ("detachKeys", Shape::String),
    ("serviceInspectFormat", Shape::String),
    ("servicesFormat", Shape::String),
    ("tasksFormat", Shape::String),
    ("secretFormat", Shape::String),
    ("configFormat", Shape::String),
    ("nodesFormat", Shape::String),
    ("pruneFilters", Shape::Strings),
    ("proxies", Shape::MapOfMaps),
    ("currentContext", Shape::String),
    ("cliPluginsExtraDirs", Shape::Strings),
    ("plugins", Shape::MapOfMaps),
    ("aliases", Shape::MapOfStrings),
    ("features", Shape::MapOfStrings),
];

fn members<'a>(
    key: &str,
    value: &'a RawValue,
    take: impl FnMut(&str, &'a RawValue) -> Result<(), Unreadable>,
) -> Result<bool, Unreadable> {
    json::each(value, take).map_err(|fault| match fault {
        Fault::Json(_) => wrong_type(key),
        Fault::Member(unreadable) => unreadable,
    })
}

fn string(key: &str, value: &RawValue) -> Result<Option<String>, Unreadable> {
    json::string(value).map_err(|_| wrong_type(key))
}

fn set(field: &mut String, key: &str, value: &RawValue) -> Result<(), Unreadable> {
    if let Some(text) = string(key, value)? {
        *field = text;
    }
    Ok(())
}

fn wrong_type(key: &str) -> Unreadable {
    Unreadable::new(Class::Parse, format!("`{}` has a type that the docker command does not accept", printable(key)))
}

/// `serde_json` quotes no content in syntax errors, but it does in type errors; so only the place is told.
fn not_json(error: &serde_json::Error) -> Unreadable {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Data => "is no object",
        _ => "is not JSON",
    };
    Unreadable::new(Class::Parse, format!("it {what}, at line {} column {}", error.line(), error.column()))
}

/// Reads and parses the file for the sign-ins of `keys`; one that is missing or empty says nothing.
///
/// Opens nothing but a regular file (and `/dev/null`), so that a FIFO cannot hold it.
///
/// # Errors
/// [`Class::Unreadable`], [`Class::Encoding`], [`Class::Parse`].
pub fn read(path: &Path, keys: &[String]) -> Result<ConfigFile, Unreadable> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(ConfigFile::default());
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Unreadable::new(Class::Encoding, "it starts with a byte order mark; save it as UTF-8 without one"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        Unreadable::new(Class::Encoding, format!("it is not UTF-8 from byte {}", error.valid_up_to()))
    })?;
    ConfigFile::parse(text, keys)
}

fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Unreadable> {
    let before = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(&error)),
    };
    if files::is_null_device(&before) {
        return Ok(None);
    }
    regular(&before)?;
    let file = match files::open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(&error)),
    };
    let metadata = file.metadata().map_err(|error| io_error(&error))?;
    regular(&metadata)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(Some(bytes))
}

fn regular(metadata: &fs::Metadata) -> Result<(), Unreadable> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() && metadata.len() <= MAX_BYTES => return Ok(()),
        () if kind.is_file() => return Err(too_large(metadata.len())),
        () => files::kind(kind),
    };
    Err(Unreadable::new(Class::Unreadable, format!("it is {what}, not a file")))
}

fn too_large(bytes: u64) -> Unreadable {
    let (has, most) = (bytes >> 20, MAX_BYTES >> 20);
    let next = "remove what the docker command did not write";
    Unreadable::new(Class::Unreadable, format!("it has {has} MiB, and more than {most} MiB are not read; {next}"))
}

fn io_error(error: &io::Error) -> Unreadable {
    Unreadable::new(Class::Unreadable, error.to_string())
}
