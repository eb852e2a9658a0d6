//! Policies and sessions as people write them: JSON with the documents' own words.
//!
//! They become sealed-document messages first, so that limits and words are checked in one place.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use policy::{Badge, Directory, Policy, Session};
use proto::{
    convert,
    document::{self, Header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use self::settings::SettingsFile;
use super::{read_json, unexpected};

mod settings;

/// One, a list of them, or `null` for none.
fn several<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let values = match read_json(path)? {
        Value::Null => Vec::new(),
        Value::Array(many) => many,
        one => vec![one],
    };
    let read = |value| serde_json::from_value(value).with_context(|| unexpected(path));
    values.into_iter().map(read).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    organization: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default = "enforce")]
    mode: String,
    #[serde(default)]
    categories: CategoriesFile,
    #[serde(default)]
    registries: RegistriesFile,
    #[serde(default)]
    allow: Vec<RuleFile>,
    #[serde(default)]
    deny: Vec<RuleFile>,
    /// Docker Hub namespaces of the organization.
    #[serde(default)]
    namespaces: Vec<String>,
    /// Namespace to `verified_publisher` or `sponsored_open_source`.
    #[serde(default)]
    publishers: std::collections::BTreeMap<String, String>,
    #[serde(default = "keep")]
    when_expired: String,
    #[serde(default)]
    contact: ContactFile,
    #[serde(default)]
    settings: SettingsFile,
    #[serde(default = "first")]
    generation: u64,
    /// Seconds since the Unix epoch; absent: never.
    #[serde(default = "never")]
    expires_at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CategoriesFile {
    official: bool,
    verified_publisher: bool,
    community: bool,
}

