//! For whom the service sealed a session, as far as this run of the agent or the kept set knows.
//!
//! The name in a session is the service's: it may spell a user in its own way, and one name of two realms is
//! two people. So a session is known by its bytes, and one that is not known is a stranger's.

use std::collections::VecDeque;

use proto::sync::Held;

use crate::{credentials::Identity, documents::Document};

/// Sessions that are remembered. The one at the plugin is never forgotten; the others are a handful
/// that was desired and not applied.
const MAX: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Owners(VecDeque<(Vec<u8>, Identity)>);

impl Owners {
    /// `session` was sealed for `owner`; `at_plugin` is in force there.
    pub(super) fn note(&mut self, session: &Document, owner: &Identity, at_plugin: Option<&Held>) {
        let sha256 = &session.name.sha256;
        self.0.retain(|(known, _)| known != sha256);
        self.0.push_back((sha256.clone(), owner.clone()));
        if self.0.len() > MAX {
            let oldest = self.0.iter().position(|(known, _)| at_plugin.is_none_or(|held| held.sha256 != *known));
            oldest.and_then(|oldest| self.0.remove(oldest));
        }
    }

    pub(super) fn of(&self, session: &Held) -> Option<&Identity> {
        self.0.iter().find(|(known, _)| *known == session.sha256).map(|(_, owner)| owner)
    }
}
