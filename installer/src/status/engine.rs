//! Asks this machine's engine what it is, and whether it asks pullgate.
//!
//! The probes are a pull and an install of an engine plugin from `pullgate.invalid`, where
//! nothing ever is. The plugin refuses them whatever the policy says and leaves no record. An
//! engine without the plugin fails to find the host; nothing comes in either way.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, header};
use hyper_util::rt::TokioExecutor;
use policy::{PROBE_HOST, engine::EngineVersion};
use serde_json::Value;

use super::coverage::{Facts, Proof};

/// For all questions together. An engine whose plugin is gone tries for 15 seconds.
const DEADLINE: Duration = Duration::from_secs(20);
/// An answer of an engine with many plugins and warnings has some kilobytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What can be told of the engine at this socket.
pub async fn facts(socket: &Path) -> Facts {
    let asked = async {
        let version = match call(socket, "GET", "/version", None).await {
            Ok((_, body)) => body["Version"].as_str().and_then(EngineVersion::parse),
            Err(why) => return Facts::unknown(&format!("cannot ask the engine on `{}`: {why}", socket.display())),
        };
        let info = call(socket, "GET", "/info", None).await;
        let listed = info
            .ok()
            .and_then(|(_, body)| Some(body["Plugins"]["Authorization"].as_array()?.contains(&"pullgate".into())));
        let tag = tag();
        let pull = format!("/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={tag}");
        let install = format!("/plugins/pull?remote={PROBE_HOST}%2Fprobe%3A{tag}&name=");
        Facts {
            version,
            listed,
            asks: proof(call(socket, "POST", &pull, None).await, &tag),
            shows_bodies: proof(call(socket, "POST", &install, Some("[]")).await, &tag),
        }
    };
    tokio::time::timeout(DEADLINE, asked)
        .await
        .unwrap_or_else(|_| Facts::unknown(&format!("the engine did not answer within {} seconds", DEADLINE.as_secs())))
}

/// Different each time, so that an old answer proves nothing.
fn tag() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

fn proof(answer: Result<(u16, Value), String>, tag: &str) -> Proof {
    match answer {
        Ok((403, body)) if says(&body, "denied by plugin pullgate: ") && says(&body, tag) => Proof::Proved,
        Ok((status, body)) => {
            let words = body["message"].as_str().unwrap_or("it let the request through");
            Proof::Refuted(format!("{status} {}", words.lines().next().unwrap_or_default()))
        }
        Err(why) => Proof::Untried(format!("the probe failed: {why}")),
    }
}

fn says(body: &Value, text: &str) -> bool {
    body["message"].as_str().is_some_and(|message| message.contains(text))
}

async fn call(socket: &Path, method: &str, target: &str, json: Option<&'static str>) -> Result<(u16, Value), String> {
    let uri: hyper::Uri = hyperlocal::Uri::new(socket, target).into();
    let body = json.unwrap_or_default();
    let mut request = Request::builder().method(method).uri(uri).header(header::CONTENT_LENGTH, body.len());
    if json.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(Bytes::from_static(body.as_bytes()))).map_err(|error| error.to_string())?;
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build(hyperlocal::UnixConnector);
    let answer = client.request(request).await.map_err(|error| proto::chain(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}
