//! From what the store holds to documents without a header. Pure, and the same input
//! always gives the same bytes: that is how "nothing changed" is known.

use proto::chain;
use proto::document;

use crate::{
    check,
    model::{Badge, Effect, Membership, Mode, PolicyState, Role, Rule, Scope, WhenExpired},
};

mod beyond;

/// Why a policy or directory cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Machines would refuse it.
    #[error("machines would refuse it: {0}")]
    Refused(String),
    /// More than a machine takes.
    #[error("the document would have {size} bytes, and a machine takes {limit}; remove rules or shorten their reasons")]
    TooLarge {
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
}

/// Room that is kept for header, signatures, envelope and key changes, in bytes.
pub const ENVELOPE_ROOM: usize = 1024 + proto::key_chain::MAX_CHANGES_BYTES;

/// The policy, without a header.
#[must_use]
pub fn policy(state: PolicyState, directory_sha256: [u8; 32]) -> document::Policy {
    let settings = state.settings;
    let (allow, deny): (Vec<Rule>, Vec<Rule>) = state.rules.into_iter().partition(|rule| rule.effect == Effect::Allow);
    document::Policy {
        header: None,
        enabled: settings.enabled,
        mode: match settings.mode {
            Mode::Enforce => document::Mode::Enforce,
            Mode::Monitor => document::Mode::Monitor,
        }
        .into(),
        categories: Some(document::Categories {
            official: settings.official,
            verified_publisher: settings.verified_publisher,
            community: settings.community,
        }),
        registries: Some(document::Registries { controlled: settings.registry_control, hosts: state.registries }),
        allow: allow.into_iter().map(rule).collect(),
        deny: deny.into_iter().map(rule).collect(),
        namespaces: state.namespaces,
        directory_sha256: directory_sha256.to_vec(),
        when_expired: match settings.when_expired {
            WhenExpired::Keep => document::WhenExpired::Keep,
            WhenExpired::Deny => document::WhenExpired::Deny,
        }
        .into(),
        contact: Some(document::Contact {
            message: settings.message,
            request_url: settings.request_url,
            email: settings.email,
        }),
        settings: beyond::settings(settings.beyond),
    }
}

fn rule(rule: Rule) -> document::Rule {
    let to = match rule.scope {
        Scope::Organization => None,
        Scope::Team(team) => Some(document::scope::To::Team(team)),
        Scope::User(user) => Some(document::scope::To::User(user)),
    };
    document::Rule {
        id: rule.id,
        pattern: rule.pattern,
        scope: to.map(|to| document::Scope { to: Some(to) }),
        expires_at: rule.expires_at.unwrap_or_default(),
        reason: rule.reason,
    }
}

/// The directory, without a header.
#[must_use]
pub fn directory(publishers: Vec<(String, Badge)>) -> document::Directory {
    let publisher = |(namespace, badge)| document::Publisher {
        namespace,
        badge: match badge {
            Badge::VerifiedPublisher => document::Badge::VerifiedPublisher,
            Badge::SponsoredOpenSource => document::Badge::SponsoredOpenSource,
        }
        .into(),
    };
    document::Directory { header: None, publishers: publishers.into_iter().map(publisher).collect() }
}

/// The session, without a header.
#[must_use]
pub fn session(machine_id: &str, uid: u32, memberships: &[Membership]) -> document::Session {
    let membership = |membership: &Membership| document::Membership {
        organization: membership.organization.clone(),
        role: match membership.role {
            Role::Owner => document::Role::Owner,
            Role::Admin => document::Role::Admin,
            Role::Auditor => document::Role::Auditor,
            Role::Member => document::Role::Member,
        }
        .into(),
        teams: membership.teams.clone(),
    };
    document::Session {
        header: None,
        machine_id: machine_id.to_owned(),
        uid,
        organizations: memberships.iter().map(membership).collect(),
    }
}

/// Checks before a change is made that the policy could be published after it.
///
/// # Errors
/// [`CompileError`], for the person who makes the change.
pub fn check_policy(state: PolicyState) -> Result<(), CompileError> {
    let mut document = policy(state, [0; 32]);
    document.header = Some(document::Header::default());
    fits::<document::Policy>(&document)?;
    check::policy(&document).map_err(|error| CompileError::Refused(chain(&error)))
}

/// The same for the directory.
///
/// # Errors
/// [`CompileError`].
pub fn check_directory(publishers: Vec<(String, Badge)>) -> Result<(), CompileError> {
    let document = directory(publishers);
    fits::<document::Directory>(&document)?;
    check::directory(&document).map_err(|error| CompileError::Refused(chain(&error)))
}

/// The same for a session.
///
/// # Errors
/// [`CompileError`].
pub fn check_session(memberships: &[Membership]) -> Result<(), CompileError> {
    fits::<document::Session>(&session(&"m".repeat(128), u32::MAX, memberships))
}

/// Checks the size of what is about to be sealed.
pub(super) fn fits<D: proto::sealed::Document>(document: &D) -> Result<(), CompileError> {
    let (size, limit) = (document.encoded_len(), D::MAX_BYTES - ENVELOPE_ROOM);
    if size > limit { Err(CompileError::TooLarge { size, limit }) } else { Ok(()) }
}
