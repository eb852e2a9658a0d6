//! The conversation with the service: sign in, watch, wait, begin again.

use std::{sync::Arc, time::Duration};

use proto::secret::Secret;
use proto::sync::{Held, Kind};
use tracing::{debug, error, warn};

use super::{Applying, Desired, Grace, Next, Phase, Sync};
use crate::{
    documents::{Document, Documents, Parts, Unusable},
    sync::{Command, Delay, Goal, Number, SERVICE_CAP, SPREAD, Timer},
};

/// A stream that ends sooner was no success: its end counts as this many failures.
const FLAPPING: (Duration, u32) = (Duration::from_secs(5), 3);

impl Sync {
    pub(super) fn begin(&mut self) {
        if matches!(self.phase, Phase::Idle) {
            self.sign_in();
        }
    }

    pub(super) fn sign_in(&mut self) {
        if self.sign_ins.are_spent() && self.account.is_some() {
            let timer = self.number();
            self.phase = Phase::Waiting { timer, next: Next::SignIn, told: false };
            let delay = Delay::Exactly(SERVICE_CAP);
            self.out.push(Command::Wait { timer: Timer::Service, number: timer, delay });
            return;
        }
        self.show_credential();
    }

    fn show_credential(&mut self) {
        let (Some(_), Some((account, _)), Some(machine_id)) = (&self.service, &self.account, &self.plugin.machine_id)
        else {
            return;
        };
        let (account, machine_id) = (account.clone(), machine_id.clone());
        let attempt = self.number();
        self.phase = Phase::SigningIn(attempt);
        self.out.push(Command::SignIn { attempt, account, machine_id });
    }

    pub(super) fn open_watch(&mut self, token: Secret, session: Document) {
        let attempt = self.number();
        let held = self.known(&session).into_iter().map(|document| document.name).collect();
        let parts = Parts::default();
        self.phase = Phase::Watching { attempt, token: token.clone(), session, heard: false, whole: false, parts };
        self.out.push(Command::Watch { attempt, token, held });
    }

    /// What the service need not send: the fresh session, and all but the session of the set at hand.
    pub(super) fn known(&self, session: &Document) -> Vec<Document> {
        let mut known = vec![session.clone()];
        let at_hand = match &self.desired {
            Desired::Goal(Goal::Documents(documents)) => Some(documents),
            _ => self.cached.as_ref().map(|cached| &cached.documents),
        };
        let others = at_hand.into_iter().flat_map(|documents| &documents.0);
        known.extend(others.filter(|document| document.name.kind() != Kind::Session).cloned());
        known
    }

    pub(super) fn signed_in(&mut self, attempt: Number, token: Secret, session: Vec<u8>) {
        if !matches!(self.phase, Phase::SigningIn(current) if current == attempt) {
            return;
        }
        self.count_sign_ins(|sign_ins| sign_ins.accepted += 1);
        match Document::session(session) {
            Some(session) => {
                self.note_owner(&session);
                self.out.push(Command::Report(Some(token.clone())));
                self.open_watch(token, session);
            }
            None => {
                warn!("the service answered a sign-in with something that is no sealed session");
                self.wait_for_service(Next::SignIn, None);
            }
        }
    }

    pub(super) fn desired(&mut self, attempt: Number, desired: Vec<Held>, envelopes: Vec<Vec<u8>>) {
        let Phase::Watching { attempt: current, token, session, heard, whole, parts } = &mut self.phase else { return };
        if *current != attempt {
            return;
        }
        let (token, session) = (token.clone(), session.clone());
        let received = parts.add(envelopes);
        let mut parts = std::mem::take(parts);
        (*heard, *whole) = (true, false);
        let assembled = received.and_then(|()| Documents::assemble(&desired, &parts, &self.known(&session)));
        let mut documents = match assembled {
            Ok(documents) => documents,
            Err(Unusable::Incomplete { kind, subject, generation }) => {
                debug!(?kind, subject, generation, "the rest of the state is still to come");
                parts.keep(&desired);
                if let Phase::Watching { parts: kept, .. } = &mut self.phase {
                    *kept = parts;
                }
                return;
            }
            Err(lie) => {
                error!(error = %lie, "the service sent a state that cannot be; hanging up, trying again later");
                self.stream_ended(true, Duration::ZERO);
                self.out.push(Command::HangUp);
                self.wait_for_service(Next::Watch { token, session }, None);
                return;
            }
        };
        // The sign-in's session is part of the state unless the service names a newer one.
        match documents.0.iter().find(|document| document.name.kind() == Kind::Session).cloned() {
            Some(newer) => {
                self.note_owner(&newer);
                if let Phase::Watching { session, .. } = &mut self.phase {
                    *session = newer;
                }
            }
            None => documents.0.push(session),
        }
        if let Phase::Watching { whole, .. } = &mut self.phase {
            *whole = true;
        }
        let documents = Arc::new(documents);
        self.service_attempt = 0;
        self.grace = Grace::Off;
        let goal = Goal::Documents(Arc::clone(&documents));
        // A state that was refused before may be accepted when it comes again.
        if let Applying::Waiting { .. } = self.applying {
            self.applying = Applying::Idle;
        }
        self.desired = Desired::Goal(goal);
        // First in force, then on disk: a full disk must not keep a policy away.
        self.reconcile();
        self.keep(documents);
    }

