//! From documents on the wire to the types that decide. What cannot be read whole is refused
//! whole: an unknown enum value, a pattern that is none, a number out of range.

use std::sync::Arc;

use policy::{
    Badge, Categories, Contact, Directory, HostPattern, Membership, Mode, Pattern, Policy, Registries, Role, Rule,
    RuleSet, Scope, Session, Timestamp, Validity, WhenExpired,
};

use crate::document::{self, Header};

mod error;
mod settings;

pub use error::ConvertError;

/// Longest name of an organization, a user or a rule, in bytes.
pub const MAX_NAME_BYTES: usize = 100;
/// Most rules in one list.
pub const MAX_RULES: usize = 50_000;
/// Most namespaces in a directory.
pub const MAX_PUBLISHERS: usize = 100_000;
/// Most rules that one decision may have to try one by one (`policy::RuleSet::longest_run`).
pub const MAX_RUN: usize = 1_000;
/// Longest reason of a rule, in bytes.
pub const MAX_REASON_BYTES: usize = 1000;
/// Longest text of a contact, in bytes.
pub const MAX_TEXT_BYTES: usize = 2000;

/// The payload digest of the directory that a policy was published with; none: an empty directory.
///
/// # Errors
/// When it is no SHA-256.
pub fn directory_sha256(policy: &document::Policy) -> Result<Option<[u8; 32]>, ConvertError> {
    match policy.directory_sha256.as_slice() {
        [] => Ok(None),
        bytes => bytes.try_into().map(Some).map_err(|_| ConvertError::Missing("usable directory digest")),
    }
}

/// Compiles a policy document.
///
/// # Errors
/// [`ConvertError`], and then the document is not used at all.
pub fn policy(document: &document::Policy, directory: Arc<Directory>) -> Result<Policy, ConvertError> {
    let header = document.header.as_ref().ok_or(ConvertError::Missing("header"))?;
    let categories = document.categories.as_ref().ok_or(ConvertError::Missing("categories"))?;
    let registries = document.registries.clone().unwrap_or_default();
    let contact = document.contact.clone().unwrap_or_default();
    for text in [&contact.message, &contact.request_url, &contact.email] {
        limit("bytes of contact text", text.len(), MAX_TEXT_BYTES)?;
        printable("contact", text)?;
    }
    limit("registries", registries.hosts.len(), MAX_RULES)?;
    Ok(Policy {
        organization: name("organization", &header.subject)?.to_ascii_lowercase(),
        generation: header.generation,
        enabled: document.enabled,
        mode: mode(document.mode)?,
        categories: Categories {
            official: categories.official,
            verified_publisher: categories.verified_publisher,
            community: categories.community,
        },
        registries: Registries {
            controlled: registries.controlled,
            hosts: registries.hosts.iter().map(|host| HostPattern::parse(host)).collect::<Result<_, _>>()?,
        },
        allow: rules(&document.allow)?,
        deny: rules(&document.deny)?,
        namespaces: document.namespaces.iter().cloned().collect(),
        directory,
        when_expired: when_expired(document.when_expired)?,
        contact: Contact { message: contact.message, request_url: contact.request_url, email: contact.email },
        validity: validity(header),
        settings: settings::read(document.settings.as_ref())?,
    })
}

/// Compiles a directory document.
///
/// # Errors
/// [`ConvertError`].
pub fn directory(document: &document::Directory) -> Result<Directory, ConvertError> {
    limit("publishers", document.publishers.len(), MAX_PUBLISHERS)?;
    document.publishers.iter().map(|publisher| Ok((publisher.namespace.clone(), badge(publisher.badge)?))).collect()
}

/// Reads a session document.
///
/// # Errors
/// [`ConvertError`].
pub fn session(document: &document::Session) -> Result<Session, ConvertError> {
    let header = document.header.as_ref().ok_or(ConvertError::Missing("header"))?;
    limit("organizations", document.organizations.len(), 1000)?;
    let organizations = document.organizations.iter().map(membership).collect::<Result<_, _>>()?;
    Ok(Session {
        user: name("user", &header.subject)?.to_lowercase(),
        uid: document.uid,
        organizations,
        validity: validity(header),
    })
}

fn membership(document: &document::Membership) -> Result<Membership, ConvertError> {
    limit("teams", document.teams.len(), 1000)?;
    Ok(Membership {
        organization: name("organization", &document.organization)?.to_ascii_lowercase(),
        role: role(document.role)?,
        teams: document.teams.iter().map(|team| team.to_lowercase()).collect(),
    })
}

