//! pullgate's own probes: references by which a machine proves to itself what its engine asks.
//!
//! | reference | the plugin | the registry door |
//! |---|---|---|
//! | `pullgate.invalid/...` | refuses it: so the engine asks the plugin | |
//! | `door.pullgate.invalid/probe/<nonce>` | lets it pass | refuses it: so pulls and builds come to the door |
//! | `127.0.0.1:1/pullgate.invalid/probe/<nonce>` | lets it pass where loopback is guarded | refuses it: so what the engine asks of loopback addresses comes to the door |
//!
//! Nothing is ever at `.invalid` (RFC 2606). On port 1 a container could listen: where no rule leads
//! loopback connections to the door, that name is judged as any other.

use alloc::{format, string::String};

use crate::{
    enforced::{Enforced, Loopback},
    host::canonical_host,
    image::ImageRef,
};

/// The host of probes of the plugin.
pub const PROBE_HOST: &str = "pullgate.invalid";
/// The host of probes of the registry door.
pub const DOOR_PROBE_HOST: &str = "door.pullgate.invalid";
/// The registry of probes of the loopback redirection.
pub const LOOPBACK_PROBE_HOST: &str = "127.0.0.1:1";

const DOOR_PATH: &str = "probe/";
const LOOPBACK_PATH: &str = "pullgate.invalid/probe/";

/// A probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe<'a> {
    /// For the plugin to refuse.
    Plugin,
    /// For the registry door to refuse, with its nonce.
    Door(&'a str),
    /// For the registry door to refuse where loopback connections come to it, with its nonce.
    Loopback(&'a str),
}

impl<'a> Probe<'a> {
    /// Recognises one.
    #[must_use]
    pub fn of(image: &'a ImageRef) -> Option<Self> {
        let nonce = |path| image.path().strip_prefix(path).filter(|nonce| !nonce.is_empty() && !nonce.contains('/'));
        match canonical_host(image.host()).as_ref() {
            PROBE_HOST => Some(Self::Plugin),
            DOOR_PROBE_HOST => nonce(DOOR_PATH).map(Self::Door),
            LOOPBACK_PROBE_HOST => nonce(LOOPBACK_PATH).map(Self::Loopback),
            _ => None,
        }
    }

    /// What the registry door answers: the nonce proves that it was this door, now.
    #[must_use]
    pub fn answer(self) -> String {
        match self {
            Self::Door(nonce) | Self::Loopback(nonce) => format!("pullgate's registry door saw probe {nonce}"),
            Self::Plugin => String::from("pullgate's registry door saw a probe that is the plugin's"),
        }
    }

    /// Whether it goes on to the registry door; none: it is judged as any other reference.
    pub(crate) fn passes(self, enforced: &Enforced) -> Option<bool> {
        match self {
            Self::Plugin => Some(false),
            Self::Door(_) => Some(true),
            Self::Loopback(_) => (enforced.loopback == Loopback::Guarded).then_some(true),
        }
    }
}

/// Whether this is a host of probes that the registry door answers by itself.
#[must_use]
pub fn is_door_probe_host(host: &str) -> bool {
    matches!(canonical_host(host).as_ref(), DOOR_PROBE_HOST | LOOPBACK_PROBE_HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_recognised_and_nothing_else() {
        let check = |text: &str, expected| {
            let image = ImageRef::parse(text).expect("a reference");
            assert_eq!(Probe::of(&image), expected, "{text}");
        };
        check("pullgate.invalid/probe:1", Some(Probe::Plugin));
        check("PULLGATE.invalid:443/x", Some(Probe::Plugin));
        check("door.pullgate.invalid/probe/ab12", Some(Probe::Door("ab12")));
        check("door.pullgate.invalid/probe/ab12:latest", Some(Probe::Door("ab12")));
        check("127.0.0.1:1/pullgate.invalid/probe/ab12", Some(Probe::Loopback("ab12")));
        check("127.0.0.1:0001/pullgate.invalid/probe/ab12", Some(Probe::Loopback("ab12")));
        check("door.pullgate.invalid/evil/ab12", None);
        check("door.pullgate.invalid/probe/a/b", None);
        check("127.0.0.1:1/evil/miner", None);
        check("127.0.0.1:1/x/pullgate.invalid/probe/a", None);
        check("127.0.0.1:2/pullgate.invalid/probe/a", None);
        check("pullgate.invalid:5000/a", None);
        check("docker.io/door.pullgate.invalid/probe", None);
    }
}
