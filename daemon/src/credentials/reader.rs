//! The task that reads the credentials when the watcher hints, and tells who is signed in.
//!
//! Level-triggered: a hint carries nothing, the file is read and the state machine compares.

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tracing::{info, warn};

use super::{
    Credential, Wanted,
    helper::Helpers,
    patience::{Patience, Verdict, failed_in_helper},
    place::Place,
    read,
};
use crate::{
    enrolled::{DockerHub, Enrolled},
    stamp::Stamp,
    sync::{Event, Seen},
    watcher::Hint,
};

/// How long a state that is not a sign-in has to stay the same before it is believed: `docker logout`
/// followed by `docker login`, or a file rewritten in place, is one change.
const SETTLE: Duration = Duration::from_millis(200);
/// A file that never rests and never names anybody is believed after this many looks. One that is rewritten in
/// place without a pause is empty at every second look or so.
const LOOKS: usize = 25;

/// What was believed last.
struct Look {
    credential: Credential,
    stamp: Stamp,
    wanted: Vec<Wanted>,
    /// When an unchanged file is worth a look; while a helper is asked again, when that is.
    next: Instant,
    asking_again: bool,
}

/// Why the loop runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Changed,
    Periodic,
    /// A helper is to be asked again.
    Due,
    /// Somebody wants to be sure that nothing has changed that no hint told of yet.
    Asked,
}

/// Reads credentials for as long as the agent runs.
pub struct Reader {
    /// The credentials file.
    pub place: Place,
    /// How helpers are run.
    pub helpers: Helpers,
    /// When to look.
    pub hints: mpsc::Receiver<Hint>,
    /// Who wants to be told that it has looked, and that what it saw was told.
    pub asked: mpsc::Receiver<oneshot::Sender<()>>,
    /// Which entries to look for.
    pub enrolled: watch::Receiver<Enrolled>,
    /// Where to tell.
    pub events: mpsc::Sender<Event>,
}

impl Reader {
    /// Ends when the watcher or the listener of events is gone.
    pub async fn run(mut self) {
        let mut last: Option<Look> = None;
        let mut patience = Patience::default();
        // The first hint comes when everything is watched: what is read before it would be read again.
        if self.hints.recv().await.is_none() {
            return;
        }
        let mut reason = Reason::Changed;
        let mut docker_hub = DockerHub::NotAsked;
        let mut waiting: Option<oneshot::Sender<()>> = None;
        loop {
            let enrolled = self.enrolled.borrow_and_update().clone();
            if std::mem::replace(&mut docker_hub, enrolled.docker_hub()) != docker_hub {
                log_docker_hub(docker_hub);
            }
            let (service, wanted) = (enrolled.service().map(str::to_owned), enrolled.wanted());
            let stamp = self.stamp().await;
            let same = last.as_ref().filter(|look| look.stamp == stamp && look.wanted == wanted);
            let due = match (reason, same) {
                (_, None) | (Reason::Due, _) => true,
                // While a helper is given time, nothing but time or another file is worth a question.
                (Reason::Changed, Some(look)) => !look.asking_again,
                (Reason::Periodic, Some(look)) => !look.asking_again && Instant::now() >= look.next,
                (Reason::Asked, Some(_)) => false,
            };
            if due {
                let known = same.map(|look| look.credential.clone());
                let (found, stamp) = self.load_settled(&wanted).await;
                match patience.judge(known.as_ref(), &found) {
                    Verdict::AskAgain(wait) => {
                        Self::log_patience(&found, wait);
                        if let Some(look) = &mut last {
                            (look.asking_again, look.next) = (true, Instant::now() + wait);
                        }
                    }
                    Verdict::Believe => {
                        if last.as_ref().is_none_or(|look| look.credential != found) {
                            self.log(&found).await;
                        }
                        let seen = match &found {
                            Credential::SignedIn(account) => Seen::Account { account: account.clone(), stamp },
                            Credential::SignedOut => Seen::SignedOut,
                            Credential::Unreadable(_) => Seen::Unreadable,
                        };
                        let next = Instant::now() + Patience::unchanged(&found, fastrand::f64());
                        last = Some(Look { credential: found, stamp, wanted, next, asking_again: false });
                        if self.events.send(Event::Credential { service, seen }).await.is_err() {
                            return;
                        }
                    }
                }
            }
            if let Some(waiting) = waiting.take() {
                // Nobody has to wait for it.
                let _ = waiting.send(());
            }
            let again = last.as_ref().filter(|look| look.asking_again).map(|look| look.next);
            let again = async {
                match again {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            reason = tokio::select! {
                hint = self.hints.recv() => match hint {
                    Some(Hint::Changed) => Reason::Changed,
                    Some(Hint::Periodic) => Reason::Periodic,
                    None => return,
                },
                changed = self.enrolled.changed() => match changed {
                    Ok(()) => Reason::Changed,
                    Err(_) => return,
                },
                () = again => Reason::Due,
                Some(asked) = self.asked.recv() => {
                    waiting = Some(asked);
                    Reason::Asked
                }
            };
        }
    }

    /// INVARIANT: the empty moment of an in-place rewrite is not a sign-out: what is no sign-in is believed
    /// when the file rested meanwhile.
    async fn load_settled(&self, wanted: &[Wanted]) -> (Credential, Stamp) {
        let mut looks = 0;
        loop {
            let before = self.stamp().await;
            let credential = read(&self.place, wanted, &self.helpers).await;
            looks += 1;
            // What a helper said is not a half-written file, and asking twice may ask a person twice.
            if matches!(credential, Credential::SignedIn(_)) || failed_in_helper(&credential) || looks >= LOOKS {
                return (credential, before);
            }
            tokio::time::sleep(SETTLE).await;
            if self.stamp().await == before {
                return (credential, before);
            }
        }
    }

    /// Never on the thread of the event loop: a network file system may not answer.
    async fn stamp(&self) -> Stamp {
        let place = self.place.clone();
        tokio::task::spawn_blocking(move || place.stamp()).await.unwrap_or_default()
    }

    fn log_patience(read: &Credential, wait: Duration) {
        if let Credential::Unreadable(why) = read {
            let (class, detail, again_s) = (why.class.code(), &why.detail, wait.as_secs());
            warn!(
                class,
                detail, again_s, "the credential helper failed; the last known account stays for about a minute"
            );
        }
    }

    async fn log(&self, credential: &Credential) {
        let place = self.place.clone();
        let path = tokio::task::spawn_blocking(move || place.now().display().to_string()).await.unwrap_or_default();
        match credential {
            Credential::SignedIn(account) => {
                let (user, realm) = (&account.user, account.realm.code());
                info!(user, realm, key = account.key, source = %account.source, path, "credentials found");
            }
            Credential::SignedOut => info!(path, "nobody is signed in to the policy service"),
            Credential::Unreadable(why) => warn!(
                class = why.class.code(),
                detail = why.detail,
                path,
                "the credentials cannot be read; nobody counts as signed in"
            ),
        }
    }
}

fn log_docker_hub(docker_hub: DockerHub) {
    match docker_hub {
        DockerHub::Shown => info!("who is not signed in to the service is signed in with what is kept for Docker Hub"),
        DockerHub::PlainHttp => warn!("{}", DockerHub::PLAIN_HTTP),
        DockerHub::NotAsked => info!("the enrollment file does not ask for Docker Hub credentials any more"),
    }
}

#[cfg(test)]
mod tests;
