//! The two calls of a sign-in with the identity provider.

use std::time::Duration;

use proto::sync::{BeginLoginRequest, BeginLoginResponse, FinishLoginRequest, FinishLoginResponse};
use tonic::{Code, Status};

use super::{LONGEST_RETRY, SIGN_IN_TIMEOUT, Service, describe, message, told_to_wait};
use crate::VERSION;

/// Why a step of a sign-in brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginCallError {
    /// The service has no identity provider.
    #[error("the service has no identity provider")]
    NoProvider,
    /// The person said no, or has no account here.
    #[error("{0}")]
    Refused(String),
    /// The code is too old, or not known.
    #[error("{0}")]
    TooLate(String),
    /// Asked too often.
    #[error("{why}")]
    TooSoon {
        /// What the service says.
        why: String,
        /// When to come again.
        retry_after: Option<Duration>,
    },
    /// Anything that may be better the next time.
    #[error("{0}")]
    Unavailable(String),
}

impl Service {
    /// Begins: what the person has to open and type.
    ///
    /// # Errors
    /// [`LoginCallError`].
    pub async fn begin_login(&mut self) -> Result<BeginLoginResponse, LoginCallError> {
        within(self.client.begin_login(BeginLoginRequest { agent_version: VERSION.to_owned() })).await
    }

    /// Asks once whether the person is done.
    ///
    /// # Errors
    /// [`LoginCallError`].
    pub async fn finish_login(&mut self, login: String) -> Result<FinishLoginResponse, LoginCallError> {
        within(self.client.finish_login(FinishLoginRequest { login })).await
    }
}

async fn within<T>(call: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, LoginCallError> {
    match tokio::time::timeout(SIGN_IN_TIMEOUT, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status.into()),
        Err(_) => {
            let seconds = SIGN_IN_TIMEOUT.as_secs();
            Err(LoginCallError::Unavailable(format!("the service did not answer within {seconds} s")))
        }
    }
}

impl From<Status> for LoginCallError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::NoProvider,
            Code::PermissionDenied | Code::Unauthenticated => Self::Refused(message(&status)),
            Code::NotFound => Self::TooLate(message(&status)),
            Code::ResourceExhausted => Self::TooSoon {
                why: message(&status),
                retry_after: told_to_wait(status.metadata()).map(|wait| wait.min(LONGEST_RETRY)),
            },
            _ => Self::Unavailable(describe(&status)),
        }
    }
}
