//! What an edit comes to: bytes, warnings, what was moved out of the way; or a refusal.

use std::fmt;

use serde_json::{Value, json};

/// What is to be done with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// It is as it should be; nothing is to be written.
    Unchanged,
    /// These bytes are to take its place.
    Changed(Vec<u8>),
    /// There should be none. Only taking out comes to this.
    Removed,
}

/// An edit, and what should be known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// What is to be done with the file.
    pub edit: Edit,
    /// What a person should know; nothing here stops an engine from starting by this edit.
    pub warnings: Vec<Warning>,
    /// What was taken out on request, and has to go elsewhere.
    pub moved: Moved,
}

/// What was taken out of the way on request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// The proxies of the administrator, which belong into the door's settings.
    pub proxies: Option<OldProxies>,
    /// Plugins named by flags, now in the file: the flags must go, or the engine does not start.
    pub plugin_flags: Vec<String>,
}

/// What `proxies` held before. Prints no values: they hold passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OldProxies {
    /// `http-proxy`.
    pub http: Option<String>,
    /// `https-proxy`.
    pub https: Option<String>,
    /// `no-proxy`.
    pub no: Option<String>,
}

impl fmt::Debug for OldProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = [("http", &self.http), ("https", &self.https), ("no", &self.no)];
        f.debug_set().entries(set.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name)).finish()
    }
}

/// A place in the file, both from 1; a column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable word.
    pub code: &'static str,
    /// What and why.
    pub text: String,
    /// Where in the file.
    pub at: Option<Position>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.at.map_or(Ok(()), |at| write!(f, " ({at})"))
    }
}

impl Warning {
    /// For `--json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "code": self.code, "text": self.text, "line": self.at.map(|at| at.line), "column": self.at.map(|at| at.column) })
    }
}

/// Why a file is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Larger than is read.
    TooLarge,
    /// Not text in UTF-8.
    NotUtf8,
    /// Not one JSON value, or one that is nested deeper than is read.
    InvalidJson,
    /// A value of a type that cannot be edited.
    WrongType,
    /// A key is there twice.
    DuplicateKey,
    /// The engine refuses the file.
    EngineInvalid,
    /// The file and the flags of the engine's unit say the same thing.
    FlagConflict,
    /// The engine has another proxy than the door.
    OtherProxy,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::TooLarge,
        Self::NotUtf8,
        Self::InvalidJson,
        Self::WrongType,
        Self::DuplicateKey,
        Self::EngineInvalid,
        Self::FlagConflict,
        Self::OtherProxy,
    ];

    /// Its stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::NotUtf8 => "not-utf8",
            Self::InvalidJson => "invalid-json",
            Self::WrongType => "wrong-type",
            Self::DuplicateKey => "duplicate-key",
            Self::EngineInvalid => "engine-invalid",
            Self::FlagConflict => "flag-conflict",
            Self::OtherProxy => "other-proxy",
        }
    }
}

/// A file that is left as it is: what is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{at}; {next}", at = .at.map(|at| format!(" ({at})")).unwrap_or_default())]
pub struct Refusal {
    /// Of what kind.
    pub class: Class,
    /// What is wrong, and why that matters.
    pub what: String,
    /// Where in the file.
    pub at: Option<Position>,
    /// What to do.
    pub next: String,
}

impl Refusal {
    /// For `--json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "class": self.class.code(), "what": self.what, "next": self.next,
            "line": self.at.map(|at| at.line), "column": self.at.map(|at| at.column),
        })
    }
}
