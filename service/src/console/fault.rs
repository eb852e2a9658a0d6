//! Why there is no page.

use std::time::Duration;

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use proto::chain;

use super::{flash::Flash, view, visitor};
use crate::{
    access::AccessError, acts::ActError, browser::BrowserError, identity::Answer, own_password::OwnPasswordError,
    store::StoreError,
};

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is signed in; where to go afterwards.
    SignIn(String),
    /// The sign-in ended since the page was shown; where to go afterwards.
    Ended(String),
    /// Nothing is there, or nothing of theirs.
    Nowhere,
    /// They may not; the sentence says who may.
    Forbidden(String),
    /// The form does not carry its page's token.
    Stale,
    /// The form comes from another site.
    Elsewhere,
    /// The form is none of ours.
    Damaged,
    /// A page asked for as it cannot be.
    Method,
    /// Too many pages; how long to wait.
    Later(Duration),
    /// It took too long.
    Timeout,
    /// The service's own fault, which is in its log.
    Broken,
}

impl Fault {
    /// A fault of the service's own, written down.
    pub(super) fn broken(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(error), "a page of the console failed");
        Self::Broken
    }

    fn page(&self) -> (StatusCode, view::Excuse<'_>) {
        let excuse = |title, text| view::Excuse { title, text };
        match self {
            Self::SignIn(_) | Self::Ended(_) => (StatusCode::UNAUTHORIZED, excuse("Sign in", "Sign in first.")),
            Self::Nowhere => (
                StatusCode::NOT_FOUND,
                excuse("Not here", "There is no such page, or it is not yours to see. Check the address."),
            ),
            Self::Forbidden(text) => (StatusCode::FORBIDDEN, excuse("Not for you", text)),
            Self::Stale => (
                StatusCode::FORBIDDEN,
                excuse(
                    "An old page",
                    "This form belongs to an earlier sign-in, and nothing was changed. Open the page again.",
                ),
            ),
            Self::Elsewhere => (
                StatusCode::FORBIDDEN,
                excuse("From another site", "Another site sent this form, and nothing was changed."),
            ),
            Self::Damaged => (
                StatusCode::BAD_REQUEST,
                excuse("Not understood", "The form is not as this page sends it, and nothing was changed."),
            ),
            Self::Later(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                excuse("Slower", "Too many pages were asked for, and nothing was changed. Try again in a moment."),
            ),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, excuse("Not so", "This address takes no such request.")),
            Self::Timeout => (
                StatusCode::REQUEST_TIMEOUT,
                excuse(
                    "Too slow",
                    "It took too long, and was done or was not. Open the page again, and look before you do it again.",
                ),
            ),
            Self::Broken => (
                StatusCode::INTERNAL_SERVER_ERROR,
                excuse("Not now", "The service cannot do this at the moment. Nothing was changed; try again later."),
            ),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let sign_in = |next: &str| visitor::see_other(&visitor::sign_in(next));
        match &self {
            Self::SignIn(next) => sign_in(next),
            Self::Ended(next) => {
                let mut answer = sign_in(next);
                answer.headers_mut().append(header::SET_COOKIE, Flash::Ended.set());
                answer
            }
            _ => {
                let (status, excuse) = self.page();
                let mut answer = (status, Html(view::excuse(&excuse).into_string())).into_response();
                let wait = match self {
                    Self::Later(wait) => Some(wait.as_secs().max(1)),
                    Self::Broken => Some(30),
                    _ => None,
                };
                if let Some(seconds) = wait {
                    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                answer
            }
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::broken(&error)
    }
}

impl From<BrowserError> for Fault {
    fn from(error: BrowserError) -> Self {
        match error {
            BrowserError::Ended => Self::Ended("/".to_owned()),
            error => Self::broken(&error),
        }
    }
}

/// Something to say above the form that is shown again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Problem {
    /// A sentence; lower case, no final dot, input in backticks.
    pub text: String,
    /// The field that it is about, where there is one.
    pub field: Option<&'static str>,
}

