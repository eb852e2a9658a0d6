//! The task that reads the credentials when the watcher hints, and tells who is signed in.
//!
//! Level-triggered: a hint carries nothing, the file is read and the state machine compares.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::{Credential, helper::Helpers, identity, load};
use crate::{
    enrolled::Enrolled,
    stamp::Stamp,
    sync::{Event, Seen},
    watcher::Hint,
};

/// How long a state that is not a sign-in has to stay the same before it is believed: `docker logout`
/// followed by `docker login`, or a file rewritten in place, is one change.
const SETTLE: Duration = Duration::from_millis(200);
/// A file that never rests is believed after this many looks.
const LOOKS: usize = 10;
/// A helper that failed is asked again without a change of the file only after this: it may ask a person each time.
const AFTER_HELPER_FAILURE: Duration = Duration::from_secs(300);

/// Reads credentials for as long as the agent runs.
pub struct Reader {
    /// The credentials file.
    pub path: PathBuf,
    /// How helpers are run.
    pub helpers: Helpers,
    /// When to look.
    pub hints: mpsc::Receiver<Hint>,
    /// Which service's entry to look for.
    pub enrolled: watch::Receiver<Enrolled>,
    /// Where to tell.
    pub events: mpsc::Sender<Event>,
}

impl Reader {
    /// Ends when the watcher or the listener of events is gone.
    pub async fn run(mut self) {
        let mut last: Option<(Credential, Stamp, Vec<String>)> = None;
        let mut helper_failed: Option<Instant> = None;
        let mut hint = Hint::Changed;
        loop {
            let (service, keys) = self.service();
            let stamp = Stamp::of(&self.path);
            let wait_for_person = hint == Hint::Periodic
                && helper_failed.is_some_and(|at| at.elapsed() < AFTER_HELPER_FAILURE)
                && last.as_ref().is_some_and(|(_, known, for_keys)| *known == stamp && *for_keys == keys);
            if !wait_for_person {
                let credential = self.load_settled(&keys).await;
                helper_failed = failed_in_helper(&credential).then(Instant::now);
                let stamp = Stamp::of(&self.path);
                if last.as_ref().is_none_or(|(known, _, _)| *known != credential) {
                    self.log(&credential);
                }
                let seen = match &credential {
                    Credential::SignedIn(account) => Seen::Account { account: account.clone(), stamp },
                    Credential::SignedOut => Seen::SignedOut,
                    Credential::Unreadable(_) => Seen::Unreadable,
                };
                last = Some((credential, stamp, keys));
                if self.events.send(Event::Credential { service, seen }).await.is_err() {
                    return;
                }
            }
            hint = tokio::select! {
                hint = self.hints.recv() => match hint {
                    Some(hint) => hint,
                    None => return,
                },
                changed = self.enrolled.changed() => match changed {
                    Ok(()) => Hint::Changed,
                    Err(_) => return,
                },
            };
        }
    }

    fn service(&mut self) -> (Option<String>, Vec<String>) {
        let service = self.enrolled.borrow_and_update().service().map(str::to_owned);
        let keys = service.as_deref().map(identity::keys_of_service).unwrap_or_default();
        (service, keys)
    }

    /// INVARIANT: the empty moment of an in-place rewrite is not a sign-out.
    async fn load_settled(&self, keys: &[String]) -> Credential {
        let mut credential = load(&self.path, keys, &self.helpers).await;
        for _ in 0..LOOKS {
            // What a helper said is not a half-written file, and asking twice may ask a person twice.
            if matches!(credential, Credential::SignedIn(_)) || failed_in_helper(&credential) {
                break;
            }
            tokio::time::sleep(SETTLE).await;
            let again = load(&self.path, keys, &self.helpers).await;
            if again == credential {
                break;
            }
            credential = again;
        }
        credential
    }

    fn log(&self, credential: &Credential) {
        let path = self.path.display();
        match credential {
            Credential::SignedIn(account) => {
                info!(user = account.user, key = account.key, source = %account.source, %path, "credentials found");
            }
            Credential::SignedOut => info!(%path, "nobody is signed in to the policy service"),
            Credential::Unreadable(why) => warn!(
                class = why.class.code(),
                detail = why.detail,
                %path,
                "the docker credentials cannot be read; nobody counts as signed in"
            ),
        }
    }
}

fn failed_in_helper(credential: &Credential) -> bool {
    use super::Class::{HelperBadOutput, HelperFailed, HelperMissing, HelperTimeout};
    matches!(credential, Credential::Unreadable(why)
        if matches!(why.class, HelperMissing | HelperFailed | HelperTimeout | HelperBadOutput))
}

#[cfg(test)]
mod tests;
