//! What guards this machine, for the service: told when it changed, and now and then as a sign of life.
//!
//! A change of the policy changes it on every machine at once, so each waits for a moment of its own. Whoever published
//! it waits to see it in force, so the service says how long that may take, and has room for it; what else changes on
//! many machines at once, an upgrade, is spread over a minute.

use std::time::Duration;

use proto::{
    control::{InForce, StatusResponse},
    secret::Secret,
    sync::{Held, Kind, Posture},
};
use tokio::time::Instant;

/// After a sign-in: its documents are in force by then.
const FIRST: Duration = Duration::from_secs(1);
/// Least and most time from any other change until it is told: a plugin that is replaced is back by then.
const CHANGED: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];
/// Least and most time until the same is told again.
const SAME: [Duration; 2] = [Duration::from_secs(50 * 60), Duration::from_secs(70 * 60)];

/// As the plugin says it.
#[must_use]
pub fn of(status: &StatusResponse) -> Posture {
    let policies = status.in_force.iter().filter(|document| document.kind() == Kind::Policy);
    let egress = status.egress.clone().unwrap_or_default();
    Posture {
        plugin_version: status.version.clone(),
        engine_version: status.engine_version.clone(),
        engine_asks: status.last_request_at_ms > 0,
        policies: policies.map(held).collect(),
        sign_in_enforced: status.sign_in_enforced,
        door: !status.doors.is_empty(),
        loopback_led: egress.in_place,
        loopback_why: egress.why,
        containers_kept: egress.in_place && egress.containers,
        sandbox_faults: status.sandbox_faults.clone(),
        exceptions: egress.exceptions,
    }
}

/// As the service names a document.
pub(crate) fn held(document: &InForce) -> Held {
    Held {
        kind: document.kind,
        subject: document.subject.clone(),
        generation: document.generation,
        sha256: document.sha256.clone(),
    }
}

/// What of it was told, to whom, and when more of it is due.
#[derive(Debug, Default)]
pub struct Telling {
    told: Option<Told>,
    due: Option<Due>,
}

#[derive(Debug)]
struct Told {
    /// Another one: another service, or another user of it.
    token: Secret,
    posture: Posture,
}

impl Told {
    fn differs_in_policies_alone(&self, posture: &Posture) -> bool {
        Posture { policies: posture.policies.clone(), ..self.posture.clone() } == *posture
    }
}

#[derive(Debug)]
struct Due {
    why: Why,
    at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    First,
    InForce,
    Changed,
    Same,
}

impl Telling {
    /// When something is to be told to the holder of this token. `within`: so soon the service wants to hear of policies
    /// in force; zero: it does not say. `chance` is between 0 and 1, and counts where the time is decided anew.
    pub fn due(&mut self, token: &Secret, posture: &Posture, within: Duration, now: Instant, chance: f64) -> Instant {
        let why = match &self.told {
            Some(told) if told.token != *token => Why::First,
            None => Why::First,
            Some(told) if told.posture == *posture => Why::Same,
            Some(told) if !within.is_zero() && told.differs_in_policies_alone(posture) => Why::InForce,
            Some(_) => Why::Changed,
        };
        if let Some(due) = self.due.as_ref().filter(|due| due.why == why) {
            return due.at;
        }
        let at = now
            + match why {
                Why::First => FIRST,
                Why::InForce => between([Duration::ZERO, within.min(CHANGED[1])], chance),
                Why::Changed => between(CHANGED, chance),
                Why::Same => between(SAME, chance),
            };
        self.due = Some(Due { why, at });
        at
    }

    /// The service took it.
    pub fn told(&mut self, token: Secret, posture: Posture) {
        *self = Self { told: Some(Told { token, posture }), due: None };
    }
}

