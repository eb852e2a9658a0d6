//! What is in force, as the plugin hands it on: verified here again, kept in memory, nowhere else.
//!
//! The plugin is root's and holds the generations, so that its word counts: a document that it does not
//! name is in force no more. But it is believed no document that the keys in the enrollment file do not
//! vouch for; one that does not hold makes what is known incomplete.

use std::{path::PathBuf, sync::Arc};

use policy::{Enforced, Loopback};
use proto::{
    documents::{Documents, Reading, Trust},
    enrollment::Enrollment,
    sign_in::{Demand, LOOK, Paths, Watched},
    sync::Kind,
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tracing::{error, info, warn};

mod listen;

use listen::{Word, listen};

/// Follows the plugin on its control socket, and the administrator's files, until it is dropped.
/// The receiver has a defined value from the start: what the files demand, and no document heard of.
pub fn follow(
    control_socket: PathBuf,
    paths: Paths,
    probe_key: Vec<u8>,
) -> (watch::Receiver<Arc<Enforced>>, impl Future<Output = ()> + Send) {
    let (enforced, receiver) = watch::channel(Arc::default());
    let follower = Follower {
        files: Watched::new(paths),
        word: None,
        documents: Documents::default(),
        known: policy::Documents::Unheard,
        enforced,
    };
    follower.publish();
    (receiver, follower.run(control_socket, probe_key))
}

struct Follower {
    files: Watched,
    /// The plugin's last word; none: it was not heard yet.
    word: Option<Arc<Word>>,
    /// What holds of it.
    documents: Documents,
    /// Whether that is all of it.
    known: policy::Documents,
    enforced: watch::Sender<Arc<Enforced>>,
}

impl Follower {
    async fn run(mut self, control_socket: PathBuf, probe_key: Vec<u8>) {
        // The last word is all that counts: one that was not looked at yet is replaced.
        let (speaker, mut words) = watch::channel(None);
        let mut listening = std::pin::pin!(listen(&control_socket, &probe_key, speaker));
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut listening => return,
                Ok(()) = words.changed() => {
                    self.word.clone_from(&words.borrow_and_update());
                    // The same keys as before: what has the same bytes holds as it did.
                    let before = std::mem::take(&mut self.documents);
                    self.open(before).await;
                    self.publish();
                }
                _ = look.tick() => self.look_at_files().await,
                () = self.enforced.closed() => return,
            }
        }
    }

    async fn look_at_files(&mut self) {
        let keys = |files: &Watched| files.files().enrollment.as_ref().ok().map(|found| found.trust_keys.clone());
        let before = keys(&self.files);
        if self.files.look().is_none() {
            return;
        }
        match self.files.files().demand() {
            Demand::Optional => info!("the administrator's files changed: sign-in is optional"),
            Demand::Required(organizations) => {
                info!(?organizations, "the administrator's files changed: sign-in is enforced");
            }
            Demand::Nobody(why) => warn!(why, "the administrator's files changed: nobody can sign in"),
        }
        if keys(&self.files) != before {
            // Nothing holds because it once did.
            self.open(Documents::default()).await;
        }
        self.publish();
    }

    /// Verifies and compiles the plugin's last word. Large documents take a while, and other tasks go on meanwhile.
    async fn open(&mut self, before: Documents) {
        let (Some(word), Some(enrollment)) = (self.word.clone(), self.enrollment().cloned()) else {
            (self.documents, self.known) = (Documents::default(), policy::Documents::Unheard);
            return;
        };
        let reading = tokio::task::spawn_blocking(move || {
            let trust = Trust { keys: &enrollment.trust_keys, machine_id: &word.machine_id };
            (Documents::open(&word.envelopes, &before, trust), word)
        });
        match reading.await {
            Ok((reading, word)) => {
                self.known = known(&word, &reading);
                self.documents = reading.documents;
                let (policies, sessions) = (self.documents.policies.len(), self.documents.sessions.len());
                info!(policies, sessions, known = ?self.known, "in force");
            }
            Err(error) => {
                error!(%error, "the plugin's documents could not be read; nothing of them is in force");
                (self.documents, self.known) = (Documents::default(), policy::Documents::Unheard);
            }
        }
    }

    fn enrollment(&self) -> Option<&Enrollment> {
        self.files.files().enrollment.as_ref().ok()
    }

    fn publish(&self) {
        self.enforced.send_replace(Arc::new(Enforced {
            sessions: self.documents.sessions(),
            policies: self.documents.policies(),
            documents: match self.enrollment() {
                Some(_) => self.known,
                // Without one no key is trusted, so that no document is to be heard of; what a file demands
                // that cannot be used is in `sign_in`.
                None => policy::Documents::Complete,
            },
            // Whatever comes here came through the door.
            loopback: Loopback::Guarded,
            ..self.files.files().enforced()
        }));
    }
}

/// How much of the plugin's word holds here; what does not is logged.
fn known(word: &Word, reading: &Reading) -> policy::Documents {
    for (_, error) in &reading.left_out {
        warn!(error = %proto::chain(error), "left out a document");
    }
    let mut kinds = reading.left_out.iter().map(|(_, error)| error.kind());
    // Who is not known to be signed in is under no policy: it must not look as if nobody were.
    if word.lacking || kinds.clone().any(|kind| !matches!(kind, Kind::Policy | Kind::Directory)) {
        return policy::Documents::Unheard;
    }
    if word.incomplete || kinds.next().is_some() {
        return policy::Documents::Incomplete;
    }
    policy::Documents::Complete
}