    fn note_owner(&mut self, session: &Document) {
        if let Some((account, _)) = &self.account {
            self.owners.note(session, &account.identity(), self.plugin.session.as_ref());
        }
    }

    /// A stream that ends soon was no success, however good its first message was.
    fn stream_ended(&mut self, heard: bool, lasted: Duration) {
        if lasted >= FLAPPING.0 {
            self.flaps = 0;
        } else if heard {
            self.flaps = self.flaps.saturating_add(1);
            self.service_attempt = self.service_attempt.max(self.flaps.saturating_add(FLAPPING.1 - 1));
        }
    }

    pub(super) fn refused(&mut self, attempt: Number, lasted: Duration) {
        match &self.phase {
            Phase::SigningIn(current) if *current == attempt => {
                self.phase = Phase::Refused;
                self.grace = Grace::Off;
                self.desired = Desired::Goal(Goal::Nobody);
                self.clear_cache();
            }
            // The token is of no use any more; the credential may still be.
            Phase::Watching { attempt: current, heard, .. } if *current == attempt => {
                let heard = *heard;
                self.stream_ended(heard, lasted);
                self.out.push(Command::Report(None));
                if self.sign_ins.at_once {
                    self.wait_for_service(Next::SignIn, None);
                } else {
                    // However often somebody signed in before: a revoked account loses its session now.
                    self.count_sign_ins(|sign_ins| sign_ins.at_once = true);
                    self.show_credential();
                }
            }
            _ => {}
        }
    }

    pub(super) fn unavailable(&mut self, attempt: Number, retry_after: Option<Duration>, lasted: Duration) {
        let (next, stood) = match &self.phase {
            Phase::SigningIn(current) if *current == attempt => (Next::SignIn, false),
            Phase::Watching { attempt: current, token, session, heard, .. } if *current == attempt => {
                let (heard, next) = (*heard, Next::Watch { token: token.clone(), session: session.clone() });
                self.stream_ended(heard, lasted);
                (next, heard)
            }
            _ => return,
        };
        match retry_after {
            None if stood => {
                // One that broke at once counts as failures, and waits longer still.
                let backoff = Delay::Backoff { attempt: self.service_attempt, cap: SERVICE_CAP }.duration(1.0);
                self.wait(next, Delay::Within(SPREAD.max(backoff)), false);
            }
            told => self.wait_for_service(next, told),
        }
        if self.desired == Desired::Undecided {
            self.grace = Grace::Over;
        }
    }

    pub(super) fn wait_for_service(&mut self, next: Next, told: Option<Duration>) {
        let delay = match told {
            Some(delay) => Delay::Exactly(delay),
            None => Delay::Backoff { attempt: self.service_attempt, cap: SERVICE_CAP },
        };
        self.service_attempt = self.service_attempt.saturating_add(1);
        self.wait(next, delay, told.is_some());
    }

    fn wait(&mut self, next: Next, delay: Delay, told: bool) {
        let timer = self.number();
        self.phase = Phase::Waiting { timer, next, told };
        self.out.push(Command::Wait { timer: Timer::Service, number: timer, delay });
    }

    pub(super) fn hang_up(&mut self) {
        if !matches!(std::mem::replace(&mut self.phase, Phase::Idle), Phase::Idle) {
            self.out.push(Command::HangUp);
            self.out.push(Command::Report(None));
        }
    }
}
