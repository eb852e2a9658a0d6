//! The policy service, over gRPC and TLS.
//!
//! Every wait has a deadline; the stream is kept alive by HTTP/2 pings (20 s, 10 s to answer).

mod access;
mod connector;
mod login;
mod reach;

use std::time::Duration;

use proto::chain;
use proto::secret::Secret;
use proto::{
    enrollment::Enrollment,
    local::MAX_MESSAGE_BYTES,
    sync::{Held, ReportRequest, SignInRequest, SignInResponse, WatchRequest, WatchResponse, sync_client::SyncClient},
};
use tonic::{
    Code, Request, Status, Streaming,
    metadata::{Ascii, MetadataMap, MetadataValue},
    transport::{Channel, Endpoint},
};

pub use access::AccessCallError;
pub use connector::Unusable;
pub(crate) use connector::is_encrypted_or_on_this_machine;
pub use login::LoginCallError;
pub use reach::{Reached, reach};

use crate::{
    VERSION,
    credentials::{Account, Realm},
};

/// For a connection: name, TCP, TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For a sign-in: the service hashes a password, and may be busy.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(20);
/// For the first message of the stream.
const FIRST_STATE_TIMEOUT: Duration = Duration::from_secs(20);
/// For a batch of records.
const REPORT_TIMEOUT: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// What "too many attempts" means when the service does not say.
const DEFAULT_RETRY: Duration = Duration::from_secs(30);
/// A service can stretch a wait, but not send its agents away for good.
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The credential or the token is not accepted.
    #[error("the service does not accept it: {0}")]
    Refused(String),
    /// Anything that may be better the next time.
    #[error("{why}")]
    Unavailable {
        /// For the log.
        why: String,
        /// When the service said to come again.
        retry_after: Option<Duration>,
    },
}

/// A way to the service that dials when it is used.
#[derive(Debug, Clone)]
pub struct Service {
    url: String,
    client: SyncClient<Channel>,
    /// A Docker Hub secret may be sent.
    docker_hub: bool,
}

impl Service {
    /// For this enrollment. Nothing is dialled yet.
    ///
    /// # Errors
    /// [`Unusable`] when the URL cannot be used: not a URL, or plain HTTP to another machine.
    pub fn new(enrollment: &Enrollment) -> Result<Self, Unusable> {
        let connector = connector::Connector::new(&enrollment.service, enrollment.ca_file.clone(), CONNECT_TIMEOUT)?;
        let docker_hub = enrollment.docker_hub_credentials && connector.checks_certificates();
        let endpoint = Endpoint::from_shared(enrollment.service.clone())
            .map_err(|_| Unusable::NotAUrl(enrollment.service.clone()))?
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let client = SyncClient::new(endpoint.connect_with_connector_lazy(connector))
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        Ok(Self { url: enrollment.service.clone(), client, docker_hub })
    }

    /// Its URL, as the enrollment has it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Shows the credential.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn sign_in(
        &mut self,
        account: &Account,
        machine_id: String,
        uid: u32,
    ) -> Result<SignInResponse, CallError> {
        // INVARIANT: the last gate before the wire; nobody before it should have come so far.
        if account.realm == Realm::DockerHub && !self.docker_hub {
            return Err(CallError::Refused(
                "a Docker Hub credential is shown over https only, and where the enrollment file says \
                 `\"dockerHubCredentials\": true`"
                    .to_owned(),
            ));
        }
        let request = SignInRequest {
            username: account.user.clone(),
            secret: account.secret.expose().to_owned(),
            machine_id,
            uid,
            agent_version: VERSION.to_owned(),
            realm: match account.realm {
                Realm::Service => proto::sync::Realm::Service,
                Realm::DockerHub => proto::sync::Realm::DockerHub,
            }
            .into(),
        };
        within(SIGN_IN_TIMEOUT, self.client.sign_in(request)).await
    }

    /// Opens the stream and waits for the first state.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn watch(
        &mut self,
        token: &Secret,
        held: Vec<Held>,
    ) -> Result<(WatchResponse, Streaming<WatchResponse>), CallError> {
        let request = bearer(WatchRequest { held, agent_version: VERSION.to_owned() }, token)?;
        let open = async {
            let mut stream = self.client.watch(request).await?.into_inner();
            let first = stream.message().await?.ok_or_else(|| Status::unavailable("the stream ended at once"))?;
            Ok(tonic::Response::new((first, stream)))
        };
        within(FIRST_STATE_TIMEOUT, open).await
    }

    /// Sends records and what guards the machine; returns how many records were new to the service.
    ///
    /// # Errors
    /// [`CallError`]; nothing is lost then, it is sent again.
    pub async fn report(&mut self, token: &Secret, report: ReportRequest) -> Result<u32, CallError> {
        let request = bearer(report, token)?;
        within(REPORT_TIMEOUT, self.client.report(request)).await.map(|response| response.accepted)
    }
}