/// A new organization's.
impl Default for CategoriesFile {
    fn default() -> Self {
        Self { official: true, verified_publisher: true, community: false }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RegistriesFile {
    controlled: bool,
    hosts: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ContactFile {
    message: String,
    request_url: String,
    email: String,
}

/// A pattern alone, or with more.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
enum RuleFile {
    Pattern(String),
    Rule(RuleObject),
}

/// Said by hand: what `untagged` says of a mistake helps nobody.
impl TryFrom<Value> for RuleFile {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, serde_json::Error> {
        match value {
            Value::String(pattern) => Ok(Self::Pattern(pattern)),
            object => serde_json::from_value(object).map(Self::Rule),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleObject {
    pattern: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    user: Option<String>,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionFile {
    user: String,
    #[serde(default)]
    uid: u32,
    organizations: Vec<MembershipFile>,
    /// Seconds since the Unix epoch; absent: never.
    #[serde(default = "never")]
    expires_at: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MembershipFile {
    organization: String,
    #[serde(default = "member")]
    role: String,
    #[serde(default)]
    teams: Vec<String>,
}

fn yes() -> bool {
    true
}
fn enforce() -> String {
    "enforce".to_owned()
}
fn keep() -> String {
    "keep".to_owned()
}
fn member() -> String {
    "member".to_owned()
}
fn first() -> u64 {
    1
}
fn never() -> i64 {
    i64::MAX
}

/// Reads the policies of a file.
pub(super) fn policies(path: &Path) -> anyhow::Result<Vec<Arc<Policy>>> {
    let policy = |file| compile(file).map(Arc::new).with_context(|| unexpected(path));
    several(path)?.into_iter().map(policy).collect()
}

/// Reads the sessions of a file.
pub(super) fn sessions(path: &Path) -> anyhow::Result<Vec<Session>> {
    several(path)?.into_iter().map(|file| session(file).with_context(|| unexpected(path))).collect()
}

fn compile(file: PolicyFile) -> anyhow::Result<Policy> {
    let directory: Directory = file
        .publishers
        .iter()
        .map(|(namespace, word)| Ok((namespace.clone(), badge(word)?)))
        .collect::<anyhow::Result<_>>()?;
    let document = document::Policy {
        header: header(&file.organization, file.generation, file.expires_at),
        enabled: file.enabled,
        mode: match file.mode.as_str() {
            "enforce" => document::Mode::Enforce,
            "monitor" => document::Mode::Monitor,
            other => bail!("`mode` is `{other}`; write enforce or monitor"),
        }
        .into(),
        categories: Some(document::Categories {
            official: file.categories.official,
            verified_publisher: file.categories.verified_publisher,
            community: file.categories.community,
        }),
        registries: Some(document::Registries { controlled: file.registries.controlled, hosts: file.registries.hosts }),
        allow: file
            .allow
            .into_iter()
            .enumerate()
            .map(|(n, file)| rule("allow", n, file))
            .collect::<anyhow::Result<_>>()?,
        deny: file
            .deny
            .into_iter()
            .enumerate()
            .map(|(n, file)| rule("deny", n, file))
            .collect::<anyhow::Result<_>>()?,
        namespaces: file.namespaces,
        directory_sha256: Vec::new(),
        when_expired: match file.when_expired.as_str() {
            "keep" => document::WhenExpired::Keep,
            "deny" => document::WhenExpired::Deny,
            other => bail!("`when_expired` is `{other}`; write keep or deny"),
        }
        .into(),
        contact: Some(document::Contact {
            message: file.contact.message,
            request_url: file.contact.request_url,
            email: file.contact.email,
        }),
        settings: Some(file.settings.into_document()?),
    };
    Ok(convert::policy(&document, Arc::new(directory))?)
}

fn badge(word: &str) -> anyhow::Result<Badge> {
    match word {
        "verified_publisher" => Ok(Badge::VerifiedPublisher),
        "sponsored_open_source" => Ok(Badge::SponsoredOpenSource),
        other => bail!("a publisher is `{other}`; write verified_publisher or sponsored_open_source"),
    }
}

fn rule(list: &str, number: usize, file: RuleFile) -> anyhow::Result<document::Rule> {
    let rule = match file {
        RuleFile::Rule(rule) => rule,
        RuleFile::Pattern(pattern) => {
            RuleObject { pattern, id: String::new(), team: None, user: None, expires_at: 0, reason: String::new() }
        }
    };
    let to = match (rule.team, rule.user) {
        (None, None) => None,
        (Some(team), None) => Some(document::scope::To::Team(team)),
        (None, Some(user)) => Some(document::scope::To::User(user)),
        (Some(_), Some(_)) => bail!("rule `{}` is for a team or for a user, not for both", rule.pattern),
    };
    Ok(document::Rule {
        id: if rule.id.is_empty() { format!("{list}-{}", number + 1) } else { rule.id },
        pattern: rule.pattern,
        scope: to.map(|to| document::Scope { to: Some(to) }),
        expires_at: rule.expires_at,
        reason: rule.reason,
    })
}

fn session(file: SessionFile) -> anyhow::Result<Session> {
    let organizations = file.organizations.into_iter().map(|file| {
        let role = match file.role.as_str() {
            "owner" => document::Role::Owner,
            "admin" => document::Role::Admin,
            "auditor" => document::Role::Auditor,
            "member" => document::Role::Member,
            other => bail!("`role` is `{other}`; write owner, admin, auditor or member"),
        };
        Ok(document::Membership { organization: file.organization, role: role.into(), teams: file.teams })
    });
    let document = document::Session {
        header: header(&file.user, 1, file.expires_at),
        machine_id: String::new(),
        uid: file.uid,
        organizations: organizations.collect::<anyhow::Result<_>>()?,
    };
    Ok(convert::session(&document)?)
}

fn header(subject: &str, generation: u64, expires_at: i64) -> Option<Header> {
    Some(Header {
        subject: subject.to_owned(),
        audience: "any".to_owned(),
        generation,
        issued_at: 1,
        refresh_after: expires_at,
        expires_at,
    })
}
