//! The running engine: whether it asks the plugin now, and by what it fetches; not by what it once read.

use std::{path::Path, time::Duration};

use policy::PROBE_HOST;

use super::{OURS, ProofError, bounded, nonce, status::status, until};
use crate::{
    install::{drop_in, engine::PLUGIN},
    status::{
        coverage::Proof,
        engine,
        probe::{
            REFUSAL, Went,
            http::{self, Body},
        },
    },
};

/// For an engine that was told to read its settings again, or was started.
const ENGINE: Duration = Duration::from_secs(30);
/// For an engine that answers by itself.
const QUICK: Duration = Duration::from_secs(3);
/// The engine refuses this before it asks anybody for anything, so that a probe never waits for a resolver.
const NO_PLATFORM: &str = "a%2Fb%2Fc%2Fd";

/// The engine asks the plugin.
///
/// # Errors
/// [`ProofError`].
pub fn asks(socket: &Path) -> Result<(), ProofError> {
    match probe(socket, OURS)? {
        Probed::Asked => Ok(()),
        Probed::Not(words) => Err(ProofError::NotAsked(words)),
    }
}

/// The engine comes to ask the plugin.
///
/// # Errors
/// [`ProofError`], when it does not in time.
pub fn comes_to_ask(socket: &Path) -> Result<(), ProofError> {
    until(ENGINE, || asks(socket))
}

/// The engine comes to answer without the plugin.
///
/// # Errors
/// [`ProofError`], when it does not in time.
pub fn comes_to_answer_alone(socket: &Path, bound: Duration) -> Result<(), ProofError> {
    // Short: a question that came before the engine let go of a dead plugin waits for it, and the next one does not.
    until(bound, || match probe(socket, QUICK)? {
        Probed::Asked => Err(ProofError::StillAsked),
        Probed::Not(words) if words.contains(&format!("plugin {PLUGIN} failed")) => Err(ProofError::Waits(words)),
        Probed::Not(_) => Ok(()),
    })
}

enum Probed {
    Asked,
    Not(String),
}

fn probe(socket: &Path, bound: Duration) -> Result<Probed, ProofError> {
    let nonce = nonce();
    let target = format!("/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}&platform={NO_PLATFORM}");
    let answer = bounded(bound, http::call(socket, "POST", &target, Body::Empty))
        .map_err(|why| ProofError::EngineSilent { socket: socket.to_owned(), why })?;
    let words = answer.failure().unwrap_or_else(|| "it let the request through".to_owned());
    if answer.status == 403 && words.starts_with(REFUSAL) && words.contains(&nonce) {
        return Ok(Probed::Asked);
    }
    Ok(Probed::Not(format!("{} {}", answer.status, words.lines().next().unwrap_or_default())))
}

/// The engine fetches by the registry door.
///
/// # Errors
/// [`ProofError`].
pub fn fetches_by_the_door(root: &Path, socket: &Path) -> Result<(), ProofError> {
    until(OURS, || {
        let keys = door_keys(root)?;
        let facts = bounded(ENGINE, async { Ok(engine::facts(socket, &keys).await) })
            .map_err(|why| ProofError::EngineSilent { socket: socket.to_owned(), why })?;
        match (facts.asks, facts.fetches.pull) {
            (Proof::Proved, Went::Door) => Ok(()),
            (Proof::Proved, Went::Refused(words) | Went::Past(words) | Went::Untried(words)) => {
                Err(ProofError::PastTheDoor(words))
            }
            (Proof::Refuted(words) | Proof::Untried(words), _) => Err(ProofError::NotAsked(words)),
        }
    })
}

/// Whether the engine, as it runs, has the registry door for a proxy; none: it does not say.
#[must_use]
pub fn has_door(socket: &Path) -> Option<bool> {
    let info =
        bounded(OURS, http::call(socket, "GET", "/info", Body::Empty)).ok().filter(|answer| answer.status == 200)?;
    let door = drop_in::door();
    Some(["HttpProxy", "HttpsProxy"].iter().any(|key| info.json()[*key] == door.as_str()))
}

fn door_keys(root: &Path) -> Result<Vec<Vec<u8>>, ProofError> {
    let status = status(root)?;
    if status.doors.is_empty() {
        return Err(ProofError::NoDoorFollows);
    }
    Ok(status.doors.into_iter().map(|door| door.probe_key).collect())
}
