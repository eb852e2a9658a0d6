//! Documents as a machine has them in force, for whoever decides here as machines do.

use std::sync::Arc;

use policy::{Directory, Policy, Session};
use proto::{
    chain,
    convert::{self, ConvertError},
    document::Header,
};

use super::{CompileError, compile};
use crate::model::{Badge, Membership, PolicyState};

/// Longer than any judgement takes.
const VALID_SECONDS: i64 = 3600;

/// The badges of publishers.
///
/// # Errors
/// [`CompileError::Refused`], as machines would.
pub fn directory(publishers: Vec<(String, Badge)>) -> Result<Arc<Directory>, CompileError> {
    convert::directory(&compile::directory(publishers)).map(Arc::new).map_err(refused)
}

/// A policy, fresh at `now`.
///
/// # Errors
/// [`CompileError::Refused`], as machines would.
pub fn policy(state: PolicyState, directory: &Arc<Directory>, now: i64) -> Result<Policy, CompileError> {
    let header = header(&state.organization, now);
    let mut document = compile::policy(state, [0; 32]);
    document.header = Some(header);
    convert::policy(&document, Arc::clone(directory)).map_err(refused)
}

/// A session of this account, fresh at `now`, on no machine in particular.
///
/// # Errors
/// [`CompileError::Refused`], as machines would.
pub fn session(account: &str, memberships: &[Membership], now: i64) -> Result<Session, CompileError> {
    let mut document = compile::session("", 0, memberships);
    document.header = Some(header(account, now));
    convert::session(&document).map_err(refused)
}

fn header(subject: &str, now: i64) -> Header {
    Header {
        subject: subject.to_owned(),
        audience: String::new(),
        generation: 1,
        issued_at: now,
        refresh_after: now.saturating_add(VALID_SECONDS),
        expires_at: now.saturating_add(VALID_SECONDS),
    }
}

fn refused(error: ConvertError) -> CompileError {
    CompileError::Refused(chain(&error))
}
