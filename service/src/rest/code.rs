//! What went wrong, as words that do not change.

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong. A code keeps its meaning and its status for good; texts may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request cannot be read: no JSON, an unknown or missing field, a value of another kind.
    Malformed,
    /// It is read, and says something that is not taken: out of bounds, no pattern, no image.
    Invalid,
    /// Nobody is signed in, or the credential is wrong or ended.
    Unauthenticated,
    /// A browser's request without what only the console's own pages have.
    Csrf,
    /// Their role does not have it.
    Forbidden,
    /// The access token lacks a scope, or no access token does it.
    Scope,
    /// There is no such thing, or none of theirs.
    NotFound,
    /// Not this method here.
    MethodNotAllowed,
    /// It took too long, and was done or was not: look before it is sent again.
    Timeout,
    /// It contradicts what is there: a name that is taken, a request that is answered.
    Conflict,
    /// The last owner of an organization stays one.
    LastOwner,
    /// It was changed since it was looked at, or is not there (`If-Match`).
    Changed,
    /// The body is longer than is taken.
    TooLarge,
    /// The body is no JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// Say what was looked at: `If-Match` with its `ETag`, or `*`.
    IfMatchRequired,
    /// Say from how many people, or publishers, it takes something: `confirm` with the number in the message.
    ConfirmationRequired,
    /// Too often; `Retry-After` says when.
    RateLimited,
    /// The service's own fault; it is in its log.
    Internal,
    /// Not now: the database is busy, the disk full, Docker Hub does not answer.
    Unavailable,
}

impl Code {
    /// All of them, for the reference page.
    pub const ALL: [Self; 19] = [
        Self::Malformed,
        Self::Invalid,
        Self::Unauthenticated,
        Self::Csrf,
        Self::Forbidden,
        Self::Scope,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::LastOwner,
        Self::Changed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::IfMatchRequired,
        Self::ConfirmationRequired,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Its status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Csrf | Self::Forbidden | Self::Scope => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict | Self::LastOwner => StatusCode::CONFLICT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IfMatchRequired | Self::ConfirmationRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// In words, for the reference page.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Malformed => {
                "the request cannot be read: no JSON, an unknown or missing field, a value of another kind"
            }
            Self::Invalid => "it says something that is not taken: out of bounds, no pattern, no image",
            Self::Unauthenticated => "nobody is signed in, or the credential is wrong or ended",
            Self::Csrf => "a browser's request without what only the console's own pages have",
            Self::Forbidden => "the role does not have it",
            Self::Scope => "the access token lacks a scope, or no access token does it",
            Self::NotFound => "there is no such thing, or none of theirs",
            Self::MethodNotAllowed => "not this method here; `Allow` has those that are",
            Self::Timeout => "it took too long, and was done or was not: look before it is sent again",
            Self::Conflict => "it contradicts what is there: a name that is taken, a request that is answered",
            Self::LastOwner => "the last owner of an organization stays one",
            Self::Changed => "it was changed since it was looked at, or is not there",
            Self::TooLarge => "the body is longer than is taken",
            Self::UnsupportedMediaType => "the body is no JSON by its `Content-Type`",
            Self::IfMatchRequired => "say what was looked at: `If-Match` with its `ETag`, or `*`",
            Self::ConfirmationRequired => {
                "it takes something from more than a tenth of the active people, or of Docker Hub's publishers: say from \
                 how many, as `confirm`"
            }
            Self::RateLimited => "too often; `Retry-After` says when",
            Self::Internal => "the service's own fault; it is in its log",
            Self::Unavailable => "not now: the database is busy, the disk full, Docker Hub does not answer",
        }
    }
}
