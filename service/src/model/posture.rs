//! What guards a machine, as its agent says. It is a claim: whoever administers the machine can make it say anything.

use std::{collections::BTreeMap, net::SocketAddr};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// As a machine reported it last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Posture {
    /// Empty: the plugin was not there, and nothing is known of the rest.
    pub plugin_version: String,
    /// As the engine says so in its requests; empty: it made none yet.
    pub engine_version: String,
    /// An engine asked the plugin since the plugin started.
    pub engine_asks: bool,
    /// Generations of the policies in force there, by organization.
    pub policies: BTreeMap<String, i64>,
    /// Nobody uses the engine without a session.
    pub sign_in_enforced: bool,
    /// A registry door follows the documents in force.
    pub door: bool,
    /// What the engine asks of loopback addresses is led to the door.
    pub loopback_led: bool,
    /// Why it is not, or is not known to be.
    pub loopback_why: String,
    /// Containers are kept from registries too.
    pub containers_kept: bool,
    /// What of the plugin's own sandbox the system does not enforce, in words.
    pub sandbox_faults: Vec<String>,
    /// What the engine may dial past the door by the administrator's word, `ADDRESS:PORT`.
    pub exceptions: Vec<String>,
}

/// A way in, in the words of `pullgate status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WayIn {
    /// Pull, run, compose.
    Pull,
    /// Builds.
    Builds,
    /// Registries on loopback addresses.
    Loopback,
}

/// A way in that nothing is known to guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenWay {
    /// Which.
    pub way: WayIn,
    /// Why.
    pub why: String,
}

/// Whether a machine's ways in are guarded, as it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// All of them are.
    Whole,
    /// Some are not.
    Open,
    /// Nothing is known: its session ended, or nothing was heard of it for 2 hours.
    Silent,
    /// It told nothing yet.
    #[default]
    Untold,
}

impl Posture {
    /// For the database.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_value(self).unwrap_or_default().to_string()
    }

    /// As the database has it; what another version added or left out is as if nobody said it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The ways in that nothing there is known to guard.
    #[must_use]
    pub fn open(&self) -> Vec<OpenWay> {
        let open = |way, why: &str| OpenWay { way, why: why.to_owned() };
        if self.plugin_version.is_empty() {
            return [WayIn::Pull, WayIn::Builds, WayIn::Loopback]
                .map(|way| open(way, "the plugin does not answer the agent"))
                .into();
        }
        let mut all = Vec::new();
        if !self.engine_asks {
            all.push(open(WayIn::Pull, "no engine asked the plugin since the plugin started"));
        }
        if !self.door {
            all.push(open(WayIn::Builds, "no registry door follows the policy there"));
        }
        match (self.door, self.loopback_led) {
            (true, true) => {
                if let Some(exceptions) = listed(self.exceptions.iter().filter(|address| is_loopback(address))) {
                    let why = format!("the engine dials {exceptions} past the door, by the administrator's exception");
                    all.push(open(WayIn::Loopback, &why));
                }
            }
            (false, _) => all.push(open(WayIn::Loopback, "no registry door follows the policy there")),
            (true, false) if self.loopback_why.is_empty() => {
                all.push(open(WayIn::Loopback, "the egress rules are not in place"));
            }
            (true, false) => all.push(open(WayIn::Loopback, &self.loopback_why)),
        }
        all
    }

    /// Exceptions for other addresses, which an engine with its proxy settings does not dial by itself.
    #[must_use]
    pub fn exceptions_elsewhere(&self) -> Option<String> {
        listed(self.exceptions.iter().filter(|address| !is_loopback(address)))
    }
}

fn listed<'a>(texts: impl Iterator<Item = &'a String>) -> Option<String> {
    let texts: Vec<&str> = texts.map(String::as_str).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// What is no address may be anywhere.
fn is_loopback(address: &str) -> bool {
    address.parse::<SocketAddr>().map_or(true, |address| address.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_in_is_guarded_only_where_the_machine_says_so() {
        let whole = Posture {
            plugin_version: "1.0.0".to_owned(),
            engine_asks: true,
            door: true,
            loopback_led: true,
            ..Posture::default()
        };
        let open = |posture: Posture| -> Vec<(WayIn, String)> {
            posture.open().into_iter().map(|open| (open.way, open.why)).collect()
        };
        let ways = |posture: Posture| -> Vec<WayIn> { open(posture).into_iter().map(|(way, _)| way).collect() };
        assert_eq!(Posture::from_text(&whole.to_text()), Some(whole.clone()));
        assert_eq!(
            Posture::from_text(r#"{"door":true,"later":1}"#),
            Some(Posture { door: true, ..Posture::default() })
        );
        assert_eq!(Posture::from_text(""), None);
        assert_eq!(open(whole.clone()), []);
        assert_eq!(ways(Posture { engine_asks: false, ..whole.clone() }), [WayIn::Pull]);
        assert_eq!(ways(Posture { door: false, ..whole.clone() }), [WayIn::Builds, WayIn::Loopback]);
        let unled = Posture { loopback_led: false, loopback_why: "no table".to_owned(), ..whole.clone() };
        assert_eq!(open(unled), [(WayIn::Loopback, "no table".to_owned())]);
        assert_eq!(ways(Posture { loopback_led: false, ..whole.clone() }), [WayIn::Loopback]);
        let excepted = |addresses: &[&str]| {
            let exceptions = addresses.iter().map(|&address| address.to_owned()).collect();
            Posture { exceptions, ..whole.clone() }
        };
        let some = excepted(&["127.0.0.1:24224", "192.0.2.7:5000", "[::1]:4317"]);
        assert_eq!(Posture::from_text(&some.to_text()), Some(some.clone()));
        let why = "the engine dials 127.0.0.1:24224, [::1]:4317 past the door, by the administrator's exception";
        assert_eq!(open(some.clone()), [(WayIn::Loopback, why.to_owned())]);
        assert_eq!(some.exceptions_elsewhere().as_deref(), Some("192.0.2.7:5000"));
        assert_eq!(ways(Posture { loopback_led: false, ..some }), [WayIn::Loopback], "once");
        assert_eq!(ways(excepted(&["192.0.2.7:5000"])), []);
        assert_eq!(ways(excepted(&["[::ffff:127.0.0.1]:1"])), [WayIn::Loopback]);
        assert_eq!(ways(excepted(&["no address"])), [WayIn::Loopback]);
        assert_eq!(whole.exceptions_elsewhere(), None);
        let gone = Posture { plugin_version: String::new(), ..whole };
        assert_eq!(ways(gone), [WayIn::Pull, WayIn::Builds, WayIn::Loopback]);
    }
}
