//! The decision. One function, for every enforcer and both modes.
//!
//! A request asks for one or more things; each is decided by itself, and the strictest answer
//! wins. Steps, in this order; the first that applies answers:
//! 1. the request cannot be understood, or a name in it has no place that could be judged: deny
//!    `unverifiable`; pullgate's own [probes](crate::probe): deny or allow `probe`;
//! 2. it asks for nothing that a policy governs: allow `not_governed`; this enforcer has not heard
//!    from the plugin, or is one that cannot start: deny `plugin_missing` what brings something in or sends something
//!    out, since who is signed in is not known either;
//! 3. sign-in is enforced and nobody is signed in to an allowed organization: deny
//!    `sign_in_required` what brings something in, and what a policy held here restricts;
//! 4. no governing organization has its policy on: allow `off` (a build: `not_covered`);
//! 5. every governing organization of every session is asked: owner, expired, then what its settings
//!    refuse by kind (engine plugins, builders in containers), for a name deny rule, allowlist,
//!    category, registry, `loopback_open`, and for everything else its setting.

use crate::{
    action::{Action, Ask, Governed, Start, Swarm},
    category::{Category, classify},
    decision::{Decision, Effect, Reason},
    enforced::{Documents, Enforced, Loopback},
    governs::is_loopback,
    image::ImageRef,
    policy_::{Mode, Policy, WhenExpired},
    probe::Probe,
    rule::{Asker, Purpose, RuleSet},
    session::Role,
    settings::{Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests},
    time::{Age, Timestamp},
};

/// Decides one action: each thing that it asks for must be allowed. `now` is the machine's time.
///
/// INVARIANT (I1): no I/O, no waiting; INVARIANT (I2): total.
#[must_use]
pub fn decide<'a>(enforced: &'a Enforced, action: &'a Action, now: Timestamp) -> Decision<'a> {
    let governed = match action {
        Action::Unverifiable(_) => return Decision::new(Effect::Deny, Reason::Unverifiable),
        Action::NotGoverned(_) => return Decision::new(Effect::Allow, Reason::NotGoverned),
        Action::Governed(governed) => governed,
    };
    let mut strictest = Decision::new(Effect::Allow, Reason::NotGoverned);
    let guarded = (!governed.reach.is_empty()).then_some(Part::Reach(governed));
    for part in governed.asks.iter().map(Part::Ask).chain(guarded) {
        let answer = part.decide(enforced, now);
        if answer.strictness() > strictest.strictness() {
            strictest = answer;
        }
    }
    strictest
}

