//! Questions to the engine's API socket.

use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, body::Incoming, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::way;

/// An answer of an engine with many plugins and warnings has some kilobytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What is sent with a question.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A JSON text.
    Json(&'static str),
    /// An archive with a build's context.
    Tar(Vec<u8>),
}

/// An engine's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What went wrong, in the engine's words: an error's `message`, or the `error` that a stream of
    /// progress ends with; none where it says of no failure.
    pub fn failure(&self) -> Option<String> {
        let json = self.json();
        if let Some(message) = json["message"].as_str().filter(|_| self.status >= 400) {
            return Some(message.trim().to_owned());
        }
        let told = serde_json::Deserializer::from_slice(&self.body).into_iter::<Value>().map_while(Result::ok);
        let error = told.filter_map(|line| line["error"].as_str().map(|error| error.trim().to_owned())).last();
        // Plain text where the engine did not get as far as its own format.
        error.or_else(|| (self.status >= 400).then(|| String::from_utf8_lossy(&self.body).trim().to_owned()))
    }
}

/// Asks one thing.
///
/// # Errors
/// When there is no whole answer; why.
pub async fn call(socket: &Path, method: &str, target: &str, body: Body) -> Result<Answer, String> {
    let (kind, body) = match body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(text) => (Some("application/json"), Bytes::from_static(text.as_bytes())),
        Body::Tar(archive) => (Some("application/x-tar"), Bytes::from(archive)),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, "pullgate")
        .header(header::CONTENT_LENGTH, body.len());
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
    let told = |error: hyper::Error| proto::chain(&error);
    let stream = way::connect(socket).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(told)?;
    let status = answer.status().as_u16();
    Ok(Answer { status, body: whole(answer.into_body()).await? })
}

/// A whole body, bounded.
///
/// # Errors
/// When it breaks off or is too long.
pub async fn whole(body: Incoming) -> Result<Bytes, String> {
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
    Ok(body.map_err(|error| proto::chain(&*error))?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &'static str, expected: Option<&str>) {
        let answer = Answer { status, body: Bytes::from_static(body.as_bytes()) };
        assert_eq!(answer.failure().as_deref(), expected, "{body}");
    }

    #[test]
    fn a_failure_is_found_wherever_engines_put_it() {
        check(404, r#"{"message":"pull access denied"}"#, Some("pull access denied"));
        check(200, "{\"stream\":\"Step 1\"}\r\n{\"errorDetail\":{\"message\":\"m\"},\"error\":\"m\"}\r\n", Some("m"));
        check(200, r#"{"status":"Pulling from x"}"#, None);
        check(500, "a plain text\n", Some("a plain text"));
        check(200, "", None);
        check(200, r#"{"message":"an image's own"}"#, None);
    }
}
