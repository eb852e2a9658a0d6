//! Looks once whether the service can be reached, for whoever searches for a fault. No credential is shown.

use std::time::{Duration, Instant};

use proto::{
    chain,
    enrollment::Enrollment,
    sync::{ReportRequest, sync_client::SyncClient},
};
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};

use super::{Unusable, connector::Connector};

/// For a connection, and again for an answer.
const LIMIT: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reached {
    /// The certificate that it showed, which holds; none: plain HTTP, or there is no connection.
    pub certificate: Option<Vec<u8>>,
    /// Its `date` header.
    pub date: Option<String>,
    /// How long the connection took.
    pub took: Duration,
    /// What went wrong; none: it answers.
    pub error: Option<String>,
}

/// Connects, and asks for something that a service does for nobody who is not signed in.
///
/// # Errors
/// [`Unusable`].
pub async fn reach(enrollment: &Enrollment) -> Result<Reached, Unusable> {
    let connector = Connector::new(&enrollment.service, enrollment.ca_file.clone(), LIMIT)?;
    let endpoint =
        Endpoint::from_shared(enrollment.service.clone()).map_err(|_| Unusable::NotAUrl(enrollment.service.clone()))?;
    let started = Instant::now();
    let certificate = match connector.clone().look().await {
        Ok(certificate) => certificate.map(|certificate| certificate.to_vec()),
        Err(error) => return Ok(Reached { error: Some(chain(&error)), took: started.elapsed(), ..Reached::default() }),
    };
    let took = started.elapsed();
    let (date, error) = match tokio::time::timeout(LIMIT, ask(endpoint.connect_with_connector_lazy(connector))).await {
        Ok(Ok(date)) => (date, None),
        Ok(Err(why)) => (None, Some(why)),
        Err(_) => (None, Some(format!("it takes connections, and does not answer within {} s", LIMIT.as_secs()))),
    };
    Ok(Reached { certificate, date, took, error })
}

/// Its date, if it is a policy service: that is who tells a stranger who reports to sign in first, in gRPC's words. A
/// server of something else does not know the call, whatever it speaks, and a plain web server's `404` is no answer.
async fn ask(channel: Channel) -> Result<Option<String>, String> {
    let other = |why: String| Err(format!("somebody answers there who is no policy service: {why}"));
    match SyncClient::new(channel).report(ReportRequest::default()).await {
        Err(status) if status.code() == Code::Unauthenticated && is_grpc(&status) => {
            Ok(status.metadata().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned))
        }
        Err(status) => other(status.message().to_owned()),
        Ok(_) => other("it takes reports of anybody".to_owned()),
    }
}

/// The code of what is not gRPC is made up from HTTP's.
fn is_grpc(status: &tonic::Status) -> bool {
    let kind = status.metadata().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/grpc"))
}

#[cfg(test)]
mod tests;
