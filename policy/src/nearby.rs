//! What of the same name would be allowed where an image is refused. Pure; nothing is decided by it.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use crate::{
    decision::Decision,
    enforced::Enforced,
    image::ImageRef,
    policy_::Policy,
    rule::{HostPart, Rest, Rule, Scope},
    session::{Membership, Session},
    text,
    time::Timestamp,
};

/// Most of each kind.
const MOST: usize = 3;

/// Something close to a refused image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nearby {
    /// A rule of the allowlist is for other tags or digests of the same repository: its pattern.
    Rule(String),
    /// The same name in a namespace of the organization, where everything is allowed; whether it is there is not
    /// known.
    Namespace(String),
}

/// What is close to the refused `image`, by the policy that decided.
#[must_use]
pub fn nearby(enforced: &Enforced, decision: &Decision<'_>, image: &ImageRef, now: Timestamp) -> Vec<Nearby> {
    let Some(policy) = decision.policy else { return Vec::new() };
    let place = image.place();
    let names = |rule: &&Rule| {
        let pattern = &rule.pattern;
        let host = matches!(&pattern.host, HostPart::Exact(host) if *host == place.host);
        let narrower = pattern.tag.is_some() || pattern.digest.is_some();
        host && narrower && pattern.rest == Rest::Nothing && pattern.literal == place.path
    };
    let for_somebody = |rule: &&Rule| {
        let here = || enforced.governing(now).filter(|(_, membership)| membership.organization == policy.organization);
        rule.is_live(now) && here().any(|(session, membership)| is_for(rule, session, membership))
    };
    let rules = policy.allow.rules().iter().filter(names).filter(for_somebody);
    let rules = rules.map(|rule| Nearby::Rule(rule.pattern.as_str().to_string()));
    let namespaces = own(policy, image).into_iter().map(Nearby::Namespace);
    rules.take(MOST).chain(namespaces.take(MOST)).collect()
}

/// Where access to `image` is asked for, by the policy that decided; none: it does not say.
#[must_use]
pub fn request_url(decision: &Decision<'_>, image: &ImageRef) -> Option<String> {
    text::request_url(&decision.policy?.contact, image)
}

fn is_for(rule: &Rule, session: &Session, membership: &Membership) -> bool {
    match &rule.scope {
        Scope::Organization => true,
        Scope::Team(team) => membership.teams.contains(team),
        Scope::User(user) => session.user == *user,
    }
}

/// The last part of the name, in each namespace of the organization, with the tag that was asked for.
fn own(policy: &Policy, image: &ImageRef) -> Vec<String> {
    let place = image.place();
    let Some(last) = place.path.rsplit('/').next() else { return Vec::new() };
    let tag = image.tag().filter(|tag| *tag != "latest").map(|tag| format!(":{tag}")).unwrap_or_default();
    let mut namespaces: Vec<&str> = policy.namespaces.iter().collect();
    namespaces.sort_unstable();
    namespaces.into_iter().map(|namespace| format!("{namespace}/{last}{tag}")).collect()
}

#[cfg(test)]
mod tests;
