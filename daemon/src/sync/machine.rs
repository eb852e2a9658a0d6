//! The transitions: state, enrollment, credentials. What is said to the service is in `conversation`,
//! what is said to the plugin in `enforcing`.

mod compare;
mod conversation;
mod enforcing;
mod owners;

use std::sync::Arc;

use owners::Owners;

use super::{Cached, Command, Delay, Event, GRACE, Goal, Number, SIGN_IN_WINDOW, Seen, Timer};
use crate::{
    credentials::{Account, Realm},
    documents::{Document, Documents, Parts},
    stamp::Stamp,
};
use proto::{secret::Secret, sync::Held};

/// The agent's state.
#[derive(Debug)]
pub struct Sync {
    service: Option<String>,
    /// A Docker Hub credential may be shown to it.
    docker_hub: bool,
    /// The newest reading of the credentials, with the service that it is about.
    seen: Option<(Option<String>, Seen)>,
    /// The account that is dealt with.
    account: Option<(Account, Stamp)>,
    owners: Owners,
    cached: Option<Cached>,
    /// Something may be on disk.
    cache_kept: bool,
    phase: Phase,
    service_attempt: u32,
    sign_ins: SignIns,
    /// Streams in a row that ended too soon.
    flaps: u32,
    desired: Desired,
    grace: Grace,
    plugin: Plugin,
    applying: Applying,
    apply_attempt: u32,
    last_number: Number,
    out: Vec<Command>,
}

/// Where the conversation with the service is.
#[derive(Debug)]
enum Phase {
    Idle,
    SigningIn(Number),
    Watching {
        attempt: Number,
        token: Secret,
        session: Document,
        heard: bool,
        /// The state that was heard of last is there to its end.
        whole: bool,
        /// Sent, but not all of their state yet: a large state comes in several messages.
        parts: Parts,
    },
    Waiting {
        timer: Number,
        next: Next,
        /// The service said when to come again.
        told: bool,
    },
    /// The credential is wrong; only a new one, or a file written again, is worth a try.
    Refused,
}

#[derive(Debug)]
enum Next {
    SignIn,
    Watch { token: Secret, session: Document },
}

/// What should be in force at the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Desired {
    /// Not known yet: the plugin keeps what it has.
    Undecided,
    Goal(Goal),
}

/// How long [`Desired::Undecided`] may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grace {
    Off,
    Running(Number),
    Over,
}

/// What was shown to the service within [`SIGN_IN_WINDOW`].
#[derive(Debug, Default)]
struct SignIns {
    /// End of the window, while there is one.
    timer: Option<Number>,
    accepted: u32,
    /// The one try at once after a refused token was made.
    at_once: bool,
}

#[derive(Debug, Default)]
struct Plugin {
    machine_id: Option<String>,
    up: bool,
    /// The session there, as far as it was told or applied.
    session: Option<Held>,
    /// What was applied last; none: unknown, it may have restarted.
    in_force: Option<Goal>,
    /// Nothing that was seen there may be older than what was applied last.
    just_applied: bool,
    /// Times that something else than the last applied was in force, within a window.
    losses: u32,
    loss_timer: Number,
}

#[derive(Debug, PartialEq, Eq)]
enum Applying {
    Idle,
    Running(Goal),
    /// The plugin refused `goal`, or did not answer.
    Waiting {
        timer: Number,
        goal: Goal,
    },
}

impl SignIns {
    fn are_spent(&self) -> bool {
        self.accepted >= super::SIGN_INS
    }
}

impl Sync {
    /// Before anything happened; `cached` is what the last run kept.
    #[must_use]
    pub fn new(cached: Option<Cached>) -> Self {
        let mut owners = Owners::default();
        if let Some((session, cached)) = cached.as_ref().and_then(|cached| cached.documents.session().zip(Some(cached)))
        {
            owners.note(session, &cached.owner, None);
        }
        Self {
            service: None,
            docker_hub: false,
            seen: None,
            account: None,
            owners,
            cached,
            cache_kept: true,
            phase: Phase::Idle,
            service_attempt: 0,
            sign_ins: SignIns::default(),
            flaps: 0,
            desired: Desired::Undecided,
            grace: Grace::Off,
            plugin: Plugin::default(),
            applying: Applying::Idle,
            apply_attempt: 0,
            last_number: 0,
            out: Vec::new(),
        }
    }

