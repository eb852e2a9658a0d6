//! A comparison at once, and where the agent stands.

use proto::agent::Standing;

use super::{Applying, Desired, Goal, Next, Phase, Seen, Sync};

impl Sync {
    /// Asks the service now for what it wants in force, however long the next look would be away. A credential that
    /// it refused is not shown again: that is for whoever corrects it.
    pub(super) fn compare(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            // When to come again is the service's to say.
            going_on @ (Phase::SigningIn(_) | Phase::Refused | Phase::Waiting { told: true, .. }) => {
                self.phase = going_on;
            }
            Phase::Waiting { next: Next::Watch { token, session }, .. } | Phase::Watching { token, session, .. } => {
                self.open_watch(token, session);
            }
            Phase::Waiting { next: Next::SignIn, .. } | Phase::Idle => self.sign_in(),
        }
        // What the plugin refused before may be taken now.
        if let Applying::Waiting { .. } = self.applying {
            self.applying = Applying::Idle;
        }
    }

    /// Where things stand, the cause before what follows from it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.service.is_none() {
            return Standing::NotEnrolled;
        }
        if !self.plugin.up {
            return Standing::PluginMissing;
        }
        if self.account.is_none() {
            return match self.seen {
                None => Standing::Busy,
                Some((_, Seen::SignedOut | Seen::Unreadable | Seen::Account { .. })) => Standing::SignedOut,
            };
        }
        match &self.phase {
            Phase::Refused => return Standing::Refused,
            Phase::Waiting { .. } => return Standing::ServiceUnreachable,
            Phase::Idle | Phase::SigningIn(_) | Phase::Watching { whole: false, .. } => return Standing::Busy,
            Phase::Watching { .. } => {}
        }
        match (&self.desired, &self.applying) {
            (Desired::Goal(goal @ Goal::Documents(_)), Applying::Idle)
                if self.plugin.in_force.as_ref() == Some(goal) =>
            {
                Standing::InForce
            }
            (_, Applying::Waiting { .. }) => Standing::NotTaken,
            _ => Standing::Busy,
        }
    }
}
