//! Answers that say no.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use proto::chain;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::{Code, PREFIX};
use crate::{
    access::AccessError,
    acts::ActError,
    browser::BrowserError,
    hub_search::SearchError,
    identity::{Answer, HasherError, SignInError},
    own_password::OwnPasswordError,
    store::StoreError,
};

/// Why a request was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    code: Code,
    message: String,
    next: Option<String>,
    wait: Option<Duration>,
}

/// The body of every answer that says no.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// What went wrong.
    error: Inside,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inside {
    /// A word that programs may compare.
    code: Code,
    /// What and why, for people.
    message: String,
    /// What to do next; absent where the message says all there is.
    next: Option<String>,
}

impl Refusal {
    /// With a text for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), next: None, wait: None }
    }

    /// And what to do next.
    pub fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// Nothing of that name.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here")
    }

    /// It took too long.
    pub fn timeout() -> Self {
        Self::new(Code::Timeout, "it took too long, and was done or was not").next("look before you send it again")
    }

    /// Nobody is signed in.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "nobody is signed in")
            .next("send `Authorization: Bearer <access token>`, or sign in with `POST /api/v1/session`")
    }

    /// Too often.
    pub fn later(message: impl Into<String>, wait: Duration) -> Self {
        Self { wait: Some(wait), ..Self::new(Code::RateLimited, message) }
    }

    /// The operator's business: in the log, and nowhere else.
    pub fn fault(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(error), "a call of the API failed");
        Self::new(Code::Internal, "the service failed; its log says why")
    }

    /// What it says, for a door with a form of its own: the code, the words, and how long to wait.
    pub fn parts(self) -> (Code, String, Option<Duration>) {
        let Self { code, message, next, wait } = self;
        let text = match next {
            Some(next) => format!("{message}; {next}"),
            None => message,
        };
        (code, text, wait)
    }

    /// Whether it is this.
    pub fn is(&self, code: Code) -> bool {
        self.code == code
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { code, message, next, wait } = self;
        let mut response = super::answer::json(code.status(), &Refused { error: Inside { code, message, next } });
        let headers = response.headers_mut();
        if code == Code::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"pullgate\""));
        }
        if let Some(wait) = wait {
            headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy | StoreError::Full | StoreError::Disk => {
                tracing::error!(error = %chain(&error), "a call of the API failed");
                Self::new(Code::Unavailable, "the service cannot do this now").next("try again in a moment")
            }
            error => Self::fault(&error),
        }
    }
}

impl From<HasherError> for Refusal {
    fn from(error: HasherError) -> Self {
        match error {
            HasherError::Busy => Self::later("the service is busy with other sign-ins", crate::identity::BUSY_RETRY),
            error => Self::fault(&error),
        }
    }
}

impl From<BrowserError> for Refusal {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Store(error) => error.into(),
            error @ BrowserError::Ended => Self::new(Code::Unauthenticated, error.to_string()),
            error => Self::fault(&error),
        }
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error.answer() {
            Answer::Refused => match error {
                SignInError::Scope(_) => Self::new(Code::Scope, error.to_string()),
                error => Self::new(Code::Unauthenticated, error.to_string()),
            },
            Answer::Later(wait) => Self::later(error.to_string(), wait),
            Answer::Unavailable => Self::new(Code::Unavailable, error.to_string()),
            Answer::Fault => match error {
                SignInError::Store(error) => error.into(),
                error => Self::fault(&error),
            },
        }
    }
}

impl From<OwnPasswordError> for Refusal {
    fn from(error: OwnPasswordError) -> Self {
        match error {
            OwnPasswordError::Act(error) => error.into(),
            OwnPasswordError::Wrong | OwnPasswordError::Token => Self::new(Code::Invalid, error.to_string()),
            OwnPasswordError::Unchecked(error) => error.into(),
            OwnPasswordError::Browser(error) => error.into(),
        }
    }
}

