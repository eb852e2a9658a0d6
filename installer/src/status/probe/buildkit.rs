//! The one call of BuildKit's gRPC interface that a probe needs.
//!
//! A solve with the frontend `gateway.v0` makes the engine resolve the image of that frontend, with
//! the code and over the way that `FROM` and `# syntax=` take, and needs neither a session nor a
//! context: an image that cannot be resolved ends it before anything is written.
//! Messages: BuildKit's `api/services/control/control.proto`; the three fields have not changed since
//! its first release in an engine (18.09). Engines with BuildKit 0.11 and later keep a history of builds, in which
//! a probe would stay as a failed one: it is taken out again.

use std::{collections::HashMap, io, path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::Empty;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tonic::{
    client::Grpc,
    transport::{Channel, Endpoint, Uri},
};
use tonic_prost::ProstCodec;

use super::{
    http::{self, Answer},
    way,
};

/// For taking a probe out of the history.
const FORGET: Duration = Duration::from_secs(2);

/// How the engine's socket is asked for BuildKit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `POST /grpc` and then HTTP/2, as the docker command does: the engine asks its plugins first.
    Upgrade,
    /// HTTP/2 from the first byte, which engines from 29.2 take, and no plugin is asked.
    Native,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Solved {
    /// With a status of gRPC; its message.
    Failed(String),
    /// It was resolved.
    Done,
    /// The engine did not let it begin.
    Refused(Answer),
}

#[derive(Clone, PartialEq, prost::Message)]
struct SolveRequest {
    #[prost(string, tag = "1")]
    reference: String,
    #[prost(string, tag = "6")]
    frontend: String,
    #[prost(map = "string, string", tag = "7")]
    frontend_attrs: HashMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Nothing {}

#[derive(Clone, PartialEq, prost::Message)]
struct UpdateBuildHistoryRequest {
    #[prost(string, tag = "1")]
    reference: String,
    #[prost(bool, tag = "3")]
    delete: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BuildHistoryRequest {
    /// Do not wait for what comes.
    #[prost(bool, tag = "3")]
    early_exit: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BuildHistoryEvent {
    #[prost(message, optional, tag = "2")]
    record: Option<BuildHistoryRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct BuildHistoryRecord {
    #[prost(string, tag = "1")]
    reference: String,
}

/// Has BuildKit resolve `image`; `reference` is the build's name, and must be a new one.
///
/// # Errors
/// When the engine cannot be asked.
pub async fn resolve(socket: &Path, transport: Transport, reference: &str, image: &str) -> Result<Solved, String> {
    let channel = match transport {
        Transport::Native => proto::local::connect_lazy(socket),
        Transport::Upgrade => match upgrade(socket).await? {
            Ok(channel) => channel,
            Err(answer) => return Ok(Solved::Refused(answer)),
        },
    };
    let mut client = Grpc::new(channel);
    let request = SolveRequest {
        reference: reference.to_owned(),
        frontend: "gateway.v0".to_owned(),
        frontend_attrs: HashMap::from([("source".to_owned(), image.to_owned())]),
    };
    let solved = match call::<_, Nothing>(&mut client, "Solve", request).await {
        Ok(_) => Ok(Solved::Done),
        Err(status) if status.code() == tonic::Code::Unavailable => Err(proto::chain(&status)),
        Err(status) => Ok(Solved::Failed(status.message().to_owned())),
    };
    // What cannot be taken out, in an engine that keeps no history above all, stays.
    let forget = UpdateBuildHistoryRequest { reference: reference.to_owned(), delete: true };
    let _ = tokio::time::timeout(FORGET, call::<_, Nothing>(&mut client, "UpdateBuildHistory", forget)).await;
    solved
}

/// Names of the builds that the engine remembers.
///
/// # Errors
/// When it cannot be asked; one that keeps no history has none.
pub async fn history(socket: &Path) -> Result<Vec<String>, String> {
    let channel = upgrade(socket).await?.map_err(|answer| format!("it answers {}", answer.status))?;
    let mut client = Grpc::new(channel);
    client.ready().await.map_err(|error| proto::chain(&error))?;
    let request = tonic::Request::new(BuildHistoryRequest { early_exit: true });
    let codec = ProstCodec::<BuildHistoryRequest, BuildHistoryEvent>::default();
    let method = hyper::http::uri::PathAndQuery::from_static("/moby.buildkit.v1.Control/ListenBuildHistory");
    let mut names = Vec::new();
    let read = async {
        let mut events = client.server_streaming(request, method, codec).await?.into_inner();
        while let Some(event) = events.message().await? {
            names.extend(event.record.map(|record| record.reference));
        }
        Ok::<_, tonic::Status>(())
    };
    match read.await {
        // An engine that keeps none says so at once, or in the place of the first.
        Err(status) if status.code() == tonic::Code::Unimplemented => Ok(Vec::new()),
        Err(status) => Err(proto::chain(&status)),
        Ok(()) => Ok(names),
    }
}

async fn call<Q, A>(client: &mut Grpc<Channel>, method: &str, request: Q) -> Result<A, tonic::Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + Sync + 'static,
{
    client.ready().await.map_err(|error| tonic::Status::unavailable(proto::chain(&error)))?;
    let path = hyper::http::uri::PathAndQuery::try_from(format!("/moby.buildkit.v1.Control/{method}"));
    let path = path.map_err(|error| tonic::Status::internal(error.to_string()))?;
    let codec = ProstCodec::<Q, A>::default();
    Ok(client.unary(tonic::Request::new(request), path, codec).await?.into_inner())
}

/// A channel over `POST /grpc`; or what the engine answered instead.
async fn upgrade(socket: &Path) -> Result<Result<Channel, Answer>, String> {
    let stream = way::connect(socket).await.map_err(|error| error.to_string())?;
    let told = |error: hyper::Error| proto::chain(&error);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    tokio::spawn(connection.with_upgrades());
    let request = Request::post("/grpc")
        .header(header::HOST, "pullgate")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "h2c")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(told)?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let answer = Answer { status: answer.status().as_u16(), body: http::whole(answer.into_body()).await? };
        return Ok(Err(answer));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(told)?;
    // One connection: a second one would be another question to the engine.
    let mut upgraded = Some(upgraded);
    let connector = tower::service_fn(move |_: Uri| {
        let upgraded = upgraded.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
        async move { upgraded }
    });
    let channel = Endpoint::from_static("http://pullgate").connect_with_connector(connector).await;
    Ok(Ok(channel.map_err(|error| proto::chain(&error))?))
}
