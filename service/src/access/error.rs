//! What can be wrong with a request or an answer.

use policy::{PatternError, RefError};

use super::{MOST_A_DAY, MOST_PENDING};
use crate::{acts::ActError, publish::CompileError, store::StoreError};

/// Why nothing was asked or answered. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// What is asked for is no image.
    #[error("`{image}` is no image reference: {source}")]
    Image {
        /// As it was sent.
        image: String,
        /// Why.
        source: RefError,
    },
    /// No policy could allow it.
    #[error("no organization can allow `{0}`: no registry has an image of that name")]
    Nowhere(String),
    /// Nobody says why.
    #[error("say why it is needed: whoever decides reads it")]
    NoReason,
    /// More text than is kept.
    #[error("the text has {length} characters, and at most {most} are kept; say it shorter")]
    TooLong {
        /// Characters.
        length: usize,
        /// Characters.
        most: usize,
    },
    /// The id of a decision is none.
    #[error("`{0}` is no decision id; a refusal names one, or leave it out")]
    Decision(String),
    /// It is not a person who asks.
    #[error("`{0}` is an access token of an organization; people ask, signed in as themselves")]
    NotAPerson(String),
    /// Nobody could be asked.
    #[error("`{0}` is a member of no organization that governs this machine; ask an owner to add you")]
    NoOrganization(String),
    /// Too often.
    #[error("{MOST_A_DAY} requests were made within a day; more tomorrow")]
    TooManyADay,
    /// Too many wait.
    #[error("{MOST_PENDING} requests wait for an answer; take some back first")]
    TooManyPending,
    /// There is none.
    #[error("there is no request `{0}`")]
    NoSuch(String),
    /// Somebody was quicker.
    #[error("request `{id}` is {state} already")]
    Decided {
        /// Its id.
        id: String,
        /// What became of it.
        state: String,
    },
    /// A rule for them would concern nobody.
    #[error("`{user}` is no member of `{organization}` any more; deny the request")]
    NotAMember {
        /// Who asked.
        user: String,
        /// Whom.
        organization: String,
    },
    /// The team's rule would not concern the one who asked.
    #[error("`{user}` is not in team `{team}`; approve it for the person, another team or everybody")]
    NotInTeam {
        /// Who asked.
        user: String,
        /// The team.
        team: String,
    },
    /// Not a pattern of a rule.
    #[error("`{pattern}` is no pattern: {source}")]
    Pattern {
        /// As it was given.
        pattern: String,
        /// Why.
        source: PatternError,
    },
    /// A rule for the allowlist does not help: the denylist counts first. Each door says how its entry is removed there.
    #[error(
        "with that rule `{image}` would still be refused: the denylist of `{organization}` has `{pattern}` (rule {rule})"
    )]
    Denied {
        /// What was asked for.
        image: String,
        /// Whose denylist.
        organization: String,
        /// Id of its rule.
        rule: String,
        /// What that names.
        pattern: String,
    },
    /// A rule for the allowlist does not help.
    #[error("with that rule `{image}` would still be refused: {reason}; give a pattern that matches it")]
    StillRefused {
        /// What was asked for.
        image: String,
        /// Why, as a word.
        reason: &'static str,
    },
    /// The policy as it is, or would be, is one that no machine would use.
    #[error("the policy of `{organization}` cannot be used")]
    Policy {
        /// Whose.
        organization: String,
        /// Why.
        source: CompileError,
    },
    /// Whoever answers may not.
    #[error(transparent)]
    Actor(Box<ActError>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system does not do its part.
    #[error("the system failed: {0}")]
    System(String),
}

impl From<ActError> for AccessError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Store(error) => Self::Store(error),
            error => Self::Actor(Box::new(error)),
        }
    }
}
