//! Whether the parts that talk to each other are close enough to each other in age. Pure.

use proto::control::StatusResponse;

use super::{Finding, State, finding};

/// This command's.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// At most one finding: the widest gap.
pub(super) fn findings(status: &StatusResponse) -> Option<Finding> {
    of(OWN, status)
}

fn of(own: &str, status: &StatusResponse) -> Option<Finding> {
    let mut parts =
        vec![("pullgate".to_owned(), own.to_owned()), ("pullgate-plugin".to_owned(), status.version.clone())];
    parts.extend(status.doors.iter().map(|door| ("pullgate-proxy".to_owned(), door.version.clone())));
    for agent in &status.agents {
        parts.push((format!("pullgated of user id {}", agent.uid), agent.version.clone()));
        parts.push(("pullgate-service".to_owned(), agent.service_version.clone()));
    }
    // A part that does not say how old it is, is older than saying so, or nobody knows it yet.
    let mut parts: Vec<_> =
        parts.into_iter().filter_map(|(part, version)| Some((release(&version)?, part, version))).collect();
    parts.sort();
    let (Some((old, old_part, old_version)), Some((new, new_part, new_version))) = (parts.first(), parts.last()) else {
        return None;
    };
    if old.0 == new.0 && new.1 - old.1 <= 1 {
        let versions =
            if old_version == new_version { new_version.clone() } else { format!("{old_version} to {new_version}") };
        return Some(finding("versions", State::Good, versions, ""));
    }
    let what = format!(
        "{old_part} {old_version} and {new_part} {new_version} are more than one minor release apart, and nobody \
         tested them together"
    );
    let next = if old_part == "pullgate-service" {
        "upgrade the policy service"
    } else {
        "upgrade the packages of this machine; where they are new, restart what still runs as before \
         (`systemctl --user restart pullgated`)"
    };
    Some(finding("versions", State::Notice, what, next))
}

/// Major and minor release.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proto::control::{Agent, Door};

    use super::*;

    fn status(plugin: &str, door: &str, agent: &str, service: &str) -> StatusResponse {
        StatusResponse {
            version: plugin.into(),
            doors: vec![Door { version: door.into(), ..Door::default() }],
            agents: vec![Agent {
                uid: 1000,
                version: agent.into(),
                service_version: service.into(),
                ..Agent::default()
            }],
            ..StatusResponse::default()
        }
    }

    #[test]
    fn one_minor_release_either_way_is_fine_and_more_is_told() {
        let judged = |plugin, door, agent, service| of("1.4.2", &status(plugin, door, agent, service)).unwrap();
        for (plugin, door, agent, service) in
            [("1.4.2", "1.4.2", "1.4.2", "1.4.2"), ("1.5.0", "1.4.9", "", ""), ("1.3.0", "1.4.0-rc.1", "1.3.1", "odd")]
        {
            let found = judged(plugin, door, agent, service);
            assert_eq!(found.state, State::Good, "{}", found.what);
        }
        for (plugin, door, agent, service, what) in [
            ("1.4.2", "1.4.2", "1.2.9", "1.3.0", "pullgated of user id 1000 1.2.9 and pullgate-proxy 1.4.2"),
            ("1.3.0", "1.4.0", "1.4.0", "1.5.0", "pullgate-plugin 1.3.0 and pullgate-service 1.5.0"),
            ("1.4.0", "0.4.0", "1.4.0", "1.4.0", "pullgate-proxy 0.4.0 and"),
        ] {
            let found = judged(plugin, door, agent, service);
            assert_eq!(found.state, State::Notice);
            assert!(found.what.starts_with(what), "{}", found.what);
        }
        assert_eq!(judged("1.4.2", "1.4.2", "1.4.2", "1.2.0").next, "upgrade the policy service");
    }
}
