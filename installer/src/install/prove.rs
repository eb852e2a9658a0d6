//! Proofs: that the plugin and the registry door answer as the engine would ask, and that the engine asks them.
//!
//! Each is bounded, and each asks for what cannot come in: `pullgate.invalid`, which the plugin refuses whatever the
//! policy says, and `door.pullgate.invalid`, which the door does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use policy::{
    PROBE_HOST,
    probe::{DOOR_PROBE_HOST, NOTHING, Probe},
};
use proto::{
    authz,
    control::{StatusRequest, StatusResponse, control_client::ControlClient},
    local, paths,
};
use serde_json::{Value, json};

use crate::status::{
    coverage::Proof,
    engine,
    probe::{
        REFUSAL, Went,
        http::{self, Body},
    },
};

/// For the plugin and the door: they start when they are first asked.
const OURS: Duration = Duration::from_secs(10);
/// For an engine that was told to read its settings again, or was started.
const ENGINE: Duration = Duration::from_secs(30);
/// For an engine that answers by itself.
const QUICK: Duration = Duration::from_secs(3);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// No answer here is longer.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// The engine refuses this before it asks anybody for anything, so that a probe never waits for a resolver.
const NO_PLATFORM: &str = "a%2Fb%2Fc%2Fd";

/// Waits for something, and no longer than that.
///
/// # Errors
/// What `what` says, or that it took too long.
pub fn bounded<T>(bound: Duration, what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let result = runtime.block_on(async { tokio::time::timeout(bound, what).await });
    runtime.shutdown_background();
    result.unwrap_or_else(|_| Err(format!("no answer within {} s", bound.as_secs())))
}

