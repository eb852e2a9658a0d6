//! The plugin on this machine, over its control socket. Every call has a deadline.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use proto::{
    control::{
        ApplyRequest, RecordsRequest, RecordsResponse, StatusRequest, StatusResponse, control_client::ControlClient,
    },
    local::{MAX_MESSAGE_BYTES, connect_lazy},
};
use tonic::{Code, Status, transport::Channel};

use crate::{
    VERSION,
    enrolled::TRUST_KEYS,
    service::{describe, message},
    sync::Goal,
};

/// For an answer from memory.
const STATUS_TIMEOUT: Duration = Duration::from_secs(2);
/// Verifying, writing and syncing some MiB on a slow disk.
const APPLY_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the plugin is asked to wait for records.
const RECORDS_WAIT: Duration = Duration::from_secs(30);
/// What an answer may take beyond that.
const RECORDS_EXTRA: Duration = Duration::from_secs(5);

/// Why the plugin did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// It answered and said no.
    #[error("{0}")]
    Refused(String),
    /// It said no, and will for good: the session was ended or replaced there.
    #[error("{0}")]
    SessionOver(String),
    /// It did not answer.
    #[error("the plugin does not answer: {0}")]
    Unavailable(String),
}

impl ControlError {
    /// In words; where the plugin trusts other keys than the service signs with, also what to do.
    #[must_use]
    pub fn explained(&self) -> String {
        let why = self.to_string();
        match why.contains("`trustKeys`") {
            true => format!("{why}; {TRUST_KEYS}"),
            false => why,
        }
    }
}

/// A way to the plugin that dials when it is used, and again after a restart.
#[derive(Debug, Clone)]
pub struct Plugin {
    client: ControlClient<Channel>,
    /// Version of the policy service, as it said so last.
    service_version: Arc<Mutex<String>>,
}

impl Plugin {
    /// At this control socket. Must be called within the runtime.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        let client = ControlClient::new(connect_lazy(socket))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Self { client, service_version: Arc::default() }
    }

    /// From now on the plugin is told that the policy service has this version.
    pub fn tell_of_service(&self, version: &str) {
        version.clone_into(&mut self.service_version.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Which machine, and what is in force.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn status(&mut self) -> Result<StatusResponse, ControlError> {
        within(STATUS_TIMEOUT, self.client.status(StatusRequest {})).await
    }

    /// Makes it so: all or nothing.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn apply(&mut self, goal: &Goal) -> Result<(), ControlError> {
        let request = match goal {
            Goal::Nobody => ApplyRequest { end_session: true, ..ApplyRequest::default() },
            Goal::Documents(documents) => ApplyRequest {
                envelopes: documents.0.iter().map(|document| document.envelope.to_vec()).collect(),
                end_session: false,
            },
        };
        within(APPLY_TIMEOUT, self.client.apply(request)).await.map(|_| ())
    }

    /// Waits for records behind `acknowledge`, a number that `run` of the plugin gave.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn records(&mut self, run: i64, acknowledge: u64) -> Result<RecordsResponse, ControlError> {
        let request = RecordsRequest {
            acknowledge,
            wait_ms: RECORDS_WAIT.as_millis() as u32,
            run,
            agent_version: VERSION.to_owned(),
            service_version: self.service_version.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        within(RECORDS_WAIT + RECORDS_EXTRA, self.client.records(request)).await
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, ControlError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(match status.code() {
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown => {
                ControlError::Unavailable(describe(&status))
            }
            _ if status.message().contains(proto::local::SESSION_OVER) => ControlError::SessionOver(message(&status)),
            _ => ControlError::Refused(message(&status)),
        }),
        Err(_) => Err(ControlError::Unavailable(format!("no answer within {} s", limit.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(status: Status) -> ControlError {
        within(STATUS_TIMEOUT, async { Err::<tonic::Response<()>, _>(status) }).await.expect_err("refused")
    }

    #[tokio::test]
    async fn a_refusal_is_the_plugins_message_and_nothing_else() {
        let error = refused(Status::failed_precondition("the policy is too old")).await;
        assert_eq!(error, ControlError::Refused("the policy is too old".to_owned()));
        assert_eq!(error.explained(), "the policy is too old");
        let over = refused(Status::failed_precondition(
            "the session of generation 1 is refused: user id 0 of this machine ended or replaced it; sign in again",
        ))
        .await;
        assert!(matches!(over, ControlError::SessionOver(_)), "{over:?}");
        let away = refused(Status::unavailable("the disk is full")).await;
        assert_eq!(away, ControlError::Unavailable("the disk is full".to_owned()));
    }

    #[tokio::test]
    async fn keys_that_do_not_fit_name_the_next_step() {
        let keys = proto::keys::TrustedKeys::new(vec![proto::keys::SigningKey::from_seed(&[1; 32]).verifying_key()]);
        let sealed = proto::sealed::seal(
            &proto::document::Policy { header: Some(proto::document::Header::default()), ..Default::default() },
            &proto::keys::SigningKey::from_seed(&[2; 32]),
        );
        let purpose = proto::sealed::Purpose::Receive;
        let opened = proto::sealed::open::<proto::document::Policy>(&sealed, &keys, &["any"], 0, purpose);
        // The plugin's own words for it.
        let words = opened.expect_err("another key").to_string();
        let error = refused(Status::failed_precondition(words)).await;
        assert!(error.explained().contains("run `pullgate-service enrollment`"), "{}", error.explained());
    }
}
