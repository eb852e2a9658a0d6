//! The only writer of what is in force.
//!
//! INVARIANT (I5): only a verified document that is already on disk is enforced.
//! INVARIANT (I6): a generation never goes back, across restarts: the highest one seen of each
//! document is on disk before the document is.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use policy::{Contact, Enforced, SignIn};
use proto::{
    control::{InForce, SignInFile},
    enrollment::Enrollment,
    sign_in::{Demand, Paths, SignInFiles},
    sync::Kind,
};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

use crate::{
    clock,
    live::Live,
    state::{Generations, StateDir, StateError},
};

mod documents;
mod error;
mod received;

use documents::{Change, Documents};
pub use error::ApplyError;
use received::Received;

/// Calls that wait for the writer: as many as agents apply at the same moment.
const WAITING: usize = 16;
/// How often the administrator's files are read, whole: a few microseconds, and nothing that a
/// comparison of times would overlook. A change takes effect at most this much later.
const LOOK_AT_FILES: Duration = Duration::from_millis(250);

/// What the control socket may ask the writer.
#[derive(Debug)]
enum Command {
    Apply {
        uid: u32,
        envelopes: Vec<Vec<u8>>,
        end_session: bool,
        reply: oneshot::Sender<Result<Vec<InForce>, ApplyError>>,
    },
}

/// Asks the writer, and sees what it published.
#[derive(Debug, Clone)]
pub struct Handle {
    commands: mpsc::Sender<Command>,
    view: watch::Receiver<Arc<View>>,
}

/// What is in force, as the control socket tells it.
#[derive(Debug, Default)]
pub struct View {
    /// Every document in force.
    pub in_force: Vec<InForce>,
    /// Their exact bytes, for another enforcer on this machine.
    pub envelopes: Vec<Vec<u8>>,
    /// Why the enrollment file could not be used; empty if it could.
    pub enrollment_error: String,
    /// What each file says about signing in.
    pub sign_in_files: Vec<SignInFile>,
}

impl Handle {
    /// Hands sealed documents over for `uid`: all or nothing.
    ///
    /// # Errors
    /// [`ApplyError`], and then nothing changed.
    pub async fn apply(
        &self,
        uid: u32,
        envelopes: Vec<Vec<u8>>,
        end_session: bool,
    ) -> Result<Vec<InForce>, ApplyError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Apply { uid, envelopes, end_session, reply };
        self.commands.send(command).await.map_err(|_| ApplyError::Stopping)?;
        answer.await.map_err(|_| ApplyError::Stopping)?
    }

    /// What is in force, now and at each change.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }
}

/// The writer.
pub struct Enforcer {
    live: Arc<Live>,
    state: StateDir,
    machine_id: String,
    paths: Paths,
    files: SignInFiles,
    documents: Documents,
    /// A policy on disk could not be used; until one is handed over, what is missing is not "off".
    incomplete: bool,
    generations: Generations,
    /// Users whose session ended while the disk would not keep its end; it is on disk, and in force no more.
    ended: BTreeSet<u32>,
    /// At the last look, a file of the administrator's that had been there was not.
    gone: bool,
    view: watch::Sender<Arc<View>>,
    commands: mpsc::Receiver<Command>,
}

impl Enforcer {
    /// Reads the administrator's files and every document on disk, and puts what holds in force before the
    /// first request is answered.
    ///
    /// # Errors
    /// [`StateError`] when the generations cannot be trusted.
    pub fn start(state: StateDir, paths: Paths) -> Result<(Self, Handle, Arc<Live>), StateError> {
        let machine_id = state.machine_id()?;
        let generations = state.generations()?;
        let files = SignInFiles::read(&paths);
        let (sender, commands) = mpsc::channel(WAITING);
        let (view, seen) = watch::channel(Arc::new(View::default()));
        let live = Arc::new(Live::new(Enforced::default()));
        let mut enforcer = Self {
            live: Arc::clone(&live),
            state,
            machine_id,
            paths,
            files,
            documents: Documents::default(),
            incomplete: false,
            generations,
            ended: BTreeSet::new(),
            gone: false,
            view,
            commands,
        };
        enforcer.restore()?;
        Ok((enforcer, Handle { commands: sender, view: seen }, live))
    }

    /// This machine's id.
    #[must_use]
    pub fn machine_id(&self) -> &str {
        &self.machine_id
    }

