//! An answer and its one reason.

use crate::{action::Ask, category::Category, image::ImageRef, policy_::Policy, rule::Rule};

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
    /// Content that no registry vouches for is allowed or not.
    LocalContent,
    /// The policy would refuse today what a container starts from, or nobody can tell.
    RunUnapproved,
    /// Engine plugins are not allowed.
    EnginePlugins,
    /// This use of swarm is allowed or not.
    Swarm,
    /// Builds are not allowed.
    Builds,
    /// The repository may be pushed to or not.
    Push,
    /// It would reach the engine's or pullgate's own control.
    Protect,
    /// A write that this version does not know is allowed or not.
    UnknownRequest,
    /// The plugin has not told this enforcer what is in force.
    PluginMissing,
    /// A loopback registry, which engines ask past the registry door, and no rule leads there.
    LoopbackOpen,
    /// Builders in containers, which fetch by themselves, are not allowed.
    ContainerBuilders,
    /// A container would leave the control group that keeps it from registries.
    CgroupParent,
    /// The machine proves to itself that the engine asks.
    Probe,
}

impl Reason {
    /// Every reason, for tables that must name all.
    pub const ALL: [Self; 25] = [
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
        Self::LocalContent,
        Self::RunUnapproved,
        Self::EnginePlugins,
        Self::Swarm,
        Self::Builds,
        Self::Push,
        Self::Protect,
        Self::UnknownRequest,
        Self::PluginMissing,
        Self::LoopbackOpen,
        Self::ContainerBuilders,
        Self::CgroupParent,
        Self::Probe,
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
            Self::LocalContent => "local_content",
            Self::RunUnapproved => "run_unapproved",
            Self::EnginePlugins => "engine_plugins",
            Self::Swarm => "swarm",
            Self::Builds => "builds",
            Self::Push => "push",
            Self::Protect => "protect",
            Self::UnknownRequest => "unknown_request",
            Self::PluginMissing => "plugin_missing",
            Self::LoopbackOpen => "loopback_open",
            Self::ContainerBuilders => "container_builders",
            Self::CgroupParent => "cgroup_parent",
            Self::Probe => "probe",
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
    /// Monitor mode or a setting that warns: allowed, but would have been denied for `reason`.
    pub would_deny: bool,
    /// What was decided; none: the whole request, or what in it reaches the host.
    pub ask: Option<&'a Ask>,
}

impl<'a> Decision<'a> {
    pub(crate) const fn new(effect: Effect, reason: Reason) -> Self {
        Self {
            effect,
            reason,
            category: None,
            policy: None,
            organization: None,
            rule: None,
            would_deny: false,
            ask: None,
        }
    }

    /// True when the engine goes on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// The image that was decided on, if one was.
    #[must_use]
    pub fn image(&self) -> Option<&'a ImageRef> {
        match self.ask? {
            Ask::Fetch(image) | Ask::FetchPlugin(image) | Ask::Push(image) => Some(image),
            Ask::Start(start) => start.content(),
            Ask::Rename(rename) => Some(&rename.to),
            _ => None,
        }
    }

    /// Larger is stricter. Among permissions the one that says more.
    pub(crate) const fn strictness(&self) -> u8 {
        match (self.effect, self.would_deny, self.reason) {
            (Effect::Deny, ..) => 8,
            (Effect::Allow, true, _) => 7,
            (Effect::Allow, false, Reason::NotGoverned) => 0,
            (Effect::Allow, false, Reason::Probe) => 1,
            (Effect::Allow, false, Reason::Off) => 2,
            (Effect::Allow, false, Reason::Swarm) => 3,
            (Effect::Allow, false, Reason::Owner) => 4,
            (Effect::Allow, false, Reason::NotCovered) => 6,
            (Effect::Allow, false, _) => 5,
        }
    }

    pub(crate) fn of(policy: &'a Policy, effect: Effect, reason: Reason) -> Self {
        Self { policy: Some(policy), organization: Some(&policy.organization), ..Self::new(effect, reason) }
    }
}
