//! What is in force at the plugin, and what should be.

use proto::sync::{Held, Kind};
use tracing::{info, warn};

use super::{Applying, Desired, Next, Phase, Sync};
use crate::{
    documents::Documents,
    sync::{
        ApplyFailure, Command, Delay, Goal, InForceThere, LOSS_WINDOW, LOSSES, PLUGIN_CAP, SERVICE_CAP, SLOW_REPAIR,
        Timer,
    },
};

impl Sync {
    /// INVARIANT: a session of another account, or of nobody knows whom, does not outlast the grace. One of
    /// the same account may stay: the plugin verified it, and it ends by its own expiry.
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
            Goal::Documents(documents) => documents.session().map(|session| session.name.clone()),
        };
        self.plugin.in_force = Some(goal);
        self.plugin.just_applied = true;
    }

    /// Level-triggered: what is in force there is compared with what was applied, whoever changed it.
    pub(super) fn plugin_looked(&mut self, there: &InForceThere) {
        // The answer may have been on its way while documents were applied.
        if std::mem::take(&mut self.plugin.just_applied) || matches!(self.applying, Applying::Running(_)) {
            return;
        }
        self.plugin.session = there.session.clone();
        let Some(goal) = &self.plugin.in_force else { return };
        let Some(lost) = lost(goal, there) else { return };
        self.plugin.in_force = None;
        self.plugin.losses = self.plugin.losses.saturating_add(1);
        let number = self.number();
        self.plugin.loss_timer = number;
        self.out.push(Command::Wait { timer: Timer::Losses, number, delay: Delay::Exactly(LOSS_WINDOW) });
        let losses = self.plugin.losses;
        match losses.cmp(&LOSSES) {
            std::cmp::Ordering::Less => info!(lost, "not in force at the plugin any more; putting it back"),
            std::cmp::Ordering::Equal => warn!(
                lost,
                losses,
                "what is in force at the plugin is replaced again and again; likely a second agent runs as this user \
                 with another state directory, stop one of them; from now on it is put back slowly"
            ),
            std::cmp::Ordering::Greater => {}
        }
        let Desired::Goal(goal) = self.desired.clone() else { return };
        if losses > 1 {
            let delay = match losses < LOSSES {
                true => Delay::Backoff { attempt: losses, cap: PLUGIN_CAP },
                false => Delay::Exactly(SLOW_REPAIR),
            };
            self.wait_to_apply(goal, delay);
        }
    }

    fn wait_to_apply(&mut self, goal: Goal, delay: Delay) {
        let timer = self.number();
        self.applying = Applying::Waiting { timer, goal };
        self.out.push(Command::Wait { timer: Timer::Apply, number: timer, delay });
    }

    /// The plugin takes this session never again: only a new sign-in brings one that it takes.
    fn session_is_over(&mut self, refused: &Documents) {
        info!("the session was ended or replaced at the plugin; signing in again");
        let is_it = |session: &crate::documents::Document| refused.session() == Some(session);
        if self.cached.as_ref().and_then(|cached| cached.documents.session()).is_some_and(is_it) {
            self.clear_cache();
        }
        if matches!(&self.desired, Desired::Goal(Goal::Documents(documents)) if documents.session().is_some_and(is_it))
        {
            self.undecided();
        }
        let of_it = match &self.phase {
            Phase::Watching { session, .. } | Phase::Waiting { next: Next::Watch { session, .. }, .. } => {
                is_it(session)
            }
            _ => false,
        };
        if of_it {
            self.hang_up();
            self.begin();
        }
    }

    pub(super) fn apply_failed(&mut self, failure: ApplyFailure) {
        let refused = failure != ApplyFailure::NoAnswer;
        let Applying::Running(goal) = std::mem::replace(&mut self.applying, Applying::Idle) else { return };
        if let (ApplyFailure::SessionOver, Goal::Documents(documents)) = (failure, &goal) {
            self.session_is_over(documents);
        }
        let cap = if refused { SERVICE_CAP } else { PLUGIN_CAP };
        let delay = Delay::Backoff { attempt: self.apply_attempt, cap };
        self.apply_attempt = self.apply_attempt.saturating_add(1);
        let stranger =
            refused && matches!(goal, Goal::Documents(_)) && self.plugin.session.is_some() && !self.session_is_ours();
        self.wait_to_apply(goal, delay);
        if stranger {
            // INVARIANT: a session of another user does not stay because the plugin refuses the new one.
            self.applying = Applying::Running(Goal::Nobody);
            self.out.push(Command::Apply(Goal::Nobody));
        }
    }

    pub(super) fn session_is_ours(&self) -> bool {
        let owner = self.plugin.session.as_ref().and_then(|session| self.owners.of(session));
        owner.zip(self.account.as_ref()).is_some_and(|(owner, (account, _))| *owner == account.identity())
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
        // A session that was ended there is not taken again, so keeping it is of no use.
        if goal == Goal::Nobody && self.plugin.session.is_some() {
            self.clear_cache();
        }
        self.applying = Applying::Running(goal.clone());
        self.out.push(Command::Apply(goal));
    }
}

/// What of the applied goal is not in force there.
fn lost(goal: &Goal, there: &InForceThere) -> Option<&'static str> {
    let Goal::Documents(documents) = goal else {
        return there.session.is_some().then_some("the end of the session");
    };
    let applied = documents.session().map(|session| &session.name);
    if there.session.as_ref().map(same) != applied.map(same) {
        return Some("the session");
    }
    // Another user's agent may have brought a newer one.
    let holds = |name: &Held| {
        let mut there = there.policies.iter().filter(|policy| policy.subject.eq_ignore_ascii_case(&name.subject));
        there.any(|policy| policy.generation >= name.generation)
    };
    let mut policies = documents.0.iter().map(|document| &document.name).filter(|name| name.kind() == Kind::Policy);
    policies.any(|name| !holds(name)).then_some("a policy")
}

fn same(session: &Held) -> (u64, &[u8]) {
    (session.generation, &session.sha256)
}