/// What is decided at once.
#[derive(Clone, Copy)]
enum Part<'a> {
    Ask(&'a Ask),
    Reach(&'a Governed),
}

impl<'a> Part<'a> {
    fn decide(self, enforced: &'a Enforced, now: Timestamp) -> Decision<'a> {
        let answer = |effect, reason| Decision { ask: self.ask(), ..Decision::new(effect, reason) };
        if let Some(passes) = self.probe().and_then(|(probe, image)| probe.passes(image)) {
            return answer(if passes { Effect::Allow } else { Effect::Deny }, Reason::Probe);
        }
        let otherwise = match self {
            Self::Ask(ask) if ask.names_nowhere() => return answer(Effect::Deny, Reason::Unverifiable),
            Self::Ask(Ask::Rename(_)) => return answer(Effect::Allow, Reason::NotGoverned),
            Self::Ask(Ask::Build) => Reason::NotCovered,
            Self::Ask(ask) if ask.brings_in() => Reason::Off,
            Self::Ask(_) | Self::Reach(_) => Reason::NotGoverned,
        };
        if enforced.documents == Documents::Unheard && (self.brings_in() || matches!(self, Self::Ask(Ask::Push(_)))) {
            return answer(Effect::Deny, Reason::PluginMissing);
        }
        if enforced.sign_in.is_enforced() && enforced.governing(now).next().is_none() {
            let refused =
                self.brings_in() || enforced.policies.iter().any(|policy| self.is_restricted_by(enforced, policy));
            return if refused {
                answer(Effect::Deny, Reason::SignInRequired)
            } else {
                answer(Effect::Allow, otherwise)
            };
        }
        let mut strictest = answer(Effect::Allow, otherwise);
        for (session, membership) in enforced.governing(now) {
            let organization = Some(membership.organization.as_str());
            let answer = match enforced.policy(&membership.organization) {
                Some(policy) if policy.enabled => {
                    let asker = Asker { user: &session.user, membership, now };
                    self.by_policy(enforced, policy, asker)
                }
                Some(_) => continue,
                None if self.brings_in()
                    && (enforced.sign_in.is_enforced() || enforced.documents != Documents::Complete) =>
                {
                    Decision { organization, ..answer(Effect::Deny, Reason::PolicyMissing) }
                }
                None => continue,
            };
            if answer.strictness() > strictest.strictness() {
                strictest = answer;
            }
        }
        strictest
    }

    const fn ask(self) -> Option<&'a Ask> {
        match self {
            Self::Ask(ask) => Some(ask),
            Self::Reach(_) => None,
        }
    }

    fn probe(self) -> Option<(Probe<'a>, &'a ImageRef)> {
        match self {
            Self::Ask(Ask::Fetch(image) | Ask::FetchPlugin(image)) => Some((Probe::of(image)?, image)),
            _ => None,
        }
    }

    const fn brings_in(self) -> bool {
        match self {
            Self::Ask(ask) => ask.brings_in(),
            Self::Reach(_) => false,
        }
    }

    /// Whether a policy that is held here would restrict this for somebody: signing out must not lift it.
    fn is_restricted_by(self, enforced: &Enforced, policy: &Policy) -> bool {
        let settings = &policy.settings;
        policy.enabled
            && policy.mode == Mode::Enforce
            && enforced.sign_in.admits(&policy.organization)
            && match self {
                Self::Ask(Ask::Start(start)) => {
                    settings.run_unapproved == RunUnapproved::Deny
                        || (settings.container_builders == ContainerBuilders::Deny && start.is_builder())
                }
                Self::Ask(Ask::CgroupParent) => enforced.containers_confined,
                Self::Ask(Ask::Push(_)) => settings.push.is_some(),
                Self::Ask(Ask::Swarm(_)) => settings.swarm == SwarmUse::Deny,
                Self::Ask(Ask::OwnName) => true,
                Self::Ask(_) => false,
                Self::Reach(_) => settings.protect.is_some(),
            }
    }

    /// One organization's answer.
    fn by_policy(self, enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>) -> Decision<'a> {
        let about = |decision: Decision<'a>| Decision { ask: self.ask(), ..decision };
        if asker.membership.role == Role::Owner {
            return about(Decision::of(policy, Effect::Allow, Reason::Owner));
        }
        let answer = about(self.by_settings(enforced, policy, asker));
        // The one line that mode changes.
        match (answer.effect, policy.mode) {
            (Effect::Deny, Mode::Monitor) => Decision { effect: Effect::Allow, would_deny: true, ..answer },
            _ => answer,
        }
    }

    fn by_settings(self, enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>) -> Decision<'a> {
        let settings = &policy.settings;
        let allow = |reason| Decision::of(policy, Effect::Allow, reason);
        let deny = |reason| Decision::of(policy, Effect::Deny, reason);
        let expired = policy.validity.age(asker.now) == Age::Expired && policy.when_expired == WhenExpired::Deny;
        if expired && self.brings_in() {
            return deny(Reason::PolicyExpired);
        }
        let only_if = |allowed: bool, reason| if allowed { allow(reason) } else { deny(reason) };
        let ask = match self {
            Self::Ask(ask) => ask,
            Self::Reach(governed) => {
                return match &settings.protect {
                    Some(images) if !is_exempt(governed, images, asker) => deny(Reason::Protect),
                    _ => allow(Reason::NotGoverned),
                };
            }
        };
        match ask {
            Ask::Fetch(image) if settings.container_builders == ContainerBuilders::Deny && image.is_builder() => {
                deny(Reason::ContainerBuilders)
            }
            Ask::Fetch(image) => by_fetch(enforced, policy, asker, image),
            Ask::FetchPlugin(_) if settings.engine_plugins == EnginePlugins::Deny => deny(Reason::EnginePlugins),
            Ask::FetchPlugin(image) => by_fetch(enforced, policy, asker, image),
            Ask::Start(start) if settings.container_builders == ContainerBuilders::Deny && start.is_builder() => {
                deny(Reason::ContainerBuilders)
            }
            Ask::Start(start) => by_origin(enforced, policy, asker, start),
            Ask::LocalPlugin(_) if settings.engine_plugins == EnginePlugins::Deny => deny(Reason::EnginePlugins),
            Ask::LocalContent(_) | Ask::LocalPlugin(_) => {
                only_if(settings.local_content == LocalContent::Allow, Reason::LocalContent)
            }
            Ask::Unnamed(_) => deny(Reason::Unverifiable),
            Ask::Build if settings.builds == Builds::Deny => deny(Reason::Builds),
            Ask::Build => allow(Reason::NotCovered),
            Ask::Swarm(swarm) => {
                let allowed = match settings.swarm {
                    SwarmUse::Allow => true,
                    SwarmUse::Own => *swarm != Swarm::Join,
                    SwarmUse::Deny => false,
                };
                only_if(allowed, Reason::Swarm)
            }
            Ask::Push(image) => match &settings.push {
                Some(rules) => only_if(matches(rules, image, asker), Reason::Push),
                None => allow(Reason::NotGoverned),
            },
            Ask::OwnName => deny(Reason::Protect),
            Ask::CgroupParent if enforced.containers_confined => deny(Reason::CgroupParent),
            Ask::CgroupParent => allow(Reason::NotGoverned),
            Ask::Unknown => only_if(settings.unknown_requests == UnknownRequests::Allow, Reason::UnknownRequest),
            Ask::Rename(_) => allow(Reason::NotGoverned),
        }
    }
}