fn between([least, most]: [Duration; 2], chance: f64) -> Duration {
    least + (most - least).mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proto::control::{Door, Egress};

    use super::*;

    fn token(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    const UNSAID: Duration = Duration::ZERO;

    fn posture(door: bool) -> Posture {
        Posture { plugin_version: "1.0.0".to_owned(), door, ..Posture::default() }
    }

    #[test]
    fn it_is_what_the_plugin_says() {
        let document = |kind: Kind, subject: &str, generation| InForce {
            kind: kind.into(),
            subject: subject.to_owned(),
            generation,
            sha256: vec![7; 32],
            ..InForce::default()
        };
        let mut status = StatusResponse {
            version: "1.0.0".to_owned(),
            engine_version: "28.5.1".to_owned(),
            in_force: vec![document(Kind::Session, "alice", 3), document(Kind::Policy, "acme", 4)],
            egress: Some(Egress { why: "no table".to_owned(), containers: true, ..Egress::default() }),
            ..StatusResponse::default()
        };
        let bare = of(&status);
        assert_eq!((bare.engine_version.as_str(), bare.plugin_version.as_str()), ("28.5.1", "1.0.0"));
        assert_eq!((bare.engine_asks, bare.door, bare.sign_in_enforced), (false, false, false));
        assert_eq!((bare.loopback_led, bare.loopback_why.as_str(), bare.containers_kept), (false, "no table", false));
        let policies: Vec<_> = bare.policies.iter().map(|held| (held.subject.as_str(), held.generation)).collect();
        assert_eq!(policies, [("acme", 4)]);

        status.last_request_at_ms = 1;
        status.sign_in_enforced = true;
        status.doors = vec![Door::default()];
        let exceptions = vec!["127.0.0.1:24224".to_owned()];
        status.egress = Some(Egress { in_place: true, containers: true, exceptions, ..Egress::default() });
        status.sandbox_faults = vec!["no Landlock".to_owned()];
        let whole = of(&status);
        assert!(whole.engine_asks && whole.door && whole.sign_in_enforced && whole.loopback_led);
        assert!(whole.containers_kept && whole.sandbox_faults == ["no Landlock"]);
        assert_eq!(whole.exceptions, ["127.0.0.1:24224"]);
        // A request more or less is no change.
        status.last_request_at_ms = 2;
        status.requests = 9;
        assert_eq!(of(&status), whole);
    }

    #[test]
    fn it_is_told_soon_after_a_sign_in_and_then_each_change_after_a_while() {
        let (start, mut telling) = (Instant::now(), Telling::default());
        assert_eq!(telling.due(&token("a"), &posture(true), UNSAID, start, 0.5), start + FIRST);
        let later = start + Duration::from_secs(10);
        assert_eq!(telling.due(&token("a"), &posture(true), UNSAID, later, 0.9), start + FIRST, "decided once");

        telling.told(token("a"), posture(true));
        let again = telling.due(&token("a"), &posture(true), UNSAID, later, 0.0);
        assert_eq!(again, later + SAME[0]);
        let changed = telling.due(&token("a"), &posture(false), UNSAID, later, 1.0);
        assert_eq!(changed, later + CHANGED[1]);
        let soon = later + Duration::from_secs(1);
        assert_eq!(
            telling.due(&token("a"), &posture(false), UNSAID, soon, 0.0),
            changed,
            "a chance that was given stays"
        );
        assert_eq!(telling.due(&token("a"), &posture(true), UNSAID, soon, 0.0), soon + SAME[0], "it is as it was");

        assert_eq!(telling.due(&token("b"), &posture(true), UNSAID, soon, 0.0), soon + FIRST, "somebody else's");
        telling.told(token("b"), posture(true));
        assert_eq!(telling.due(&token("b"), &posture(true), UNSAID, soon, 1.0), soon + SAME[1]);
    }

    #[test]
    fn policies_in_force_are_told_as_soon_as_the_service_wants() {
        let (now, mut telling) = (Instant::now(), Telling::default());
        let with = |generation, door| Posture {
            policies: vec![Held { subject: "acme".to_owned(), generation, ..Held::default() }],
            ..posture(door)
        };
        telling.told(token("a"), with(1, true));
        let within = Duration::from_millis(500);
        let due = telling.due(&token("a"), &with(2, true), within, now, 0.5);
        assert_eq!(due, now + within / 2);
        assert_eq!(
            telling.due(&token("a"), &with(3, true), within, now, 1.0),
            due,
            "the newest, at the time that was given"
        );
        assert_eq!(
            telling.due(&token("a"), &with(3, false), within, now, 0.0),
            now + CHANGED[0],
            "more than that changed"
        );

        telling.told(token("a"), with(3, true));
        assert_eq!(telling.due(&token("a"), &with(4, true), UNSAID, now, 0.0), now + CHANGED[0], "an older service");
        telling.told(token("a"), with(4, true));
        let endless = Duration::from_secs(1 << 20);
        assert_eq!(
            telling.due(&token("a"), &with(5, true), endless, now, 1.0),
            now + CHANGED[1],
            "a service of its own mind"
        );
    }
}
