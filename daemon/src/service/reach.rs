//! Looks once whether the service can be reached, for whoever searches for a fault. No credential is shown.

use std::time::{Duration, Instant};

use proto::{chain, enrollment::Enrollment, sync};
use tonic::{
    Code, Request,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{Unusable, connector::Connector};

/// For a connection, and again for an answer.
const LIMIT: Duration = Duration::from_secs(5);
/// No service has it: that a service of ours answers is told by how it says so.
const NO_METHOD: &str = "/pullgate.sync.v1.Sync/Reach";

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

/// Connects, and asks for something that no service has.
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

/// Its date, if it is a service of ours.
async fn ask(channel: Channel) -> Result<Option<String>, String> {
    let mut client = Grpc::new(channel);
    client.ready().await.map_err(|error| chain(&error))?;
    let codec = ProstCodec::<sync::WatchRequest, sync::WatchRequest>::default();
    let path = PathAndQuery::from_static(NO_METHOD);
    match client.unary(Request::new(sync::WatchRequest::default()), path, codec).await {
        Err(status) if status.code() == Code::Unimplemented => {
            Ok(status.metadata().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned))
        }
        Err(status) => Err(format!("somebody answers there who is no policy service: {}", status.message())),
        Ok(_) => Err("somebody answers there who is no policy service".to_owned()),
    }
}
