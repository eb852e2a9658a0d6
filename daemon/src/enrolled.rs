//! Follows the enrollment file: which service, if any.

use std::{path::PathBuf, sync::Arc, time::Duration};

use proto::chain;
use proto::enrollment::{self, Enrollment, EnrollmentError};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    credentials::{Realm, Wanted, keys},
    stamp::Stamp,
};

/// How often the file's metadata is looked at. One `stat` a second costs nothing, and needs no watch on root's directories.
const PERIOD: Duration = Duration::from_secs(1);

/// What to do when `trustKeys` are wrong.
pub const TRUST_KEYS: &str =
    "run `pullgate-service enrollment` at the service, and put the `trustKeys` that it prints into the enrollment file";

/// What the enrollment file says. The plugin, not the agent, fails closed on one that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolled {
    /// This machine has a service.
    Yes(Arc<Enrollment>),
    /// It has none that can be used.
    No {
        /// Why, for a person.
        why: String,
    },
}

impl Enrolled {
    /// Reads the file now.
    #[must_use]
    pub fn read(path: &std::path::Path) -> Self {
        match enrollment::read(path) {
            Ok(enrollment) => Self::Yes(Arc::new(enrollment)),
            Err(error) => Self::No { why: explain(&error) },
        }
    }

    /// The service's URL.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Yes(enrollment) => Some(&enrollment.service),
            Self::No { .. } => None,
        }
    }

    /// Which sign-ins count here, the one that counts more first.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        if let Some(service) = self.service() {
            wanted.push(Wanted { realm: Realm::Service, keys: keys::of_service(service) });
        }
        if self.docker_hub() == DockerHub::Shown {
            wanted.push(Wanted { realm: Realm::DockerHub, keys: vec![keys::DOCKER_HUB.to_owned()] });
        }
        wanted
    }

    /// What may be done with a Docker Hub credential.
    ///
    /// INVARIANT: it leaves this machine only where the administrator asks for it, and only to a service whose
    /// certificate is checked. What is not shown is not read either.
    #[must_use]
    pub fn docker_hub(&self) -> DockerHub {
        match self {
            Self::Yes(enrollment) if enrollment.docker_hub_credentials => {
                if enrollment.service.starts_with("https://") { DockerHub::Shown } else { DockerHub::PlainHttp }
            }
            _ => DockerHub::NotAsked,
        }
    }
}

/// Whether a Docker Hub credential is shown to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockerHub {
    /// The enrollment does not ask for it.
    NotAsked,
    /// It asks, but the service is spoken to in the clear.
    PlainHttp,
    /// It is.
    Shown,
}

impl DockerHub {
    /// Why it is not, though the enrollment asks for it.
    pub const PLAIN_HTTP: &str = "`dockerHubCredentials` has no effect: `service` in the enrollment file is plain http, and \
                                  a Docker Hub secret is shown over https only";
}

/// Publishes what the file says each time it changes, and at once what changed since the sender's value was read.
/// Ends when nobody listens.
///
/// A file that is there but cannot be used, as in the middle of an edit, leaves the last good one in force here.
/// One that is gone has to be gone for two looks: some tools take it away before they write it anew.
pub async fn follow(path: PathBuf, sender: watch::Sender<Enrolled>) {
    let mut known = None;
    let mut gone = false;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sender.closed() => return,
        }
        let stamp = Stamp::of(&path);
        if known == Some(stamp) {
            gone = false;
            continue;
        }
        match enrollment::read(&path) {
            Err(error) if error.is_missing() => {
                if std::mem::replace(&mut gone, true) {
                    known = Some(stamp);
                    if publish(&sender, Enrolled::No { why: explain(&error) }) {
                        warn!(path = %path.display(), "the enrollment file is gone; this machine is no longer enrolled");
                    }
                }
                continue;
            }
            Ok(enrollment) => {
                let enrollment = Arc::new(enrollment);
                if publish(&sender, Enrolled::Yes(Arc::clone(&enrollment))) {
                    info!(path = %path.display(), service = enrollment.service, "enrollment changed");
                }
            }
            Err(error) => {
                let why = explain(&error);
                if !matches!(&*sender.borrow(), Enrolled::No { why: told } if *told == why) {
                    warn!(error = why, "the enrollment file cannot be used; the last good one stays");
                }
            }
        }
        (known, gone) = (Some(stamp), false);
    }
}