    /// Whether the plugin has a session of this uid in force, as far as is known.
    #[must_use]
    pub fn has_session_in_force(&self) -> bool {
        self.plugin.session.is_some()
    }

    /// Takes one event; returns what is to be done, in order.
    #[must_use]
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Enrolled { service, docker_hub } => self.enrolled(service, docker_hub),
            Event::Credential { service, seen } => {
                self.seen = Some((service, seen));
                self.look_at_credentials();
            }
            Event::PluginUp { machine_id, session } => self.plugin_up(machine_id, session),
            Event::PluginLooked(there) => self.plugin_looked(&there),
            Event::PluginDown => self.plugin.up = false,
            Event::SignedIn { attempt, token, session } => self.signed_in(attempt, token, session),
            Event::Desired { attempt, desired, envelopes } => self.desired(attempt, desired, envelopes),
            Event::Refused { attempt, lasted } => self.refused(attempt, lasted),
            Event::Unavailable { attempt, retry_after, lasted } => self.unavailable(attempt, retry_after, lasted),
            Event::Applied => self.applied(),
            Event::ApplyFailed(failure) => self.apply_failed(failure),
            Event::Timer { timer, number } => self.timer(timer, number),
            Event::Compare => self.compare(),
        }
        // Whoever's session turned out to be there since.
        if self.grace == Grace::Over {
            self.decide_without_service();
        }
        self.reconcile();
        std::mem::take(&mut self.out)
    }

    fn enrolled(&mut self, service: Option<String>, docker_hub: bool) {
        let same = self.service == service;
        (self.service, self.docker_hub) = (service, docker_hub);
        self.hang_up();
        self.service_attempt = 0;
        // Other trust keys may accept what was refused.
        self.plugin.in_force = None;
        if let Applying::Waiting { .. } = self.applying {
            self.applying = Applying::Idle;
        }
        if same && self.service.is_some() {
            match &self.account {
                Some((account, _)) if !self.may_be_shown(account) => {
                    self.nobody();
                    self.clear_cache();
                }
                _ => self.begin(),
            }
            return;
        }
        self.account = None;
        if self.service.is_none() {
            self.nobody();
            self.clear_cache();
        } else {
            self.undecided();
            self.look_at_credentials();
        }
    }

    fn look_at_credentials(&mut self) {
        match self.seen.clone() {
            // INVARIANT: a credential is shown to no other service than the one whose entry it is.
            Some((service, seen)) if service.is_some() && service == self.service => match seen {
                Seen::SignedOut => {
                    self.nobody();
                    self.clear_cache();
                }
                // The cache stays: it is used only if the file names the same user again.
                Seen::Unreadable => self.nobody(),
                // Read before the enrollment changed.
                Seen::Account { account, .. } if !self.may_be_shown(&account) => self.nobody(),
                Seen::Account { account, stamp } => self.account_seen(account, stamp),
            },
            _ => {}
        }
    }

    /// INVARIANT: a Docker Hub secret is not shown where the enrollment does not ask for it.
    fn may_be_shown(&self, account: &Account) -> bool {
        account.realm != Realm::DockerHub || self.docker_hub
    }

    fn account_seen(&mut self, account: Account, stamp: Stamp) {
        let known = self.account.replace((account.clone(), stamp));
        let same_user = known.as_ref().is_some_and(|(known, _)| known.identity() == account.identity());
        if let Some((known, known_stamp)) = &known
            && same_user
            && known.secret == account.secret
        {
            if *known_stamp != stamp {
                self.written_again();
            }
            return;
        }
        self.hang_up();
        self.service_attempt = 0;
        self.sign_ins = SignIns::default();
        if !same_user {
            match self.cached.as_ref().filter(|cached| self.fits(cached)) {
                Some(cached) => {
                    self.desired = Desired::Goal(Goal::Documents(Arc::clone(&cached.documents)));
                    self.grace = Grace::Off;
                }
                None => {
                    self.clear_cache();
                    if self.desired != Desired::Goal(Goal::Nobody) {
                        self.undecided();
                    }
                }
            }
        }
        self.begin();
    }

    /// Somebody signed in again with the same secret: whatever they saw, everything is put in force anew.
    fn written_again(&mut self) {
        if let Phase::Refused = self.phase {
            self.wait_for_service(Next::SignIn, None);
            return;
        }
        if matches!(self.desired, Desired::Goal(Goal::Documents(_))) {
            self.plugin.in_force = None;
            if let Applying::Waiting { .. } = self.applying {
                self.applying = Applying::Idle;
            }
        }
        // An open stream shows that the token is good: so many sign-ins a minute are enough.
        if matches!(self.phase, Phase::Watching { .. }) && !self.sign_ins.are_spent() {
            self.hang_up();
            self.begin();
        }
    }

    /// The kept set is this account's, at this service, on this machine.
    fn fits(&self, cached: &Cached) -> bool {
        self.service.as_ref() == Some(&cached.service)
            && self.account.as_ref().is_some_and(|(account, _)| account.identity() == cached.owner)
            && self.plugin.machine_id.as_ref().is_none_or(|id| *id == cached.machine_id)
    }

    fn plugin_up(&mut self, machine_id: String, session: Option<Held>) {
        let moved = self.plugin.machine_id.as_ref().is_some_and(|known| *known != machine_id);
        self.plugin = Plugin { machine_id: Some(machine_id), up: true, session, ..Plugin::default() };
        self.apply_attempt = 0;
        if let Applying::Waiting { .. } = self.applying {
            self.applying = Applying::Idle;
        }
        if self.cached.as_ref().is_some_and(|cached| self.plugin.machine_id.as_ref() != Some(&cached.machine_id)) {
            self.clear_cache();
            if matches!(self.desired, Desired::Goal(Goal::Documents(_))) {
                self.undecided();
            }
        }
        if moved {
            self.hang_up();
        }
        self.begin();
    }

    fn keep(&mut self, documents: Arc<Documents>) {
        let (Some(service), Some((account, _)), Some(machine_id)) =
            (&self.service, &self.account, &self.plugin.machine_id)
        else {
            return;
        };
        let cached =
            Cached { service: service.clone(), owner: account.identity(), machine_id: machine_id.clone(), documents };
        if self.cached.as_ref() != Some(&cached) {
            self.cached = Some(cached.clone());
            self.cache_kept = true;
            self.out.push(Command::Store(cached));
        }
    }

    fn timer(&mut self, timer: Timer, number: Number) {
        match timer {
            Timer::Service => {
                let Phase::Waiting { timer, .. } = &self.phase else { return };
                if *timer != number {
                    return;
                }
                match std::mem::replace(&mut self.phase, Phase::Idle) {
                    Phase::Waiting { next: Next::Watch { token, session }, .. } => self.open_watch(token, session),
                    _ => self.sign_in(),
                }
            }
            Timer::Apply => {
                if matches!(&self.applying, Applying::Waiting { timer, .. } if *timer == number) {
                    self.applying = Applying::Idle;
                }
            }
            Timer::SignIns => {
                if self.sign_ins.timer == Some(number) {
                    self.sign_ins = SignIns::default();
                }
            }
            Timer::Losses => {
                if self.plugin.loss_timer == number {
                    self.plugin.losses = 0;
                }
            }
            Timer::Grace => {
                if self.grace == Grace::Running(number) {
                    self.grace = Grace::Over;
                }
            }
        }
    }

    /// Starts the grace for an account that nobody confirmed yet. One that runs goes on: a file that names another
    /// account again and again does not make it longer.
    fn undecided(&mut self) {
        if std::mem::replace(&mut self.desired, Desired::Undecided) == Desired::Undecided
            && matches!(self.grace, Grace::Running(_))
        {
            return;
        }
        let number = self.number();
        self.grace = Grace::Running(number);
        self.out.push(Command::Wait { timer: Timer::Grace, number, delay: Delay::Exactly(GRACE) });
    }

    /// INVARIANT: signed out or unreadable means nobody, never the last known account.
    fn nobody(&mut self) {
        self.account = None;
        self.hang_up();
        self.grace = Grace::Off;
        self.desired = Desired::Goal(Goal::Nobody);
    }

    /// What was shown to the service is counted for a while.
    fn count_sign_ins(&mut self, count: impl FnOnce(&mut SignIns)) {
        count(&mut self.sign_ins);
        if self.sign_ins.timer.is_none() {
            let number = self.number();
            self.sign_ins.timer = Some(number);
            self.out.push(Command::Wait { timer: Timer::SignIns, number, delay: Delay::Exactly(SIGN_IN_WINDOW) });
        }
    }

    fn clear_cache(&mut self) {
        self.cached = None;
        if std::mem::take(&mut self.cache_kept) {
            self.out.push(Command::ClearCache);
        }
    }

    fn number(&mut self) -> Number {
        self.last_number += 1;
        self.last_number
    }
}
