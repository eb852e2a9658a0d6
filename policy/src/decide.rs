//! The decision. One function, for every enforcer and both modes.
//!
//! Steps, in this order; the first that applies answers:
//! 1. the request cannot be understood: deny `unverifiable`;
//! 2. it brings no image in: allow `not_governed`; a build: allow `not_covered` until the registry door stands;
//! 3. sign-in is enforced and nobody is signed in to an allowed organization: deny `sign_in_required`;
//! 4. no governing organization has its policy on: allow `off`;
//! 5. every governing organization of every session is asked, and the strictest answer wins:
//!    owner, expired, deny rule, allowlist, category, registry.
//!
//! A way in that carries no name (`load`, `import` ...) is understood, only its content is not
//! known: it passes 3 and 4 like a pull, and is then `unverifiable` for all but owners.

use alloc::{string::String, sync::Arc, vec::Vec};

use crate::{
    action::{Action, Pull},
    category::{Category, classify},
    decision::{Decision, Effect, Reason},
    image::ImageRef,
    policy_::{Contact, Mode, Policy, WhenExpired},
    rule::{Asker, Purpose},
    session::{Membership, Role, Session},
    time::{Age, Timestamp},
};

/// What is enforced on this machine: an immutable snapshot.
#[derive(Clone, Debug, Default)]
pub struct Enforced {
    /// What the administrator of the machine demands.
    pub sign_in: SignIn,
    /// Sessions that were handed over, expired ones included.
    pub sessions: Vec<Session>,
    /// Policies that were handed over, one an organization.
    pub policies: Vec<Arc<Policy>>,
    /// Documents that this machine had cannot be read any more: what is missing must not look like "off".
    pub incomplete: bool,
    /// Whom the administrator of the machine names in sign-in refusals.
    pub admin: Contact,
    /// What to type behind `docker login`; empty: not known.
    pub login_host: String,
}

/// Whether somebody must be signed in.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum SignIn {
    /// Nobody has to be.
    #[default]
    Optional,
    /// Somebody must be, to one of these organizations (lower case).
    Required(Vec<String>),
    /// The administrator's file is there and cannot be used: nobody is good enough. Says why.
    Unusable(String),
}

impl SignIn {
    /// Whether sign-in is enforced.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        !matches!(self, Self::Optional)
    }

    fn admits(&self, organization: &str) -> bool {
        match self {
            Self::Optional => true,
            Self::Required(allowed) => allowed.iter().any(|name| name == organization),
            Self::Unusable(_) => false,
        }
    }
}

impl Enforced {
    /// The policy of an organization.
    #[must_use]
    pub fn policy(&self, organization: &str) -> Option<&Policy> {
        self.policies.iter().map(Arc::as_ref).find(|policy| policy.organization == organization)
    }

    /// Valid sessions with each of their organizations that govern here.
    fn governing(&self, now: Timestamp) -> impl Iterator<Item = (&Session, &Membership)> {
        self.sessions.iter().filter(move |session| session.is_valid(now)).flat_map(|session| {
            let memberships = session.organizations.iter();
            memberships.filter(|membership| self.sign_in.admits(&membership.organization)).map(move |m| (session, m))
        })
    }

    fn owns(&self, namespace: &str, now: Timestamp) -> bool {
        self.governing(now).any(|(_, membership)| {
            self.policy(&membership.organization).is_some_and(|policy| policy.namespaces.contains(namespace))
        })
    }
}

/// Decides one action. `now` is the machine's time.
///
/// INVARIANT (I1): no I/O, no waiting; INVARIANT (I2): total.
#[must_use]
pub fn decide<'a>(enforced: &'a Enforced, action: &Action, now: Timestamp) -> Decision<'a> {
    let image = match action {
        Action::Unverifiable(_) => return Decision::new(Effect::Deny, Reason::Unverifiable),
        Action::NotGoverned(_) => return Decision::new(Effect::Allow, Reason::NotGoverned),
        Action::Build(_) => return Decision::new(Effect::Allow, Reason::NotCovered),
        Action::BringIn(_) => None,
        // The engine contacts such a name as a host; there is none that could be judged.
        Action::Pull(Pull { image }) if image.host().is_empty() => {
            return Decision::new(Effect::Deny, Reason::Unverifiable);
        }
        Action::Pull(Pull { image }) => Some(image),
    };
    if enforced.sign_in.is_enforced() && enforced.governing(now).next().is_none() {
        return Decision::new(Effect::Deny, Reason::SignInRequired);
    }
    let mut strictest = Decision::new(Effect::Allow, Reason::Off);
    for (session, membership) in enforced.governing(now) {
        let answer = match enforced.policy(&membership.organization) {
            Some(policy) if policy.enabled => {
                let asker = Asker { user: &session.user, membership, now };
                by_policy(enforced, policy, asker, image)
            }
            Some(_) => continue,
            None if enforced.sign_in.is_enforced() || enforced.incomplete => Decision {
                organization: Some(&membership.organization),
                ..Decision::new(Effect::Deny, Reason::PolicyMissing)
            },
            None => continue,
        };
        if answer.strictness() > strictest.strictness() {
            strictest = answer;
        }
    }
    strictest
}

/// One organization's answer.
fn by_policy<'a>(enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>, image: Option<&ImageRef>) -> Decision<'a> {
    if asker.membership.role == Role::Owner {
        return Decision::of(policy, Effect::Allow, Reason::Owner);
    }
    let answer = by_rules(enforced, policy, asker, image);
    // The one line that mode changes.
    match (answer.effect, policy.mode) {
        (Effect::Deny, Mode::Monitor) => Decision { effect: Effect::Allow, would_deny: true, ..answer },
        _ => answer,
    }
}

fn by_rules<'a>(enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>, image: Option<&ImageRef>) -> Decision<'a> {
    let answer = |effect, reason| Decision::of(policy, effect, reason);
    if policy.validity.age(asker.now) == Age::Expired && policy.when_expired == WhenExpired::Deny {
        return answer(Effect::Deny, Reason::PolicyExpired);
    }
    let Some(image) = image else { return answer(Effect::Deny, Reason::Unverifiable) };
    let place = image.place();
    let category = classify(&place, &policy.directory, |namespace| enforced.owns(namespace, asker.now));
    let answer = |effect, reason, rule| Decision { category: Some(category), rule, ..answer(effect, reason) };
    if let Some(rule) = policy.deny.find(image, &place, asker, Purpose::Deny) {
        return answer(Effect::Deny, Reason::DenyRule, Some(rule));
    }
    if let Some(rule) = policy.allow.find(image, &place, asker, Purpose::Allow) {
        return answer(Effect::Allow, Reason::Allowlisted, Some(rule));
    }
    let (allowed, reason) = match category {
        Category::OtherRegistry => (policy.registries.allows(&place.host), Reason::Registry),
        _ => (policy.categories.allows(category), Reason::Category),
    };
    answer(if allowed { Effect::Allow } else { Effect::Deny }, reason, None)
}

#[cfg(test)]
mod tests;