fn rules(documents: &[document::Rule]) -> Result<RuleSet, ConvertError> {
    limit("rules", documents.len(), MAX_RULES)?;
    quick(documents.iter().map(rule).collect::<Result<_, _>>()?)
}

/// Refuses a list that one decision could not go through in time.
fn quick(rules: RuleSet) -> Result<RuleSet, ConvertError> {
    limit("rules with a wildcard in the same place, or for the same images and people", rules.longest_run(), MAX_RUN)?;
    Ok(rules)
}

fn rule(document: &document::Rule) -> Result<Rule, ConvertError> {
    let pattern =
        Pattern::parse(&document.pattern).map_err(|source| ConvertError::Rule { id: document.id.clone(), source })?;
    let scope = match document.scope.clone() {
        None => Scope::Organization,
        Some(document::Scope { to: Some(document::scope::To::Team(team)) }) => Scope::Team(team.to_lowercase()),
        Some(document::Scope { to: Some(document::scope::To::User(user)) }) => Scope::User(user.to_lowercase()),
        // A scope of a kind that this version does not know must not widen to everybody.
        Some(document::Scope { to: None }) => return Err(ConvertError::UnknownValue { field: "rule scope", value: 0 }),
    };
    limit("bytes of a rule's reason", document.reason.len(), MAX_REASON_BYTES)?;
    printable("rule reason", &document.reason)?;
    Ok(Rule {
        id: name("rule id", &document.id)?,
        pattern,
        scope,
        expires_at: (document.expires_at != 0).then_some(Timestamp(document.expires_at)),
        reason: document.reason.clone(),
    })
}

/// Several lines are fine; what moves a cursor is not.
fn printable(what: &'static str, text: &str) -> Result<(), ConvertError> {
    let good = text.chars().all(|c| c == '\n' || !c.is_control());
    if good { Ok(()) } else { Err(ConvertError::BadText(what)) }
}

fn name(what: &'static str, text: &str) -> Result<String, ConvertError> {
    let good = text.len() <= MAX_NAME_BYTES && !text.contains(char::is_control);
    if good { Ok(text.to_owned()) } else { Err(ConvertError::BadName(what)) }
}

fn validity(header: &Header) -> Validity {
    Validity {
        issued_at: Timestamp(header.issued_at),
        refresh_after: Timestamp(header.refresh_after),
        expires_at: Timestamp(header.expires_at),
    }
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), ConvertError> {
    if found > limit { Err(ConvertError::TooMany { what, found, limit }) } else { Ok(()) }
}

fn mode(value: i32) -> Result<Mode, ConvertError> {
    match document::Mode::try_from(value) {
        Ok(document::Mode::Enforce) => Ok(Mode::Enforce),
        Ok(document::Mode::Monitor) => Ok(Mode::Monitor),
        _ => Err(ConvertError::UnknownValue { field: "mode", value }),
    }
}

fn when_expired(value: i32) -> Result<WhenExpired, ConvertError> {
    match document::WhenExpired::try_from(value) {
        Ok(document::WhenExpired::Keep) => Ok(WhenExpired::Keep),
        Ok(document::WhenExpired::Deny) => Ok(WhenExpired::Deny),
        _ => Err(ConvertError::UnknownValue { field: "when_expired", value }),
    }
}

fn badge(value: i32) -> Result<Badge, ConvertError> {
    match document::Badge::try_from(value) {
        Ok(document::Badge::VerifiedPublisher) => Ok(Badge::VerifiedPublisher),
        Ok(document::Badge::SponsoredOpenSource) => Ok(Badge::SponsoredOpenSource),
        _ => Err(ConvertError::UnknownValue { field: "badge", value }),
    }
}

fn role(value: i32) -> Result<Role, ConvertError> {
    match document::Role::try_from(value) {
        Ok(document::Role::Owner) => Ok(Role::Owner),
        Ok(document::Role::Admin) => Ok(Role::Admin),
        Ok(document::Role::Auditor) => Ok(Role::Auditor),
        Ok(document::Role::Member) => Ok(Role::Member),
        _ => Err(ConvertError::UnknownValue { field: "role", value }),
    }
}

#[cfg(test)]
mod tests;
