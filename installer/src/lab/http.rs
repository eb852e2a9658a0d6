//! Plain HTTP/1.1, one exchange a connection: to the engine's socket (through `hyperlocal`, as
//! its API is meant to be called) and to the registry on loopback.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, Response, body::Incoming, header};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::LabError;

/// The engine itself has no deadline, and tries an absent plugin for 15 seconds.
const DEADLINE: Duration = Duration::from_secs(45);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().to_owned()
    }
}

/// One exchange over a Unix socket, without a body.
///
/// # Errors
/// When there is no whole answer in time.
pub async fn unix(socket: &Path, method: &str, target: &str) -> Result<Answer, LabError> {
    let uri: hyper::Uri = hyperlocal::Uri::new(socket, target).into();
    let request = Request::builder()
        .method(method)
        .uri(uri)
        // As the Docker CLI does: a body that cannot be is a body that cannot be hidden.
        .header(header::CONTENT_LENGTH, "0")
        .body(Full::<Bytes>::default());
    exchange(&format!("{method} {target}"), async {
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(hyperlocal::UnixConnector);
        let request = request.map_err(|error| error.to_string())?;
        client.request(request).await.map_err(|error| proto::chain(&error))
    })
    .await
}

/// One exchange over TCP with `address` (`host:port`).
///
/// # Errors
/// When there is no whole answer in time.
pub async fn tcp(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, LabError> {
    exchange(&format!("{method} {target}"), async {
        let stream = tokio::net::TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| proto::chain(&error))?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(target).header(header::HOST, address);
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        sender.send_request(request).await.map_err(|error| proto::chain(&error))
    })
    .await
}

async fn exchange(
    shown: &str,
    answer: impl Future<Output = Result<Response<Incoming>, String>>,
) -> Result<Answer, LabError> {
    let whole = async {
        let (head, body) = answer.await?.into_parts();
        let body = body.collect().await.map_err(|error| proto::chain(&error))?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    };
    let result = match tokio::time::timeout(DEADLINE, whole).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", DEADLINE.as_secs())),
    };
    result.map_err(|why| LabError::Http { request: shown.to_owned(), why })
}
