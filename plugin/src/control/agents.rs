//! Which agents fetch records, and how old they and their policy service are.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use proto::control::Agent;

use super::doors::version;

/// Users that are remembered: only one with a session in force gets records, and there are no more of those.
const MOST: usize = 256;

/// The agents that asked since the start, the last one of each user.
#[derive(Debug, Clone, Default)]
pub(super) struct Agents(Arc<Mutex<HashMap<u32, Agent>>>);

impl Agents {
    /// An agent of this user asks for records. One that does not say how old it is, is no agent, or an old one.
    pub(super) fn asked(&self, uid: u32, agent_version: &str, service_version: &str, at_ms: i64) {
        if agent_version.is_empty() {
            return;
        }
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() >= MOST && !agents.contains_key(&uid) {
            let oldest = agents.values().min_by_key(|agent| agent.seen_ms).map(|agent| agent.uid);
            oldest.map(|uid| agents.remove(&uid));
        }
        let (version, service_version) = (version(agent_version), version(service_version));
        agents.insert(uid, Agent { uid, version, service_version, seen_ms: at_ms });
    }

    /// All of them, the one that asked last first.
    pub(super) fn list(&self) -> Vec<Agent> {
        let mut agents: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        agents.sort_by_key(|agent| (-agent.seen_ms, agent.uid));
        agents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_of_each_user_is_told_and_no_more_than_there_is_room_for() {
        let agents = Agents::default();
        agents.asked(1, "0.1.0", "", 5);
        agents.asked(2, "0.2.0\n", "0.3.0", 6);
        agents.asked(1, "0.2.0", "0.3.0", 7);
        agents.asked(3, "", "", 8);
        let told: Vec<_> =
            agents.list().into_iter().map(|agent| (agent.uid, agent.version, agent.service_version)).collect();
        assert_eq!(told, [(1, "0.2.0".into(), "0.3.0".into()), (2, "0.2.0".into(), "0.3.0".into())]);
        for uid in 10..1000 {
            agents.asked(uid, "0.1.0", "", i64::from(uid));
        }
        let told = agents.list();
        assert_eq!((told.len(), told[0].uid), (MOST, 999));
    }
}
