//! An answer and its one reason.

use crate::{category::Category, policy_::Policy, rule::Rule};

/// Go on or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The engine goes on.
    Allow,
    /// The engine refuses.
    Deny,
}

/// Why. The code is the same word in log, metric, record, console and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What the engine would do cannot be told.
    Unverifiable,
    /// No image comes in.
    NotGoverned,
    /// A build: images come in that this plugin cannot see.
    NotCovered,
    /// Sign-in is enforced and nobody suitable is signed in.
    SignInRequired,
    /// No governing organization has its policy on.
    Off,
    /// Owners are never restricted.
    Owner,
    /// A deny rule matched.
    DenyRule,
    /// An allowlist rule matched.
    Allowlisted,
    /// The kind of image is allowed or not.
    Category,
    /// The registry is allowed or not.
    Registry,
    /// Sign-in is enforced and a governing organization's policy has not arrived.
    PolicyMissing,
    /// The policy has expired and says to refuse then.
    PolicyExpired,
}

impl Reason {
    /// Every reason, for tables that must name all.
    pub const ALL: [Self; 12] = [
        Self::Unverifiable,
        Self::NotGoverned,
        Self::NotCovered,
        Self::SignInRequired,
        Self::Off,
        Self::Owner,
        Self::DenyRule,
        Self::Allowlisted,
        Self::Category,
        Self::Registry,
        Self::PolicyMissing,
        Self::PolicyExpired,
    ];

    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unverifiable => "unverifiable",
            Self::NotGoverned => "not_governed",
            Self::NotCovered => "not_covered",
            Self::SignInRequired => "sign_in_required",
            Self::Off => "off",
            Self::Owner => "owner",
            Self::DenyRule => "deny_rule",
            Self::Allowlisted => "allowlisted",
            Self::Category => "category",
            Self::Registry => "registry",
            Self::PolicyMissing => "policy_missing",
            Self::PolicyExpired => "policy_expired",
        }
    }
}

/// The answer to one action.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Go on or not.
    pub effect: Effect,
    /// Why.
    pub reason: Reason,
    /// The kind of image, where one was named and a policy looked at it.
    pub category: Option<Category>,
    /// The policy that decided.
    pub policy: Option<&'a Policy>,
    /// The organization that decided, also where its policy is missing.
    pub organization: Option<&'a str>,
    /// The rule that decided.
    pub rule: Option<&'a Rule>,
    /// Monitor mode: allowed, but would have been denied for `reason`.
    pub would_deny: bool,
}

impl<'a> Decision<'a> {
    pub(crate) const fn new(effect: Effect, reason: Reason) -> Self {
        Self { effect, reason, category: None, policy: None, organization: None, rule: None, would_deny: false }
    }

    /// True when the engine goes on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// Larger is stricter. Among permissions the one that a policy's rules gave says more than an owner's.
    pub(crate) fn strictness(&self) -> u8 {
        match (self.effect, self.would_deny, self.reason) {
            (Effect::Deny, ..) => 4,
            (Effect::Allow, true, _) => 3,
            (Effect::Allow, false, Reason::Off) => 0,
            (Effect::Allow, false, Reason::Owner) => 1,
            (Effect::Allow, false, _) => 2,
        }
    }

    pub(crate) fn of(policy: &'a Policy, effect: Effect, reason: Reason) -> Self {
        Self { policy: Some(policy), organization: Some(&policy.organization), ..Self::new(effect, reason) }
    }
}
