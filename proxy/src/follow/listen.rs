//! The plugin's stream of what is in force: dialled again whenever it ends.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use proto::{
    control::{WatchRequest, WatchResponse, control_client::ControlClient},
    local::{self, MAX_MESSAGE_BYTES},
};
use tokio::{sync::watch, time::timeout};
use tonic::Status;
use tracing::{info, warn};

use crate::retry::{self, Retry};

/// For the beginning of an answer. A plugin that lives gives it at once; one that is stopped takes calls, and
/// does not answer them.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// What is in force, as the plugin says.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) envelopes: Vec<Arc<Vec<u8>>>,
    /// The plugin had more that it cannot read any more.
    pub(super) incomplete: bool,
    /// It named a document that it did not bring.
    pub(super) lacking: bool,
    pub(super) machine_id: String,
}

/// Listens until nobody wants to hear any more.
pub(super) async fn listen(socket: &Path, probe_key: &[u8], words: watch::Sender<Option<Arc<Word>>>) {
    let mut retry = Retry::new(socket);
    let mut complaint = None;
    loop {
        let status = tokio::select! {
            status = hear(socket, probe_key, &words, &mut retry, &mut complaint) => status,
            () = words.closed() => return,
        };
        // Once for each reason, however often it is tried.
        let why = retry::why(&status);
        if complaint.as_ref() != Some(&why) {
            let heard = words.borrow().is_some();
            if heard {
                warn!(why, "lost the plugin; what it said stays in force, and it is asked again");
            } else {
                warn!(why, "the plugin is not heard; what it would judge is refused, and it is asked again");
            }
            complaint = Some(why);
        }
        retry.pause().await;
    }
}

/// One stream, to its end.
async fn hear(
    socket: &Path,
    probe_key: &[u8],
    words: &watch::Sender<Option<Arc<Word>>>,
    retry: &mut Retry,
    complaint: &mut Option<String>,
) -> Status {
    // With a connection of its own: nothing of one that hangs is used again. It is kept as long as the stream
    // is, else hyper takes it for idle and pings no peer that went silent.
    let mut client = ControlClient::new(local::connect_lazy(socket)).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let mut stream =
        match timeout(FIRST_ANSWER, client.watch(WatchRequest { version, probe_key: probe_key.to_vec() })).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => return status,
            Err(_) => return Status::deadline_exceeded("pullgate-plugin takes calls and does not answer"),
        };
    let mut held = HashMap::new();
    loop {
        let message = match stream.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return Status::unavailable("the stream ended"),
            Err(status) => return status,
        };
        if let Some(word) = take(message, &mut held) {
            if words.borrow().is_none() || complaint.is_some() {
                info!(machine_id = word.machine_id, "following the plugin");
            }
            *complaint = None;
            retry.succeeded();
            words.send_replace(Some(Arc::new(word)));
        }
    }
}

/// Documents of a stream, by SHA-256.
type Held = HashMap<Vec<u8>, Arc<Vec<u8>>>;

/// What is in force after a message; none: more belongs to it.
fn take(message: WatchResponse, held: &mut Held) -> Option<Word> {
    let WatchResponse { envelopes, incomplete, machine_id, in_force, more } = message;
    held.extend(
        envelopes.into_iter().map(|envelope| (proto::documents::sha256(&envelope).to_vec(), Arc::new(envelope))),
    );
    if more {
        return None;
    }
    let in_force: HashSet<Vec<u8>> = in_force.into_iter().collect();
    held.retain(|sha256, _| in_force.contains(sha256));
    let lacking = held.len() < in_force.len();
    Some(Word { envelopes: held.values().cloned().collect(), incomplete, lacking, machine_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(envelopes: &[&[u8]], in_force: &[&[u8]], more: bool) -> WatchResponse {
        WatchResponse {
            envelopes: envelopes.iter().map(|envelope| envelope.to_vec()).collect(),
            in_force: in_force.iter().map(|envelope| proto::documents::sha256(envelope).to_vec()).collect(),
            more,
            ..WatchResponse::default()
        }
    }

    /// The envelopes in force, and whether one is lacking.
    fn told(word: &Word) -> (Vec<&[u8]>, bool) {
        let mut envelopes: Vec<&[u8]> = word.envelopes.iter().map(|envelope| envelope.as_slice()).collect();
        envelopes.sort_unstable();
        (envelopes, word.lacking)
    }

    #[test]
    fn a_state_is_what_was_brought_and_is_still_named() {
        let mut held = Held::new();
        assert!(take(message(&[b"a"], &[], true), &mut held).is_none(), "half a state is none");
        let word = take(message(&[b"b"], &[b"a", b"b"], false), &mut held).expect("a state");
        assert_eq!(told(&word), (vec![b"a".as_slice(), b"b"], false));
        let word = take(message(&[b"c"], &[b"b", b"c"], false), &mut held).expect("a state");
        assert_eq!(told(&word), (vec![b"b".as_slice(), b"c"], false));
        let word = take(message(&[], &[b"a", b"b"], false), &mut held).expect("a state");
        assert_eq!(told(&word), (vec![b"b".as_slice()], true), "what was dropped has to be brought again");
        // What came without being named is not in force.
        let word = take(message(&[b"x"], &[b"b"], false), &mut held).expect("a state");
        assert_eq!(told(&word), (vec![b"b".as_slice()], false));
        assert_eq!(told(&take(message(&[], &[], false), &mut held).expect("a state")), (vec![], false));
    }
}