impl Problem {
    /// About no field in particular.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), field: None }
    }
}

/// For a browser that came in with an access token of Docker Hub.
pub(super) const LOOKS_ONLY: &str =
    "you signed in with an access token, which may look and ask here; to change something, sign in with the password";

/// What a page can do about an error: say it above the form, or show another page.
pub(super) trait Explained {
    /// Ok: the form is shown again.
    fn explained(self) -> Result<Problem, Fault>;
}

impl Explained for ActError {
    fn explained(self) -> Result<Problem, Fault> {
        let field = match &self {
            Self::SignedOut => return Err(Fault::Ended("/".to_owned())),
            Self::NoOrganization(_) => return Err(Fault::Nowhere),
            Self::Scope(_) => return Err(Fault::Forbidden(LOOKS_ONLY.to_owned())),
            Self::Forbidden { .. }
            | Self::NotByToken(_)
            | Self::RoleByToken(_)
            | Self::NamespaceOfAll { .. }
            | Self::NoPerson => {
                return Err(Fault::Forbidden(self.to_string()));
            }
            Self::Store(_) | Self::Hasher(_) | Self::Random(_) | Self::Stopping => return Err(Fault::broken(&self)),
            Self::Text(error) => Some(error.field.0),
            Self::Pattern { field, .. } => Some(field.0),
            Self::Registry(_) => Some("registries"),
            Self::SessionTimes { .. } => Some("session_valid"),
            Self::Unconfirmed { .. } | Self::UnconfirmedPublishers { .. } => Some("confirm"),
            Self::Past | Self::TooLate(_) | Self::TokenOfProvider { .. } => Some("expires_at"),
            Self::Password(_) => Some("password"),
            Self::TeamExists { .. } => Some("team"),
            Self::MemberAlready { .. } => Some("user"),
            Self::NoTeam { .. } | Self::UnknownTeam { .. } => Some("teams"),
            Self::TokenExists { .. } => Some("name"),
            Self::BadgeOfficial => Some("publishers"),
            Self::NamespaceOfficial | Self::NamespaceOwned { .. } => Some("namespace"),
            _ => None,
        };
        // The whole chain: `why` is what a person can act on, and none of these errors holds a secret.
        Ok(Problem { text: chain(&self), field })
    }
}

impl Explained for AccessError {
    fn explained(self) -> Result<Problem, Fault> {
        let field = match self {
            Self::Actor(error) => return error.explained(),
            Self::NoSuch(_) => return Err(Fault::Nowhere),
            Self::Store(_) | Self::System(_) => return Err(Fault::broken(&self)),
            Self::Image { .. } | Self::Nowhere(_) => Some("image"),
            Self::NoReason => Some("reason"),
            Self::Pattern { .. } => Some("pattern"),
            Self::NotInTeam { .. } => Some("whom"),
            _ => None,
        };
        let text = match &self {
            Self::Denied { .. } => format!("{self}; remove it first: it stands behind Allowlist, under Denylist"),
            _ => chain(&self),
        };
        Ok(Problem { text, field })
    }
}

impl Explained for OwnPasswordError {
    fn explained(self) -> Result<Problem, Fault> {
        let field = match self {
            Self::Act(error) => return error.explained(),
            Self::Browser(error) => return Err(error.into()),
            Self::Unchecked(ref error) if error.answer() == Answer::Fault => return Err(Fault::broken(error)),
            Self::Unchecked(_) => None,
            Self::Wrong | Self::Token => Some("current"),
        };
        Ok(Problem { text: self.to_string(), field })
    }
}

impl From<ActError> for Fault {
    /// For a page that only shows: nothing can be typed better.
    fn from(error: ActError) -> Self {
        match error.explained() {
            Ok(problem) => Self::Forbidden(problem.text),
            Err(fault) => fault,
        }
    }
}

impl From<AccessError> for Fault {
    fn from(error: AccessError) -> Self {
        match error.explained() {
            Ok(problem) => Self::Forbidden(problem.text),
            Err(fault) => fault,
        }
    }
}