impl From<ActError> for Refusal {
    fn from(error: ActError) -> Self {
        use ActError as E;
        let code = match error {
            E::Store(error) => return error.into(),
            E::Hasher(error) => return error.into(),
            E::Random(_) => return Self::fault(&error),
            E::Search(error) => return error.into(),
            E::SignedOut => Code::Unauthenticated,
            E::Forbidden { .. } | E::NotAsked { .. } | E::NamespaceOfAll { .. } => Code::Forbidden,
            E::Scope(_)
            | E::NotByToken(_)
            | E::RoleByToken(_)
            | E::WiderToken(_)
            | E::LongerToken { .. }
            | E::NoPerson => Code::Scope,
            E::Changed | E::NotThere => Code::Changed,
            E::Unconfirmed { .. } | E::UnconfirmedPublishers { .. } => Code::ConfirmationRequired,
            E::Stopping => Code::Unavailable,
            E::NoOrganization(_)
            | E::NoNamespace { .. }
            | E::NoAccount(_)
            | E::NotAMember { .. }
            | E::NoRule { .. }
            | E::NoBadge(_)
            | E::NoToken
            | E::NoBrowser
            | E::NoTeam { .. }
            | E::NoInvitation
            | E::NoRegistry { .. } => Code::NotFound,
            E::LastOwner { .. } => Code::LastOwner,
            E::OrganizationExists(_)
            | E::NamespaceOwned { .. }
            | E::LinkedAlready { .. }
            | E::NotLinked(_)
            | E::LinkedElsewhere { .. }
            | E::GroupsAlready { .. }
            | E::AccountExists(_)
            | E::NoPassword { .. }
            | E::OtherOrigin { .. }
            | E::NewAccount(_)
            | E::MemberAlready { .. }
            | E::NoInviter { .. }
            | E::TeamExists { .. }
            | E::TokenOfOrganization { .. }
            | E::TokenOfDockerHub(_)
            | E::TooMany { .. }
            | E::TokenExists { .. } => Code::Conflict,
            E::NamespaceOfficial
            | E::UnknownTeam { .. }
            | E::TokenOfProvider { .. }
            | E::BadgeOfficial
            | E::TooManyMemberships { .. }
            | E::Policy { .. }
            | E::Directory(_)
            | E::Text(_)
            | E::Pattern { .. }
            | E::Registry(_)
            | E::SessionTimes { .. }
            | E::Password(_)
            | E::Past
            | E::TooLate(_) => Code::Invalid,
        };
        let refusal = Self::new(code, chain(&error));
        match error {
            E::Unconfirmed { losing, .. } => refusal
                .next(format!("look at `POST …/policy/preview`, and if it is meant, send it with `?confirm={losing}`")),
            E::UnconfirmedPublishers { losing, .. } => refusal
                .next(format!("look at it with `?dry_run=true`, and if it is meant, send it with `?confirm={losing}`")),
            E::Changed => refusal.next("get it again and send its new `ETag` as `If-Match`"),
            E::NotThere => refusal.next("leave `If-Match` out to make it"),
            E::NotAsked { .. } => refusal.next("make an invitation"),
            _ => refusal,
        }
    }
}

impl From<SearchError> for Refusal {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Running => Self::new(Code::Conflict, error.to_string()),
            SearchError::Limited(wait) => Self::later(error.to_string(), wait),
            error => {
                tracing::warn!(error = %chain(&error), "the publishers' directory cannot be refreshed");
                Self::new(Code::Unavailable, chain(&error))
            }
        }
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        use AccessError as E;
        let code = match error {
            E::Actor(error) => return (*error).into(),
            E::Store(error) => return error.into(),
            E::Policy { .. } | E::System(_) => return Self::fault(&error),
            E::NoSuch(_) => Code::NotFound,
            E::NotAPerson(_) => Code::Scope,
            E::TooManyADay => {
                return Self::later(error.to_string(), Duration::from_secs(3600));
            }
            E::Decided { .. }
            | E::NotAMember { .. }
            | E::NotInTeam { .. }
            | E::Denied { .. }
            | E::StillRefused { .. }
            | E::TooManyPending
            | E::NoOrganization(_) => Code::Conflict,
            E::Image { .. } | E::Nowhere(_) | E::NoReason | E::TooLong { .. } | E::Decision(_) | E::Pattern { .. } => {
                Code::Invalid
            }
        };
        let refusal = Self::new(code, chain(&error));
        match error {
            E::Denied { organization, rule, .. } => {
                refusal.next(format!("`DELETE {PREFIX}/organizations/{organization}/denylist/{rule}` takes it away"))
            }
            _ => refusal,
        }
    }
}

/// What any call may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the document only")]
pub enum Refusals {
    /// `malformed`
    #[response(status = 400)]
    Malformed(Refused),
    /// `unauthenticated`
    #[response(status = 401)]
    Unauthenticated(Refused),
    /// `forbidden`, `scope`, `csrf`
    #[response(status = 403)]
    Forbidden(Refused),
    /// `not_found`
    #[response(status = 404)]
    NotFound(Refused),
    /// `timeout`
    #[response(status = 408)]
    Timeout(Refused),
    /// `rate_limited`
    #[response(status = 429)]
    RateLimited(Refused),
    /// `internal`
    #[response(status = 500)]
    Internal(Refused),
    /// `unavailable`
    #[response(status = 503)]
    Unavailable(Refused),
}

/// What a call that changes something may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the document only")]
pub enum ChangeRefusals {
    /// `conflict`, `last_owner`
    #[response(status = 409)]
    Conflict(Refused),
    /// `changed`
    #[response(status = 412)]
    Changed(Refused),
    /// `too_large`
    #[response(status = 413)]
    TooLarge(Refused),
    /// `unsupported_media_type`
    #[response(status = 415)]
    UnsupportedMediaType(Refused),
    /// `invalid`
    #[response(status = 422)]
    Invalid(Refused),
    /// `if_match_required`, `confirmation_required`
    #[response(status = 428)]
    IfMatchRequired(Refused),
}

/// What a call that ends something with a tag may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the document only")]
pub enum MatchRefusals {
    /// `changed`
    #[response(status = 412)]
    Changed(Refused),
}

/// What a call that takes something from people may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the document only")]
pub enum ConfirmRefusals {
    /// `if_match_required`, `confirmation_required`
    #[response(status = 428)]
    ConfirmationRequired(Refused),
}
