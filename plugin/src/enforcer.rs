//! The only writer of what is in force.
//!
//! INVARIANT (I5): only a verified document that is already on disk is enforced.
//! INVARIANT (I6): a generation never goes back, across restarts: the highest one seen of each
//! document is on disk before the document is.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use policy::{Enforced, Loopback};
use proto::{
    control::{self, InForce, SignInFile},
    documents::{Digest, DocumentError, Documents, Trust},
    egress::Egress,
    key_chain::KeyChain,
    sign_in::{Demand, LOOK, Paths, Watched},
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

use documents::Change;
pub use error::ApplyError;

/// Calls that wait for the writer: as many as agents apply at the same moment.
const WAITING: usize = 16;

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
    pub envelopes: Vec<(Digest, Arc<Vec<u8>>)>,
    /// Documents that were on disk cannot be used any more.
    pub incomplete: bool,
    /// Why the enrollment file could not be used; empty if it could.
    pub enrollment_error: String,
    /// What each file says about signing in.
    pub sign_in_files: Vec<SignInFile>,
    /// This machine is meant to have a registry door.
    pub door_expected: bool,
    /// The engine's egress rules.
    pub egress: control::Egress,
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
    files: Watched,
    /// What `pullgate egress` put in place, and what the last look at it showed.
    egress_file: PathBuf,
    egress: control::Egress,
    documents: Documents,
    /// A policy on disk could not be used; until one is handed over, what is missing is not "off".
    incomplete: bool,
    generations: Generations,
    /// Changes of the service's keys that were followed here.
    ///
    /// INVARIANT: they are on disk before what they vouch for, so that a key that ended never comes back.
    key_changes: Vec<Vec<u8>>,
    /// Users whose session ended while the disk would not keep its end; it is on disk, and in force no more.
    ended: BTreeSet<u32>,
    view: watch::Sender<Arc<View>>,
    commands: mpsc::Receiver<Command>,
}

impl Enforcer {
    /// Reads the administrator's files and every document on disk, and puts what holds in force before the
    /// first request is answered.
    ///
    /// # Errors
    /// [`StateError`] when the generations cannot be trusted.
    pub fn start(state: StateDir, paths: Paths, egress_file: PathBuf) -> Result<(Self, Handle, Arc<Live>), StateError> {
        let machine_id = state.machine_id()?;
        let generations = state.generations()?;
        let key_changes = state.key_changes()?;
        let files = Watched::new(paths);
        let egress = seen(Egress::look(&egress_file));
        let (sender, commands) = mpsc::channel(WAITING);
        let (view, viewed) = watch::channel(Arc::new(View::default()));
        let live = Arc::new(Live::new(Enforced::default()));
        let mut enforcer = Self {
            live: Arc::clone(&live),
            state,
            machine_id,
            files,
            egress_file,
            egress,
            documents: Documents::default(),
            incomplete: false,
            generations,
            key_changes,
            ended: BTreeSet::new(),
            view,
            commands,
        };
        enforcer.log_egress();
        enforcer.restore()?;
        Ok((enforcer, Handle { commands: sender, view: viewed }, live))
    }

    /// This machine's id.
    #[must_use]
    pub fn machine_id(&self) -> &str {
        &self.machine_id
    }

