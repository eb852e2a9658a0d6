//! Why documents are not taken.

use proto::documents::DocumentError;

use crate::state::StateError;

/// Why documents were not taken. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// No usable enrollment file, so no key is trusted.
    #[error("this machine trusts no policy service: {0}")]
    NotEnrolled(String),
    /// One does not hold.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Older than one that was in force.
    #[error(
        "{name} of generation {found} is refused: this machine has seen {seen}; an older document never comes back"
    )]
    GenerationWentBack {
        /// Kind and subject.
        name: String,
        /// In the document.
        found: u64,
        /// Highest seen.
        seen: u64,
    },
    /// A session that was ended or replaced on this machine.
    #[error(
        "the session of generation {found} is refused: user id {uid} of this machine ended or replaced it; sign in again"
    )]
    SessionOver {
        /// Whose.
        uid: u32,
        /// In the session.
        found: u64,
    },
    /// Another document under a generation that is in force.
    #[error("{name} of generation {generation} differs from the one in force; the service must count up")]
    GenerationReused {
        /// Kind and subject.
        name: String,
        /// In both.
        generation: u64,
    },
    /// A session for another user of this machine.
    #[error("the session is for user id {found} of this machine, and user id {caller} hands it over")]
    ForeignSession {
        /// In the session.
        found: u32,
        /// The caller's.
        caller: u32,
    },
    /// More than a limit.
    #[error("more than {limit} {what} on one machine")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// The disk refuses.
    #[error("the documents cannot be kept, so they are not put in force")]
    State(#[from] StateError),
    /// The process ends.
    #[error("the plugin is stopping; hand the documents over again when it answers")]
    Stopping,
}