fn bearer<T>(message: T, token: &Secret) -> Result<Request<T>, CallError> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.expose())
        .parse()
        .map_err(|_| CallError::Refused("the token that it gave cannot be sent back".to_owned()))?;
    value.set_sensitive(true);
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", value);
    Ok(request)
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<tonic::Response<T>, Status>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(status.into()),
        Err(_) => Err(CallError::Unavailable {
            why: format!("the service did not answer within {} s", limit.as_secs()),
            retry_after: None,
        }),
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        let retry_after = match status.code() {
            Code::Unauthenticated => return Self::Refused(printable(status.message())),
            Code::ResourceExhausted => Some(told_to_wait(status.metadata()).unwrap_or(DEFAULT_RETRY)),
            _ => told_to_wait(status.metadata()),
        };
        Self::Unavailable { why: describe(&status), retry_after: retry_after.map(|wait| wait.min(LONGEST_RETRY)) }
    }
}

/// `retry-after` in seconds, or gRPC's own `grpc-retry-pushback-ms`.
fn told_to_wait(metadata: &MetadataMap) -> Option<Duration> {
    let number = |key: &str| metadata.get(key)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("grpc-retry-pushback-ms")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs))
}

/// The status with its causes: for a failed connection they are all that helps.
#[must_use]
pub fn describe(status: &Status) -> String {
    let source = std::error::Error::source(status);
    // Of a connection that failed it says `transport error`, which helps nobody.
    let cause = source.filter(|source| source.is::<tonic::transport::Error>()).and_then(std::error::Error::source);
    match cause.or(source) {
        Some(source) => shown(&chain(source), 1000),
        None => message(status),
    }
}

/// What the other side says; where it says nothing, what its code means.
#[must_use]
pub fn message(status: &Status) -> String {
    match status.message() {
        "" => status.code().to_string(),
        message => printable(message),
    }
}

/// Text from the other side, fit for a log line and a terminal.
fn printable(text: &str) -> String {
    shown(text, 200)
}

fn shown(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Source;

    /// Nothing listens there: what gets past the gate is `Unavailable`.
    #[tokio::test]
    async fn a_docker_hub_secret_never_gets_past_the_last_gate_unasked_or_in_the_clear() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        for (url, asked, passes) in [
            ("https://127.0.0.1:1", true, true),
            ("https://127.0.0.1:1", false, false),
            ("http://127.0.0.1:1", true, false),
            ("http://127.0.0.1:1", false, false),
        ] {
            let service = url.to_owned();
            let enrollment = Enrollment { service, docker_hub_credentials: asked, ..Enrollment::default() };
            for realm in [Realm::Service, Realm::DockerHub] {
                let (user, key) = ("alice".to_owned(), "k".to_owned());
                let account = Account { realm, user, secret: Secret::new("x".to_owned()), key, source: Source::File };
                let mut service = Service::new(&enrollment).expect("usable");
                let error = service.sign_in(&account, "m1".to_owned(), 1000).await.expect_err("nobody is there");
                let passed = matches!(error, CallError::Unavailable { .. });
                assert_eq!(passed, passes || realm == Realm::Service, "{url} {asked} {realm:?}: {error}");
            }
        }
    }

    /// A listener that takes connections and never says a word.
    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_named() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let to = silent.local_addr().expect("an address").to_string();
        let mut service =
            Service::new(&Enrollment { service: format!("https://{to}"), ..Enrollment::default() }).expect("usable");
        let error = service.begin_login().await.expect_err("nobody answers");
        assert!(error.to_string().contains(&format!("no connection to `{to}` within 10 s")), "{error}");
    }

    #[test]
    fn only_unauthenticated_is_a_refusal() {
        assert!(matches!(Status::unauthenticated("no").into(), CallError::Refused(_)));
        for status in
            [Status::permission_denied(""), Status::internal(""), Status::unavailable(""), Status::unimplemented("")]
        {
            assert!(matches!(status.into(), CallError::Unavailable { retry_after: None, .. }));
        }
    }

    #[test]
    fn a_wait_that_was_told_is_kept_within_an_hour() {
        let told = |key: &'static str, value: &'static str| {
            let mut status = Status::resource_exhausted("slow down");
            status.metadata_mut().insert(key, MetadataValue::from_static(value));
            match CallError::from(status) {
                CallError::Unavailable { retry_after, .. } => retry_after,
                CallError::Refused(_) => None,
            }
        };
        assert_eq!(told("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(told("grpc-retry-pushback-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(told("retry-after", "999999999"), Some(LONGEST_RETRY));
        assert_eq!(told("retry-after", "soon"), Some(DEFAULT_RETRY));
    }
}