    /// Serves until the last handle is gone. Disk work happens here, away from the door's threads.
    pub async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Apply { uid, envelopes, end_session, reply }) => {
                        let answer = self.apply(uid, envelopes, end_session);
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

    fn apply(&mut self, uid: u32, envelopes: Vec<Vec<u8>>, end_session: bool) -> Result<Vec<InForce>, ApplyError> {
        if end_session {
            self.end_left_out(uid)?;
        }
        let keys = match &self.files.files().enrollment {
            Ok(enrollment) => &enrollment.trust_keys,
            // Nothing is handed over that would have to be trusted.
            Err(_) if end_session && envelopes.is_empty() => return Ok(documents::in_force(&self.documents)),
            Err(error) => return Err(ApplyError::NotEnrolled(error.to_string())),
        };
        let mut chain = KeyChain::new(keys.clone());
        chain.follow(&self.key_changes).map_err(DocumentError::Keys)?;
        let received = documents::receive(envelopes, &mut chain, &self.machine_id, uid, clock::now().0)?;
        let change = documents::change(&self.documents, received, &self.generations, uid, end_session)?;
        if let Err(error) = self.keep_keys(&chain).and_then(|()| self.keep(&change)) {
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
        self.incomplete &= !documents::are_complete(&self.documents);
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
        Ok(documents::in_force(&self.documents))
    }

    /// A session that the enrollment of the moment keeps out of force ends as well: the next enrollment must not
    /// bring it back from disk.
    fn end_left_out(&mut self, uid: u32) -> Result<(), ApplyError> {
        let file_name = documents::session_file(uid);
        if self.documents.sessions.contains_key(&uid) || !self.state.has_document(&file_name) {
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

    fn keep_keys(&mut self, chain: &KeyChain) -> Result<(), StateError> {
        let changes = chain.kept_with(&self.key_changes);
        if changes != self.key_changes {
            self.state.write_key_changes(&changes)?;
            self.key_changes = changes;
            let keys: Vec<String> = chain.trusted().iter().map(|key| key.id().to_string()).collect();
            info!(change = chain.number(), ?keys, "the policy service changed its keys");
        }
        Ok(())
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
        (self.documents, self.incomplete) = match &self.files.files().enrollment {
            Ok(enrollment) => {
                let trust = Trust { keys: &enrollment.trust_keys, machine_id: &self.machine_id };
                documents::restore(self.state.documents()?, trust, &self.generations)
            }
            Err(_) => (Documents::default(), false),
        };
        for document in documents::in_force(&self.documents) {
            let name = documents::generation_name(document.kind(), document.uid, &document.subject);
            let highest = self.generations.entry(name).or_default();
            *highest = (*highest).max(document.generation);
        }
        self.publish();
        Ok(())
    }

    fn look_at_files(&mut self) {
        let egress = seen(Egress::look(&self.egress_file));
        let egress_changed = egress != self.egress;
        if egress_changed {
            self.egress = egress;
            self.log_egress();
        }
        let Some(changed) = self.files.look() else {
            if egress_changed {
                self.publish();
            }
            return;
        };
        match self.files.files().demand() {
            Demand::Optional => info!("the administrator's files changed: sign-in is optional"),
            Demand::Required(organizations) => {
                info!(?organizations, "the administrator's files changed: sign-in is enforced");
            }
            Demand::Nobody(why) => warn!(why, "the administrator's files changed: nobody can sign in"),
        }
        let door = self.view.borrow().door_expected;
        if door != self.is_door_expected() {
            self.log_egress();
        }
        if !changed.enrollment {
            self.publish();
        } else if let Err(error) = self.restore() {
            warn!(error = %proto::chain(&error), "documents on disk cannot be read; nothing of them is in force");
            (self.documents, self.incomplete) = (Documents::default(), true);
            self.publish();
        }
    }

    /// At the start and at each change. Without a door, rules for one are nobody's business.
    fn log_egress(&self) {
        let control::Egress { in_place, why, containers, exceptions } = &self.egress;
        match (in_place, self.is_door_expected()) {
            (true, _) => info!(containers, ?exceptions, "egress rules are in place"),
            (false, true) => warn!(why, "egress rules are not in place: loopback registries are refused"),
            (false, false) => {}
        }
    }

    fn is_door_expected(&self) -> bool {
        self.files.files().enrollment.as_ref().is_ok_and(|enrollment| enrollment.registry_door)
    }

    fn publish(&self) {
        let in_force = documents::without_sessions(&self.documents, &self.ended);
        let files = self.files.files();
        self.live.publish(Enforced {
            sessions: in_force.sessions(),
            policies: in_force.policies(),
            documents: if self.incomplete { policy::Documents::Incomplete } else { policy::Documents::Complete },
            loopback: match (self.is_door_expected(), self.egress.in_place) {
                (false, _) => Loopback::NoDoor,
                (true, true) => Loopback::Guarded,
                (true, false) => Loopback::Open,
            },
            containers_confined: self.egress.containers,
            ..files.enforced()
        });
        self.view.send_replace(Arc::new(View {
            in_force: documents::in_force(&in_force),
            envelopes: in_force.all().map(|document| (document.sha256, document.bytes)).collect(),
            incomplete: self.incomplete,
            enrollment_error: files.enrollment.as_ref().err().map(|error| proto::chain(error)).unwrap_or_default(),
            sign_in_files: files.report(),
            door_expected: self.is_door_expected(),
            egress: self.egress.clone(),
        }));
    }
}

/// As the control socket tells it.
fn seen(egress: Egress) -> control::Egress {
    let why = egress.fault.map(|fault| proto::chain(&fault)).unwrap_or_default();
    let exceptions = egress.exceptions.iter().map(ToString::to_string).collect();
    control::Egress { in_place: why.is_empty(), why, containers: egress.containers, exceptions }
}
