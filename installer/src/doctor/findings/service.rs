//! The way to the policy service, its certificate, and the clock, judged.

use super::{Facts, Finding, State, finding};

/// Days before its end that a certificate is spoken of.
const SOON: i64 = 21;
/// Seconds by which clocks may differ before somebody is told, and before documents seem to be of tomorrow.
const OFF: i64 = 60;
const FAR_OFF: i64 = 300;
const SET_CLOCK: &str = "let the clock be set: `timedatectl set-ntp true`";

/// None where this machine is not enrolled.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let Some(reached) = &facts.service else { return sealed(facts).into_iter().collect() };
    let name = facts.files.enrollment.as_ref().map(|enrollment| enrollment.service.clone()).unwrap_or_default();
    let service = match reached.error.as_str() {
        "" => finding("service", State::Good, format!("{name} answers, connected in {} ms", reached.took_ms), ""),
        why if why.contains("Expired") => finding(
            "service",
            State::Wrong,
            format!("{name} is not spoken to: {why}"),
            "tell whoever runs the policy service that its certificate has expired; or this machine's clock is wrong: `date`",
        ),
        // Somebody is there, and is not who they should be; that does not pass by itself.
        why if why.contains("certificate") || why.contains("TLS") || why.contains("no policy service") => finding(
            "service",
            State::Wrong,
            format!("{name} is not spoken to: {why}"),
            "compare `service` and `caFile` in the enrollment file with the service's own `pullgate-service enrollment`",
        ),
        why => finding(
            "service",
            State::Notice,
            format!("{name} cannot be reached: {why}"),
            "what is in force stays until it expires; connect to its network to sign in",
        ),
    };
    let certificate = reached.days_left.map(|days| match days {
        SOON.. => finding("certificate", State::Good, format!("that of {name} holds for {days} days"), ""),
        days => finding(
            "certificate",
            State::Notice,
            format!("that of {name} ends in {days} days; then nobody signs in and nothing is renewed"),
            "tell whoever runs the policy service",
        ),
    });
    let clock = reached.ahead_s.map(|ahead| {
        let what = match ahead {
            -1..=1 => format!("this machine's agrees with that of {name}"),
            ..-1 => format!("this machine's is {} s behind that of {name}", ahead.abs()),
            _ => format!("this machine's is {ahead} s ahead of that of {name}"),
        };
        match ahead.abs() {
            ..OFF => finding("clock", State::Good, what, ""),
            OFF..FAR_OFF => finding("clock", State::Notice, what, SET_CLOCK),
            _ => finding("clock", State::Wrong, what, SET_CLOCK),
        }
    });
    let clock = clock.or_else(|| sealed(facts));
    [Some(service), certificate, clock].into_iter().flatten().collect()
}

/// Where nobody can be asked, a document of tomorrow says that this clock is wrong.
fn sealed(facts: &Facts) -> Option<Finding> {
    let newest = facts.plugin.as_ref().ok()?.in_force.iter().map(|document| document.issued_at).max()?;
    let behind = newest.saturating_sub(facts.now_s);
    (behind > OFF).then(|| {
        let what = format!("this machine's is at least {behind} s behind: a document in force was sealed later");
        finding("clock", State::Wrong, what, SET_CLOCK)
    })
}