/// Tries until it holds.
fn until(bound: Duration, mut what: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let end = Instant::now() + bound;
    loop {
        match what() {
            Err(_) if Instant::now() < end => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

/// The plugin answers what an engine says at its start, refuses what it must, and lets pass what it must.
///
/// # Errors
/// In words.
pub fn plugin(root: &Path) -> Result<(), String> {
    let socket = root.join(paths::PLUGIN_SOCKET.trim_start_matches('/'));
    let asked = |path: &str, message: Option<Value>| {
        let body = message.map(|message| message.to_string()).unwrap_or_default();
        // 20.10 names no host, later ones this.
        ["", "plugin.moby.localhost"].iter().try_fold(Value::Null, |_, host| ask_plugin(&socket, host, path, &body))
    };
    let activated = asked(authz::ACTIVATE, None)?;
    if activated != serde_json::from_str::<Value>(authz::ACTIVATED).unwrap_or_default() {
        return Err(format!("the plugin says `{activated}` of itself"));
    }
    let nonce = nonce();
    let pull = format!("/v1.41/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}");
    let refused = asked(
        authz::AUTHZ_REQ,
        Some(json!({ "RequestMethod": "POST", "RequestUri": pull, "RequestHeaders": { "Content-Length": "0" } })),
    )?;
    let words = refused["Msg"].as_str().unwrap_or_default();
    if refused["Allow"] != false || !words.contains(&nonce) {
        return Err(format!("the plugin does not refuse a probe: `{refused}`"));
    }
    let passed = asked(authz::AUTHZ_REQ, Some(json!({ "RequestMethod": "GET", "RequestUri": "/_ping" })))?;
    if passed["Allow"] != true {
        return Err(format!("the plugin refuses what no policy is about: `{passed}`"));
    }
    // One that cannot start answers all the same, and only there says that this is why.
    match status(root) {
        Err(why) if why.starts_with(local::CANNOT_START) => Err(why),
        _ => Ok(()),
    }
}

pub(crate) fn ask_plugin(socket: &Path, host: &str, path: &str, body: &str) -> Result<Value, String> {
    let why = |error: std::io::Error| format!("the plugin does not answer on `{}`: {error}", socket.display());
    let mut stream = UnixStream::connect(socket).map_err(why)?;
    stream.set_read_timeout(Some(OURS)).and_then(|()| stream.set_write_timeout(Some(OURS))).map_err(why)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: {}\r\n\
         Accept: application/vnd.docker.plugins.v1.2+json\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).map_err(why)?;
    let (status, body) = answer(&mut stream).map_err(why)?;
    match serde_json::from_str(&body) {
        Ok(json) if status == 200 => Ok(json),
        _ => Err(format!("the plugin answers {status}: {}", body.trim())),
    }
}

/// The registry door opens a connection, and knows a probe of its own.
///
/// # Errors
/// In words.
pub fn door() -> Result<(), String> {
    until(OURS, door_once)
}

fn door_once() -> Result<(), String> {
    let why = |error: std::io::Error| format!("the registry door does not answer on `{}`: {error}", paths::DOOR);
    let address: SocketAddr = paths::DOOR.parse().map_err(|_| format!("`{}` is no address", paths::DOOR))?;
    let ask = |text: String| {
        let mut stream = TcpStream::connect_timeout(&address, OURS)?;
        stream.set_read_timeout(Some(OURS))?;
        stream.set_write_timeout(Some(OURS))?;
        stream.write_all(text.as_bytes())?;
        answer(&mut stream)
    };
    let (status, _) =
        ask(format!("CONNECT {DOOR_PROBE_HOST}:443 HTTP/1.1\r\nHost: {DOOR_PROBE_HOST}:443\r\n\r\n")).map_err(why)?;
    if status != 200 {
        return Err(format!("the registry door answers {status} to a CONNECT"));
    }
    let nonce = nonce();
    let (status, said) = ask(format!(
        "GET http://{DOOR_PROBE_HOST}/v2/probe/{nonce}/manifests/{NOTHING} HTTP/1.1\r\nHost: {DOOR_PROBE_HOST}\r\nConnection: close\r\n\r\n"
    ))
    .map_err(why)?;
    if said.contains(&Probe::Door(&nonce).answer()) {
        return Ok(());
    }
    Err(format!(
        "what answers on `{}` does not know the probe: {status} {}",
        paths::DOOR,
        said.lines().next().unwrap_or_default()
    ))
}

/// Status and body of one answer: to its end, or as long as it says.
fn answer(stream: &mut impl Read) -> std::io::Result<(u16, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4096];
    let whole = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
        });
        // A CONNECT is answered without a body, and stays open.
        let is_open = head.starts_with("HTTP/1.1 200") && length.is_none() && body.is_empty();
        (is_open || length.is_some_and(|length| body.len() >= length)).then_some(())
    };
    let mut limited = stream.take(MAX_ANSWER_BYTES);
    while whole(&bytes).is_none() {
        match limited.read(&mut piece)? {
            0 => break,
            read => bytes.extend(piece.iter().take(read)),
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    Ok((status, body.to_owned()))
}

/// The engine asks the plugin: now, not by what it once read.
///
/// # Errors
/// In words.
pub fn engine_asks(socket: &Path) -> Result<(), String> {
    match probe(socket, OURS)? {
        Probed::Asked => Ok(()),
        Probed::Not(words) => Err(format!("the engine does not ask the plugin: {words}")),
    }
}

/// The engine comes to ask the plugin.
///
/// # Errors
/// In words, when it does not in time.
pub fn engine_comes_to_ask(socket: &Path) -> Result<(), String> {
    until(ENGINE, || engine_asks(socket))
}

/// The engine comes to answer without the plugin.
///
/// # Errors
/// In words, when it does not in time.
pub fn engine_comes_to_answer_alone(socket: &Path, bound: Duration) -> Result<(), String> {
    // Short: a question that came before the engine let go of a dead plugin waits for it, and the next one does not.
    until(bound, || match probe(socket, QUICK)? {
        Probed::Asked => Err("the engine still asks the plugin".to_owned()),
        Probed::Not(words) if words.contains(&format!("plugin {} failed", super::engine::PLUGIN)) => Err(words),
        Probed::Not(_) => Ok(()),
    })
}

enum Probed {
    Asked,
    Not(String),
}

fn probe(socket: &Path, bound: Duration) -> Result<Probed, String> {
    let nonce = nonce();
    let target = format!("/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}&platform={NO_PLATFORM}");
    let answer = bounded(bound, http::call(socket, "POST", &target, Body::Empty))?;
    let words = answer.failure().unwrap_or_else(|| "it let the request through".to_owned());
    if answer.status == 403 && words.starts_with(REFUSAL) && words.contains(&nonce) {
        return Ok(Probed::Asked);
    }
    Ok(Probed::Not(format!("{} {}", answer.status, words.lines().next().unwrap_or_default())))
}

/// The engine fetches by the registry door.
///
/// # Errors
/// In words.
pub fn engine_fetches_by_the_door(root: &Path, socket: &Path) -> Result<(), String> {
    until(OURS, || {
        let keys = door_keys(root)?;
        let facts = bounded(ENGINE, async { Ok(engine::facts(socket, &keys).await) })?;
        match (facts.asks, facts.fetches.pull) {
            (Proof::Proved, Went::Door) => Ok(()),
            (Proof::Proved, Went::Refused(words) | Went::Past(words) | Went::Untried(words)) => {
                Err(format!("what the engine fetches does not go through the registry door: {words}"))
            }
            (Proof::Refuted(words) | Proof::Untried(words), _) => {
                Err(format!("the engine does not ask the plugin: {words}"))
            }
        }
    })
}

/// Whether the engine, as it runs, has the registry door for a proxy; none: it does not say.
#[must_use]
pub fn engine_has_door(socket: &Path) -> Option<bool> {
    let info =
        bounded(OURS, http::call(socket, "GET", "/info", Body::Empty)).ok().filter(|answer| answer.status == 200)?;
    let door = super::drop_in::door();
    Some(["HttpProxy", "HttpsProxy"].iter().any(|key| info.json()[*key] == door.as_str()))
}

/// What the plugin says of itself.
fn status(root: &Path) -> Result<StatusResponse, String> {
    let socket = root.join(paths::CONTROL_SOCKET.trim_start_matches('/'));
    bounded(OURS, async {
        let mut client =
            ControlClient::new(local::connect_lazy(&socket)).max_decoding_message_size(local::MAX_MESSAGE_BYTES);
        let status = client.status(StatusRequest {}).await.map_err(|status| status.message().to_owned())?;
        Ok(status.into_inner())
    })
}

fn door_keys(root: &Path) -> Result<Vec<Vec<u8>>, String> {
    let status =
        status(root).map_err(|why| format!("the plugin does not answer on `{}`: {why}", paths::CONTROL_SOCKET))?;
    if status.doors.is_empty() {
        return Err("no registry door follows the plugin".to_owned());
    }
    Ok(status.doors.into_iter().map(|door| door.probe_key).collect())
}

/// Different each time, so that an old answer proves nothing; in the letters of a tag.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}
