//! What is enforced on a machine.

use alloc::{string::String, sync::Arc, vec::Vec};

use crate::{
    policy_::{Contact, Policy},
    session::{Membership, Session},
    time::Timestamp,
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
    /// How much of what is in force is known here.
    pub documents: Documents,
    /// Whether the registry door sees what the engine asks of loopback addresses.
    pub loopback: Loopback,
    /// Containers are kept from registries by the cgroup they are in, so that none may choose its own.
    pub containers_confined: bool,
    /// Whom the administrator of the machine names in sign-in refusals.
    pub admin: Contact,
    /// What to type behind `docker login`; empty: not known.
    pub login_host: String,
    /// Whether a sign-in to Docker Hub counts too.
    pub docker_hub_login: bool,
    /// What is wrong with this enforcer itself, for people to read; empty: nothing. It knows nothing then
    /// ([`Documents::Unheard`]).
    pub fault: String,
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

/// How much of what is in force is known: what is missing must not look like "off".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Documents {
    /// All of it.
    #[default]
    Complete,
    /// Documents that this machine had cannot be read any more.
    Incomplete,
    /// Nothing: this enforcer takes its documents from the plugin, and has not heard from it yet; or it is the
    /// plugin, and cannot start ([`Enforced::fault`]).
    Unheard,
}

/// Engines never send what they ask of loopback addresses through a proxy, so that the registry door
/// sees it only where a firewall rule leads it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Loopback {
    /// This machine is not meant to have a registry door.
    #[default]
    NoDoor,
    /// The rule is in place.
    Guarded,
    /// It is not.
    Open,
}

impl SignIn {
    /// Whether sign-in is enforced.
    #[must_use]
    pub fn is_enforced(&self) -> bool {
        !matches!(self, Self::Optional)
    }

    pub(crate) fn admits(&self, organization: &str) -> bool {
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
    pub(crate) fn governing(&self, now: Timestamp) -> impl Iterator<Item = (&Session, &Membership)> {
        self.sessions.iter().filter(move |session| session.is_valid(now)).flat_map(|session| {
            let memberships = session.organizations.iter();
            memberships.filter(|membership| self.sign_in.admits(&membership.organization)).map(move |m| (session, m))
        })
    }

    pub(crate) fn owns(&self, namespace: &str, now: Timestamp) -> bool {
        self.governing(now).any(|(_, membership)| {
            self.policy(&membership.organization).is_some_and(|policy| policy.namespaces.contains(namespace))
        })
    }
}
