//! Asking for access, and what became of it.

use std::time::Duration;

use proto::secret::Secret;
use proto::sync::{
    AccessRequest, ListAccessRequest, RequestAccessRequest, RequestAccessResponse, WithdrawAccessRequest,
};
use tonic::{Code, Response, Status};

use super::{CallError, Service, bearer, describe, message};

/// For one call: the service compiles policies and a directory.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessCallError {
    /// The service is older than these calls.
    #[error("the service does not take requests yet: it is older than this agent; ask an administrator")]
    Older,
    /// It does not do it.
    #[error("{0}")]
    Refused(String),
    /// Anything that may be better the next time.
    #[error("{0}")]
    Unavailable(String),
}

impl Service {
    /// Asks each organization that refuses the image.
    ///
    /// # Errors
    /// [`AccessCallError`].
    pub async fn request_access(
        &mut self,
        token: &Secret,
        request: RequestAccessRequest,
    ) -> Result<RequestAccessResponse, AccessCallError> {
        within(self.client.request_access(bearer(request, token)?)).await
    }

    /// What was asked for, newest first.
    ///
    /// # Errors
    /// [`AccessCallError`].
    pub async fn list_access(&mut self, token: &Secret) -> Result<Vec<AccessRequest>, AccessCallError> {
        let request = bearer(ListAccessRequest {}, token)?;
        within(self.client.list_access(request)).await.map(|response| response.requests)
    }

    /// Takes a request back.
    ///
    /// # Errors
    /// [`AccessCallError`].
    pub async fn withdraw_access(
        &mut self,
        token: &Secret,
        id: String,
    ) -> Result<Option<AccessRequest>, AccessCallError> {
        let request = bearer(WithdrawAccessRequest { id }, token)?;
        within(self.client.withdraw_access(request)).await.map(|response| response.request)
    }
}

async fn within<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, AccessCallError> {
    match tokio::time::timeout(TIMEOUT, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status.into()),
        Err(_) => {
            Err(AccessCallError::Unavailable(format!("the service did not answer within {} s", TIMEOUT.as_secs())))
        }
    }
}

impl From<CallError> for AccessCallError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(why) => Self::Refused(why),
            CallError::Unavailable { why, .. } => Self::Unavailable(why),
        }
    }
}

impl From<Status> for AccessCallError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::Older,
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::NotFound
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::Unauthenticated => Self::Refused(message(&status)),
            _ => Self::Unavailable(describe(&status)),
        }
    }
}
