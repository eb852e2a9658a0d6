//! What is in force at the plugin, and what should be.

use proto::sync::Kind;

use super::{Applying, Desired, Sync};
use crate::sync::{Command, Delay, Goal, PLUGIN_CAP, SERVICE_CAP, Timer};

impl Sync {
    /// INVARIANT: a session of another user does not outlast the grace. One of the same user may stay:
    /// the plugin verified it, and it ends by its own expiry.
    pub(super) fn decide_without_service(&mut self) {
        // No account here means that the credentials were not read yet.
        if self.desired != Desired::Undecided || !self.plugin.up || self.account.is_none() {
            return;
        }
        if !self.session_is_ours() {
            self.desired = Desired::Goal(Goal::Nobody);
        }
    }

    pub(super) fn applied(&mut self) {
        let Applying::Running(goal) = std::mem::replace(&mut self.applying, Applying::Idle) else { return };
        self.apply_attempt = 0;
        self.plugin.session = match &goal {
            Goal::Nobody => None,
            Goal::Documents(documents) => {
                documents.0.iter().find(|d| d.name.kind() == Kind::Session).map(|d| d.name.subject.clone())
            }
        };
        self.plugin.in_force = Some(goal);
    }

    pub(super) fn apply_failed(&mut self, refused: bool) {
        let Applying::Running(goal) = std::mem::replace(&mut self.applying, Applying::Idle) else { return };
        let timer = self.number();
        let cap = if refused { SERVICE_CAP } else { PLUGIN_CAP };
        let delay = Delay::Backoff { attempt: self.apply_attempt, cap };
        self.apply_attempt = self.apply_attempt.saturating_add(1);
        self.out.push(Command::Wait { timer: Timer::Apply, number: timer, delay });
        let stranger =
            refused && matches!(goal, Goal::Documents(_)) && self.plugin.session.is_some() && !self.session_is_ours();
        self.applying = Applying::Waiting { timer, goal };
        if stranger {
            // INVARIANT: a session of another user does not stay because the plugin refuses the new one.
            self.applying = Applying::Running(Goal::Nobody);
            self.out.push(Command::Apply(Goal::Nobody));
        }
    }

    pub(super) fn session_is_ours(&self) -> bool {
        // The service may spell the name in its own way.
        let account = self.account.as_ref().map(|(account, _)| &account.user);
        self.plugin.session.as_ref().zip(account).is_some_and(|(session, user)| session.eq_ignore_ascii_case(user))
    }

    /// Level-triggered: sends what is behind, if anything, and never two at a time.
    pub(super) fn reconcile(&mut self) {
        let Desired::Goal(goal) = &self.desired else { return };
        if !self.plugin.up || self.plugin.in_force.as_ref() == Some(goal) {
            return;
        }
        match &self.applying {
            Applying::Running(_) => return,
            Applying::Waiting { goal: waiting, .. } if waiting == goal => return,
            _ => {}
        }
        let goal = goal.clone();
        self.applying = Applying::Running(goal.clone());
        self.out.push(Command::Apply(goal));
    }
}
