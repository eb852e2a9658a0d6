//! Follows the enrollment file: which service, if any.

use std::{path::PathBuf, sync::Arc, time::Duration};

use proto::chain;
use proto::enrollment::{self, Enrollment, EnrollmentError};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::{
    credentials::{Realm, Wanted, identity},
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
            wanted.push(Wanted { realm: Realm::Service, keys: identity::keys_of_service(service) });
        }
        if self.docker_hub() == DockerHub::Shown {
            wanted.push(Wanted { realm: Realm::DockerHub, keys: vec![identity::DOCKER_HUB.to_owned()] });
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

/// Publishes what the file says each time it changes. Ends when nobody listens.
///
/// A file that is there but cannot be used, as in the middle of an edit, leaves the last good one in force here.
pub async fn follow(path: PathBuf, sender: watch::Sender<Enrolled>) {
    let mut known = Stamp::of(&path);
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sender.closed() => return,
        }
        let stamp = Stamp::of(&path);
        if stamp == known {
            continue;
        }
        known = stamp;
        match enrollment::read(&path) {
            Ok(enrollment) => {
                info!(path = %path.display(), service = enrollment.service, "enrollment changed");
                publish(&sender, Enrolled::Yes(Arc::new(enrollment)));
            }
            Err(error) if error.is_missing() => {
                warn!(path = %path.display(), "the enrollment file is gone; this machine is no longer enrolled");
                publish(&sender, Enrolled::No { why: explain(&error) });
            }
            Err(error) => warn!(error = explain(&error), "the enrollment file cannot be used; the last good one stays"),
        }
    }
}

/// The causes, and for keys where the right ones are.
fn explain(error: &EnrollmentError) -> String {
    match error {
        EnrollmentError::Key { .. } => format!("{}; {TRUST_KEYS}", chain(error)),
        _ => chain(error),
    }
}

fn publish(sender: &watch::Sender<Enrolled>, new: Enrolled) {
    sender.send_if_modified(|old| {
        let changed = *old != new;
        *old = new;
        changed
    });
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

    #[test]
    fn a_key_that_is_none_names_the_next_step() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("enrollment.json");
        std::fs::write(&path, r#"{"service":"https://gate.example","trustKeys":["bm9uZQ=="]}"#).expect("write");
        assert!(matches!(Enrolled::read(&path), Enrolled::No { why } if why.contains("pullgate-service enrollment")));
    }
}
