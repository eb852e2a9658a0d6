//! Answers that say no, in Docker Hub's form.
//!
//! Docker's Terraform provider shows the first 500 bytes, and takes for a thing that is gone whatever has `not found`
//! in it, so nothing else may.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::answers;
use crate::{
    clock,
    rest::{Code, Refusal},
};

/// Why a request was refused.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    message: String,
    wait: Option<Duration>,
}

/// What a call answers.
pub(super) type Answer = Result<Response, Refused>;

impl Refused {
    /// Nobody, as Docker Hub says it.
    pub fn unauthorized() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, message: "unauthorized".to_owned(), wait: None }
    }

    /// Nothing of that name.
    pub fn not_found() -> Self {
        Refusal::not_found().into()
    }

    /// It is read, and not taken.
    pub fn invalid(message: impl Into<String>) -> Self {
        Refusal::new(Code::Invalid, message).into()
    }
}

impl<E: Into<Refusal>> From<E> for Refused {
    fn from(error: E) -> Self {
        let (code, text, wait) = error.into().parts();
        let (status, message) = match code {
            Code::NotFound => (StatusCode::NOT_FOUND, format!("not found: {text}")),
            Code::Unauthenticated => return Self::unauthorized(),
            Code::Forbidden | Code::Scope | Code::Csrf => (StatusCode::FORBIDDEN, format!("permission denied: {text}")),
            Code::Invalid => (StatusCode::BAD_REQUEST, text),
            code => (code.status(), text),
        };
        Self { status, message, wait }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self.wait {
            Some(wait) => answers::later(&self.message, wait, clock::now()),
            None => answers::refused(self.status, &self.message),
        }
    }
}
