//! Why nobody was signed in, for the person and for the trail.

use std::time::Duration;

use super::HasherError;
use crate::{
    model::{Origin, Outcome, TokenScope, word},
    store::StoreError,
};

/// What [`SignInError::Busy`] tells the caller to wait.
pub const BUSY_RETRY: Duration = Duration::from_secs(2);

/// Why a sign-in was not accepted. The texts are for the person. What they say of an account
/// is said only to who showed its right secret.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown user, wrong password, revoked token, an account of another origin: all the same.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// The same, where people of others sign in too: the hint is the same whoever asks.
    #[error("the user name or the password is wrong; {0}")]
    WrongHere(&'static str),
    /// The right token, past its end.
    #[error("the access token expired; sign in with a new one")]
    Expired,
    /// The right token, not made for this.
    #[error("the access token is not made for this: it lacks the scope `{}`; make one with it", word(*.0))]
    Scope(TokenScope),
    /// The right secret, and the name belongs to an account of another origin here.
    #[error(
        "`{user}` is an account of {origin} here, and signing in elsewhere does not open it; \
         ask your administrator for an account, or sign in with the other one"
    )]
    Origin {
        /// The account.
        user: String,
        /// Who could say whether its sign-in is right.
        origin: Origin,
    },
    /// The right secret of somebody who belongs to no organization here.
    #[error("{0}")]
    NotMember(String),
    /// A secret that nobody can be signed in with, as Docker Hub says.
    #[error("{0}")]
    Unfit(String),
    /// The right password, and a code of the second factor that is not.
    #[error("{0}")]
    Code(String),
    /// Nobody here checks such credentials.
    #[error(
        "this service does not take Docker Hub credentials; sign in to it with `docker login` and its own host name"
    )]
    Realm,
    /// Too many failed attempts for this user or from this address.
    #[error("too many failed sign-ins; try again in {} s", .0.as_secs())]
    Limited(Duration),
    /// Whom the service asks wants to be asked later.
    #[error("{0}")]
    Later(String, Duration),
    /// More sign-ins at once than this service hashes.
    #[error("the service is busy with other sign-ins; try again in a moment")]
    Busy,
    /// Whom the service asks did not answer; what a machine has stays in force.
    #[error("{0}")]
    Unavailable(String),
    /// The database.
    #[error("the accounts cannot be read")]
    Store(#[from] StoreError),
    /// A damaged hash, or another fault of the service itself.
    #[error("the credentials cannot be compared: {0}")]
    Internal(String),
}

impl SignInError {
    /// The word of the trail.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Wrong | Self::WrongHere(_) | Self::Unfit(_) | Self::Code(_) => Outcome::Wrong,
            Self::Expired => Outcome::Expired,
            Self::Scope(_) => Outcome::Scope,
            Self::Origin { .. } => Outcome::Origin,
            Self::NotMember(_) => Outcome::NotMember,
            Self::Realm => Outcome::Realm,
            Self::Limited(_) | Self::Later(..) => Outcome::Limited,
            Self::Busy => Outcome::Busy,
            Self::Unavailable(_) | Self::Store(_) | Self::Internal(_) => Outcome::Unavailable,
        }
    }

    /// What kind of answer a door gives.
    #[must_use]
    pub fn answer(&self) -> Answer {
        match self {
            Self::Wrong
            | Self::WrongHere(_)
            | Self::Unfit(_)
            | Self::Code(_)
            | Self::Expired
            | Self::Scope(_)
            | Self::Origin { .. }
            | Self::NotMember(_)
            | Self::Realm => Answer::Refused,
            Self::Limited(wait) | Self::Later(_, wait) => Answer::Later(*wait),
            Self::Busy => Answer::Later(BUSY_RETRY),
            Self::Unavailable(_) => Answer::Unavailable,
            Self::Store(_) | Self::Internal(_) => Answer::Fault,
        }
    }
}

impl From<HasherError> for SignInError {
    fn from(error: HasherError) -> Self {
        match error {
            HasherError::Busy => Self::Busy,
            HasherError::Hash(why) => Self::Internal(why),
        }
    }
}

/// How a door answers a [`SignInError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// These credentials do not open the door; the text says why.
    Refused,
    /// Nothing was learned: try again after this time; the text says why.
    Later(Duration),
    /// Nothing was learned: try again; the text says why.
    Unavailable,
    /// The same, and the text is for the operator only.
    Fault,
}