/// An image by its name, where it is to be fetched. What nobody but this enforcer would see again
/// must be allowed by a rule: engines ask loopback registries past the registry door, and behind such
/// a name anything may be.
fn by_fetch<'a>(enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>, image: &ImageRef) -> Decision<'a> {
    let answer = by_name(enforced, policy, asker, image);
    let unseen = enforced.loopback == Loopback::Open && is_loopback(&image.place().host);
    if unseen && answer.is_allowed() && answer.reason != Reason::Allowlisted {
        return Decision { effect: Effect::Deny, reason: Reason::LoopbackOpen, ..answer };
    }
    answer
}

/// An image by its name.
fn by_name<'a>(enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>, image: &ImageRef) -> Decision<'a> {
    let place = image.place();
    let category = classify(&place, &policy.directory, |namespace| enforced.owns(namespace, asker.now));
    let answer =
        |effect, reason, rule| Decision { category: Some(category), rule, ..Decision::of(policy, effect, reason) };
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

/// An image that is here, by where its content came from. An id says nothing of that.
fn by_origin<'a>(enforced: &Enforced, policy: &'a Policy, asker: Asker<'_>, start: &Start) -> Decision<'a> {
    let setting = policy.settings.run_unapproved;
    if setting == RunUnapproved::Allow {
        return Decision::of(policy, Effect::Allow, Reason::NotGoverned);
    }
    let judged = match start.content() {
        Some(image) => by_name(enforced, policy, asker, image),
        None => Decision::of(policy, Effect::Deny, Reason::RunUnapproved),
    };
    match (judged.effect, setting) {
        (Effect::Allow, _) => judged,
        (Effect::Deny, RunUnapproved::Deny) => Decision { reason: Reason::RunUnapproved, ..judged },
        (Effect::Deny, _) => {
            Decision { effect: Effect::Allow, would_deny: true, reason: Reason::RunUnapproved, ..judged }
        }
    }
}

/// Whether every image of the request may reach the host.
fn is_exempt(governed: &Governed, images: &RuleSet, asker: Asker<'_>) -> bool {
    let mut some = false;
    let all = governed.asks.iter().all(|ask| match ask {
        Ask::Fetch(image) | Ask::FetchPlugin(image) => {
            some = true;
            matches(images, image, asker)
        }
        Ask::Start(start) => {
            some = true;
            start.content().is_some_and(|image| matches(images, image, asker))
        }
        _ => true,
    });
    some && all
}

fn matches(rules: &RuleSet, image: &ImageRef, asker: Asker<'_>) -> bool {
    rules.find(image, &image.place(), asker, Purpose::Allow).is_some()
}

#[cfg(test)]
mod tests;