    /// Serves until the last handle is gone. Disk work happens here, away from the door's threads.
    pub async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK_AT_FILES);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Apply { uid, envelopes, end_session, reply }) => {
                        let answer = self.apply(uid, &envelopes, end_session);
                        if let Err(error) = &answer {
                            warn!(uid, error = %proto::chain(error), "refused documents");
                        }
                        // A caller that went away reads what is in force when it comes back.
                        let _ = reply.send(answer);
                    }
                    None => return,
                },
                _ = look.tick() => self.look_at_files(),
            }
        }
    }

    fn apply(&mut self, uid: u32, envelopes: &[Vec<u8>], end_session: bool) -> Result<Vec<InForce>, ApplyError> {
        if end_session {
            self.end_left_out(uid)?;
        }
        let keys = match &self.files.enrollment {
            Ok(enrollment) => &enrollment.trust_keys,
            // Nothing is handed over that would have to be trusted.
            Err(_) if end_session && envelopes.is_empty() => return Ok(self.documents.in_force()),
            Err(error) => return Err(ApplyError::NotEnrolled(error.to_string())),
        };
        let received = Received::open(envelopes, keys, &self.machine_id, uid, clock::now().0)?;
        let change = self.documents.with(received, &self.generations, uid, end_session)?;
        if let Err(error) = self.keep(&change) {
            // What cannot be kept is not put in force. But an end needs no disk: who signed out is signed
            // out, and the caller, who is told of the error, ends it again until it is kept as well.
            if end_session {
                self.ended.insert(uid);
                self.publish();
            }
            return Err(error.into());
        }
        if end_session || change.written.iter().any(|document| document.is_session_of(uid)) {
            self.ended.remove(&uid);
        }
        self.documents = change.documents;
        self.incomplete &= !self.documents.are_complete();
        for name in &change.removed {
            // Only a document that is no longer in force is left behind if this fails.
            if let Err(error) = self.state.remove_document(name) {
                warn!(error = %proto::chain(&error), "a document that is no longer in force stays on disk");
            }
        }
        self.publish();
        for document in &change.written {
            info!(document = %document.file_name, generation = document.in_force.generation, "in force");
        }
        Ok(self.documents.in_force())
    }

    /// A session that the enrollment of the moment keeps out of force ends as well: the next enrollment must not
    /// bring it back from disk.
    fn end_left_out(&mut self, uid: u32) -> Result<(), ApplyError> {
        let file_name = documents::session_file(uid);
        if self.documents.has_session(uid) || !self.state.has_document(&file_name) {
            return Ok(());
        }
        let mut generations = self.generations.clone();
        let floor = generations.entry(documents::generation_name(Kind::Session, uid, "")).or_default();
        *floor = floor.saturating_add(1);
        let kept = self.state.write_generations(&generations).and_then(|()| {
            self.generations = generations;
            self.state.remove_document(&file_name)
        });
        if kept.is_err() {
            self.ended.insert(uid);
        }
        Ok(kept?)
    }

    /// Puts a change on disk: first what must never go back, then the documents.
    fn keep(&mut self, change: &Change) -> Result<(), StateError> {
        if change.generations != self.generations {
            self.state.write_generations(&change.generations)?;
            self.generations.clone_from(&change.generations);
        }
        change.written.iter().try_for_each(|document| self.state.write_document(&document.file_name, &document.bytes))
    }

    /// Opens what is on disk with the keys that are trusted now.
    fn restore(&mut self) -> Result<(), StateError> {
        (self.documents, self.incomplete) = match &self.files.enrollment {
            Ok(enrollment) => {
                let stored = self.state.documents()?;
                let keys = &enrollment.trust_keys;
                Documents::restore(stored, keys, &self.machine_id, &self.generations, clock::now().0)
            }
            Err(_) => (Documents::default(), false),
        };
        for document in self.documents.in_force() {
            let name = documents::generation_name(document.kind(), document.uid, &document.subject);
            let highest = self.generations.entry(name).or_default();
            *highest = (*highest).max(document.generation);
        }
        self.publish();
        Ok(())
    }

    fn look_at_files(&mut self) {
        let files = SignInFiles::read(&self.paths);
        // Some tools take a file away before they write it anew: gone is what is still away at the next look.
        let gone = files.lack_one_of(&self.files);
        if gone && !std::mem::replace(&mut self.gone, gone) {
            return;
        }
        self.gone = false;
        let same_enrollment = files.same_enrollment(&self.files);
        if same_enrollment && files.demand() == self.files.demand() && files.report() == self.files.report() {
            return;
        }
        match files.demand() {
            Demand::Optional => info!("the administrator's files changed: sign-in is optional"),
            Demand::Required(organizations) => {
                info!(?organizations, "the administrator's files changed: sign-in is enforced");
            }
            Demand::Nobody(why) => warn!(why, "the administrator's files changed: nobody can sign in"),
        }
        self.files = files;
        if same_enrollment {
            self.publish();
        } else if let Err(error) = self.restore() {
            warn!(error = %proto::chain(&error), "documents on disk cannot be read; nothing of them is in force");
            (self.documents, self.incomplete) = (Documents::default(), true);
            self.publish();
        }
    }

    fn publish(&self) {
        let documents = self.documents.without_sessions(&self.ended);
        let enrollment = self.files.enrollment.as_ref();
        let enforced = Enforced {
            sign_in: sign_in(self.files.demand()),
            sessions: documents.sessions(),
            policies: documents.policies(),
            documents: if self.incomplete { policy::Documents::Incomplete } else { policy::Documents::Complete },
            admin: enrollment.map(admin).unwrap_or_default(),
            docker_hub_login: enrollment.is_ok_and(|enrollment| enrollment.docker_hub_credentials),
            login_host: enrollment.map(|enrollment| enrollment.login_host().to_owned()).unwrap_or_default(),
            ..Enforced::default()
        };
        self.live.publish(enforced);
        self.view.send_replace(Arc::new(View {
            in_force: documents.in_force(),
            envelopes: documents.envelopes(),
            enrollment_error: enrollment.err().map(|error| proto::chain(error)).unwrap_or_default(),
            sign_in_files: self.files.report(),
        }));
    }
}

fn sign_in(demand: Demand) -> SignIn {
    match demand {
        Demand::Optional => SignIn::Optional,
        Demand::Required(organizations) => SignIn::Required(organizations),
        Demand::Nobody(why) => SignIn::Unusable(why),
    }
}

fn admin(enrollment: &Enrollment) -> Contact {
    let admin = &enrollment.admin;
    Contact { message: admin.name.clone(), request_url: admin.url.clone(), email: admin.email.clone() }
}
