//! Docker Hub's search, read to learn which namespaces have a badge. What comes back is anybody's word: pages have a
//! size and an end, names a form, and all of it together a deadline.
//!
//! `GET /api/search/v4`, as Docker's own clients ask it. Nothing is sent but the question.
//!
//! | file | does |
//! |---|---|
//! | `pages` | one search, page by page, to its end or to a bound |
//! | `result` | one result: whose namespace it shows, if anybody's |

mod pages;
mod result;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use clap::ValueEnum;
use serde::Serialize;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::Instant,
};
use utoipa::ToSchema;

use self::pages::Asking;
pub use self::pages::{MOST_RESULTS, PAGE};
use crate::{
    model::Badge,
    names::Name,
    outgoing::{Base, Outgoing, OutgoingError, RootsError},
};

/// Both searches, where somebody waits for an answer over HTTP: less than such an answer may take.
pub const WHILE_ASKED: Duration = Duration::from_secs(45);
/// Both searches, for the command line.
pub const AT_LEISURE: Duration = Duration::from_secs(900);

/// Why nothing is known of what Docker Hub shows.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// One at a time: two would undo each other.
    #[error("the directory is being refreshed from Docker Hub already; wait until that is done")]
    Running,
    /// No client.
    #[error("Docker Hub's search cannot be asked")]
    Roots(#[from] RootsError),
    /// It is not reached, or what comes is no answer.
    #[error("Docker Hub's search gives no answer")]
    Call(#[from] OutgoingError),
    /// It takes no more questions now.
    #[error("Docker Hub limits how often its search is asked; try again in {} s", .0.as_secs())]
    Limited(Duration),
    /// Nothing came in time.
    #[error("Docker Hub's search gave no results within {} s; try again later", .0.as_secs())]
    Slow(Duration),
    /// It answers, and not as Docker Hub's search does.
    #[error("`{address}` does not answer as Docker Hub's search does: {what}; is it the right address?")]
    Strange {
        /// What was asked.
        address: String,
        /// What came.
        what: String,
    },
}

/// Why a search was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Short {
    /// The time for it was over.
    Time,
    /// Docker Hub limits how often it is asked.
    Limited,
    /// There are more results than are looked at.
    TooMany,
    /// What came is not as much as it says there is, or that changed meanwhile.
    Gaps,
}

impl Short {
    /// In words, behind "because".
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Time => "the time for it was over".to_owned(),
            Self::Limited => "Docker Hub limits how often it is asked".to_owned(),
            Self::TooMany => format!("there are {MOST_RESULTS} results or more, and no search shows more of them"),
            Self::Gaps => "what came is not what Docker Hub says there is".to_owned(),
        }
    }
}

/// What Docker Hub shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its namespaces; one that has both badges is a verified publisher.
    pub badges: BTreeMap<Name, Badge>,
    /// Results that came.
    pub results: usize,
    /// Those of them that are none of an image with that badge.
    pub passed_over: usize,
    /// Searches that were not read to their end.
    pub short: Vec<(Badge, Short)>,
}

impl Found {
    /// Both searches were read to their end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.short.is_empty()
    }

    /// The search for this badge was.
    #[must_use]
    pub fn is_whole_of(&self, badge: Badge) -> bool {
        self.short.iter().all(|(short, _)| *short != badge)
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is searched for.
    pub badge: Badge,
    /// Results that came.
    pub seen: usize,
    /// All, as Docker Hub says.
    pub total: u64,
}

/// Where and how Docker Hub's search is asked.
pub struct Search {
    base: Base,
    ca_file: Option<PathBuf>,
    deadline: Duration,
    alone: Mutex<()>,
}

impl Search {
    /// At this address; trusts the authorities in `ca_file` too. Nobody is asked yet.
    #[must_use]
    pub fn new(base: Base, ca_file: Option<PathBuf>, deadline: Duration) -> Self {
        Self { base, ca_file, deadline, alone: Mutex::new(()) }
    }

    /// Where it asks.
    #[must_use]
    pub fn address(&self) -> String {
        self.base.to_string()
    }

    /// Keeps everybody else from asking until it is dropped.
    ///
    /// # Errors
    /// [`SearchError::Running`].
    pub fn alone(&self) -> Result<MutexGuard<'_, ()>, SearchError> {
        self.alone.try_lock().map_err(|_| SearchError::Running)
    }

    /// Reads both searches, as far as time and bounds allow, and says how far it is after each page.
    ///
    /// # Errors
    /// [`SearchError`], when there is no answer, or one that is none.
    pub async fn read(&self, mut told: impl FnMut(Progress) + Send) -> Result<Found, SearchError> {
        let outgoing = Outgoing::new(self.ca_file.as_deref(), self.base.encryption())?;
        let asking = Asking {
            outgoing: &outgoing,
            base: &self.base,
            until: Instant::now() + self.deadline,
            within: self.deadline,
        };
        let mut found = Found::default();
        for badge in [Badge::VerifiedPublisher, Badge::SponsoredOpenSource] {
            if let Some(short) = asking.read(badge, &mut found, &mut told).await? {
                found.short.push((badge, short));
            }
        }
        Ok(found)
    }
}
