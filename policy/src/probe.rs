//! pullgate's own probes: references by which a machine proves to itself what its engine asks.
//!
//! | reference | the plugin | the registry door |
//! |---|---|---|
//! | `pullgate.invalid/...` | refuses it: so the engine asks the plugin | |
//! | `door.pullgate.invalid/probe/<nonce>@NOTHING` | lets it pass | refuses it: so pulls and builds come to the door |
//! | `127.0.0.1:1/pullgate.invalid/probe/<nonce>@NOTHING` | lets it pass | refuses it: so what the engine asks of loopback addresses comes to the door |
//!
//! INVARIANT: what passes unjudged brings nothing in. Nothing should be at `.invalid` (RFC 2606), but
//! whoever rules the network that a laptop is in may answer for that name, and a published port makes
//! a registry of 127.0.0.1:1. So only what asks for [`NOTHING`] passes; engines keep no content whose
//! digest is another than they asked for. Without it, such a name is judged as any other.

use alloc::{format, string::String};

use crate::{host::canonical_host, image::ImageRef};

/// The host of probes of the plugin.
pub const PROBE_HOST: &str = "pullgate.invalid";
/// The host of probes of the registry door.
pub const DOOR_PROBE_HOST: &str = "door.pullgate.invalid";
/// The registry of probes of the loopback redirection.
pub const LOOPBACK_PROBE_HOST: &str = "127.0.0.1:1";

/// The digest that probes of the registry door ask for: no content is known to have it.
pub const NOTHING: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

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
    pub(crate) fn passes(self, image: &ImageRef) -> Option<bool> {
        match self {
            Self::Plugin => Some(false),
            Self::Door(_) | Self::Loopback(_) => (image.digest() == Some(NOTHING)).then_some(true),
        }
    }
}

/// The repository of a probe of the registry door.
#[must_use]
pub fn door_probe(nonce: &str) -> String {
    format!("{DOOR_PROBE_HOST}/{DOOR_PATH}{nonce}")
}

/// The repository of a probe of the loopback redirection.
#[must_use]
pub fn loopback_probe(nonce: &str) -> String {
    format!("{LOOPBACK_PROBE_HOST}/{LOOPBACK_PATH}{nonce}")
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
        check(&door_probe("7"), Some(Probe::Door("7")));
        check(&loopback_probe("7"), Some(Probe::Loopback("7")));
    }

    #[test]
    fn only_what_can_bring_nothing_in_passes() {
        let check = |text: &str, expected| {
            let image = ImageRef::parse(text).expect("a reference");
            assert_eq!(Probe::of(&image).and_then(|probe| probe.passes(&image)), expected, "{text}");
        };
        for probe in [door_probe("7"), loopback_probe("7")] {
            check(&format!("{probe}@{NOTHING}"), Some(true));
            check(&format!("{probe}:latest@{NOTHING}"), Some(true));
            check(&probe, None);
            check(&format!("{probe}:latest"), None);
            check(&format!("{probe}@{}", NOTHING.replacen('0', "1", 1)), None);
        }
        check(&format!("pullgate.invalid/probe@{NOTHING}"), Some(false));
        check(&format!("127.0.0.1:1/app@{NOTHING}"), None);
    }
}
