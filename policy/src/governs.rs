//! Which registries are nobody's business: their connections need not be looked into.

use crate::{
    enforced::{Documents, Enforced, Loopback},
    host::{canonical_host, split_port},
    image::ImageRef,
    policy_::{Mode, Policy, WhenExpired},
    probe,
    rule::{Asker, Purpose},
    session::{Membership, Role, Session},
    time::{Age, Timestamp},
};

impl Enforced {
    /// Whether a fetch from this registry, or a push to it, could be refused now, or in monitor mode be
    /// recorded as what would have been. False only where no decision there can be anything but a plain
    /// permission. (A name on Docker Hub that engines shorten to another registry's is refused
    /// everywhere; no repository is called so.)
    ///
    /// `host` is `host[:port]` in any letter case; what is no name of a registry is governed wherever
    /// anything is.
    #[must_use]
    pub fn governs(&self, host: &str, now: Timestamp) -> bool {
        if probe::is_door_probe_host(host) || canonical_host(host) == probe::PROBE_HOST {
            return true;
        }
        // What is not known must not look like "off".
        if self.documents != Documents::Complete {
            return true;
        }
        let demanded = self.sign_in.is_enforced();
        if demanded && self.governing(now).next().is_none() {
            return true;
        }
        self.governing(now).any(|(_, membership)| match self.policy(&membership.organization) {
            Some(policy) => restricts(policy, membership) && self.may_refuse(policy, host, now),
            None => demanded,
        })
    }

    /// What a policy that is on for somebody has to say about a registry.
    fn may_refuse(&self, policy: &Policy, host: &str, now: Timestamp) -> bool {
        let Some(repository) = ImageRef::in_registry(host, "a") else { return true };
        let place = repository.place();
        let expired = policy.when_expired == WhenExpired::Deny && policy.validity.age(now) == Age::Expired;
        place.is_hub()
            || expired
            || policy.settings.push.is_some()
            || !policy.registries.allows(&place.host)
            || policy.deny.may_name_host(&place.host)
            || (self.loopback == Loopback::Open && is_loopback(&place.host))
    }

    /// Whether a deny rule of a policy in this mode names the very digest of this image, for somebody whom it
    /// restricts. Such a rule holds whatever tag led there.
    #[must_use]
    pub fn denies_digest(&self, image: &ImageRef, mode: Mode, now: Timestamp) -> bool {
        let place = image.place();
        self.governing(now).any(|(Session { user, .. }, membership)| {
            self.policy(&membership.organization).is_some_and(|policy| {
                let asker = Asker { user, membership, now };
                policy.mode == mode
                    && restricts(policy, membership)
                    && policy.deny.find(image, &place, asker, Purpose::DenyDigest).is_some()
            })
        })
    }
}

fn restricts(policy: &Policy, membership: &Membership) -> bool {
    policy.enabled && membership.role != Role::Owner
}

/// Whether engines ask this canonical host without a proxy, whatever they are told (Go
/// `golang.org/x/net/http/httpproxy`): `localhost`, 127.0.0.0/8 and ::1.
pub(crate) fn is_loopback(host: &str) -> bool {
    let (name, _) = split_port(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || address.parse::<core::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