/// The causes, and for keys where the right ones are.
fn explain(error: &EnrollmentError) -> String {
    match error {
        EnrollmentError::Key { .. } => format!("{}; {TRUST_KEYS}", chain(error)),
        _ => chain(error),
    }
}

/// Whether it is news.
fn publish(sender: &watch::Sender<Enrolled>, new: Enrolled) -> bool {
    sender.send_if_modified(|old| {
        let changed = *old != new;
        *old = new;
        changed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolled(service: &str, docker_hub_credentials: bool) -> Enrolled {
        let service = service.to_owned();
        Enrolled::Yes(Arc::new(Enrollment { service, docker_hub_credentials, ..Enrollment::default() }))
    }

    #[test]
    fn docker_hub_is_looked_for_only_where_it_is_asked_for_and_over_tls() {
        let check = |service: &str, asked, expected: DockerHub, keys: &[&str]| {
            let enrolled = enrolled(service, asked);
            assert_eq!(enrolled.docker_hub(), expected, "{service}");
            let wanted = enrolled.wanted();
            assert_eq!(wanted.iter().map(|wanted| wanted.keys[0].as_str()).collect::<Vec<_>>(), keys, "{service}");
        };
        check("https://g:1", true, DockerHub::Shown, &["g:1", "https://index.docker.io/v1/"]);
        check("https://g:1", false, DockerHub::NotAsked, &["g:1"]);
        check("http://127.0.0.1:1", true, DockerHub::PlainHttp, &["127.0.0.1:1"]);
        let none = Enrolled::No { why: String::new() };
        assert_eq!((none.docker_hub(), none.wanted()), (DockerHub::NotAsked, vec![]));
    }

    /// The file, where a service may be enrolled.
    struct File(tempfile::TempDir);

    impl File {
        fn path(&self) -> PathBuf {
            self.0.path().join("enrollment.json")
        }

        fn write(&self, service: &str) {
            let key = proto::keys::SigningKey::from_seed(&[4; 32]).verifying_key().to_base64();
            let text = format!(r#"{{"service":"{service}","trustKeys":["{key}"]}}"#);
            std::fs::write(self.path(), text).expect("write");
        }
    }

    /// What is published in so many looks.
    async fn looks(seen: &mut watch::Receiver<Enrolled>, looks: u32) -> Option<Option<String>> {
        let changed = tokio::time::timeout(PERIOD * looks + PERIOD / 2, seen.changed()).await;
        changed.ok().map(|changed| {
            changed.expect("it goes on");
            seen.borrow_and_update().service().map(str::to_owned)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_since_it_was_read_is_seen_and_a_file_away_for_one_look_is_not_gone() {
        let file = File(tempfile::tempdir().expect("directory"));
        file.write("https://old.example");
        let (sender, mut seen) = watch::channel(Enrolled::read(&file.path()));
        // While the agent starts.
        file.write("https://new.example");
        let task = tokio::spawn(follow(file.path(), sender));
        assert_eq!(looks(&mut seen, 1).await, Some(Some("https://new.example".to_owned())));
        assert_eq!(looks(&mut seen, 3).await, None, "said once");
        std::fs::remove_file(file.path()).expect("remove");
        assert_eq!(looks(&mut seen, 1).await, None, "away");
        file.write("https://new.example");
        assert_eq!(looks(&mut seen, 3).await, None, "the same again");
        std::fs::remove_file(file.path()).expect("remove");
        assert_eq!(looks(&mut seen, 2).await, Some(None), "gone");
        file.write("https://old.example");
        assert_eq!(looks(&mut seen, 1).await, Some(Some("https://old.example".to_owned())));
        task.abort();
    }

    #[test]
    fn a_key_that_is_none_names_the_next_step() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("enrollment.json");
        std::fs::write(&path, r#"{"service":"https://gate.example","trustKeys":["bm9uZQ=="]}"#).expect("write");
        assert!(matches!(Enrolled::read(&path), Enrolled::No { why } if why.contains("pullgate-service enrollment")));
    }
}
