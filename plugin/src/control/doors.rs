//! Other enforcers on this machine: what is in force, handed on to them, and who follows it.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use proto::{
    control::{Door, WatchRequest, WatchResponse},
    documents::Digest,
};
use tokio::sync::watch;
use tokio_stream::{Stream, wrappers::WatchStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;

use crate::{clock, enforcer::View};

/// A message that has this many bytes of documents gets no further one. So with one document at its limit
/// it stays within `proto::local::MAX_MESSAGE_BYTES`, however many are in force.
const ENOUGH_BYTES: usize = 4 << 20;
/// Longest version that a peer is known by, in bytes.
const MAX_VERSION_BYTES: usize = 64;
/// Of an Ed25519 public key.
const PROBE_KEY_BYTES: usize = 32;

/// The doors that follow right now.
#[derive(Debug, Clone, Default)]
pub(super) struct Doors(Arc<Mutex<Following>>);

#[derive(Debug, Default)]
struct Following {
    doors: BTreeMap<u64, Door>,
    next: u64,
}

/// A door's place among them, until it is dropped.
struct Place {
    doors: Doors,
    number: u64,
}

/// What is in force, for one door: now, and at each change.
pub(super) struct Followed {
    views: WatchStream<Arc<View>>,
    machine_id: String,
    /// Documents that the door has from this stream.
    brought: HashSet<Digest>,
    /// The rest of the state that is being told.
    waiting: VecDeque<WatchResponse>,
    /// The plugin stops: the door is to follow the next one.
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    _place: Place,
}

impl Doors {
    /// All of them, the one that came first first.
    pub(super) fn list(&self) -> Vec<Door> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).doors.values().cloned().collect()
    }

    /// A door of this user follows.
    pub(super) fn follow(
        &self,
        uid: u32,
        told: WatchRequest,
        machine_id: String,
        views: watch::Receiver<Arc<View>>,
        stop: CancellationToken,
    ) -> Followed {
        let WatchRequest { version, mut probe_key } = told;
        if probe_key.len() != PROBE_KEY_BYTES {
            probe_key.clear();
        }
        let version = self::version(&version);
        Followed {
            views: WatchStream::new(views),
            machine_id,
            brought: HashSet::new(),
            waiting: VecDeque::new(),
            stop: Box::pin(stop.cancelled_owned()),
            _place: self.enter(Door { uid, version, since_ms: clock::now_ms(), probe_key }),
        }
    }

    fn enter(&self, door: Door) -> Place {
        let mut following = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = following.next;
        following.next = number.wrapping_add(1);
        following.doors.insert(number, door);
        Place { doors: self.clone(), number }
    }
}

/// What a peer says of its version, within bounds.
pub(super) fn version(said: &str) -> String {
    said.chars().filter(char::is_ascii_graphic).take(MAX_VERSION_BYTES).collect()
}

impl Drop for Place {
    fn drop(&mut self) {
        self.doors.0.lock().unwrap_or_else(PoisonError::into_inner).doors.remove(&self.number);
    }
}

impl Stream for Followed {
    type Item = Result<WatchResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.waiting.is_empty() {
            // Between two states, so that none is told by half.
            if self.stop.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            let Some(view) = ready!(Pin::new(&mut self.views).poll_next(cx)) else { return Poll::Ready(None) };
            let this = &mut *self;
            this.waiting = tell(&view, &this.machine_id, &mut this.brought);
        }
        Poll::Ready(self.waiting.pop_front().map(Ok))
    }
}

/// The messages that tell a state to a door that has what was `brought`; at least one.
fn tell(view: &View, machine_id: &str, brought: &mut HashSet<Digest>) -> VecDeque<WatchResponse> {
    let mut messages = VecDeque::new();
    let mut message = WatchResponse::default();
    let mut bytes = 0;
    for (sha256, envelope) in &view.envelopes {
        if brought.contains(sha256) {
            continue;
        }
        if bytes >= ENOUGH_BYTES {
            messages.push_back(WatchResponse { more: true, ..std::mem::take(&mut message) });
            bytes = 0;
        }
        bytes = bytes.saturating_add(envelope.len());
        message.envelopes.push(envelope.to_vec());
    }
    *brought = view.envelopes.iter().map(|(sha256, _)| *sha256).collect();
    messages.push_back(WatchResponse {
        in_force: brought.iter().map(|sha256| sha256.to_vec()).collect(),
        incomplete: view.incomplete,
        machine_id: machine_id.to_owned(),
        ..message
    });
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(envelopes: &[(u8, usize)]) -> View {
        let envelope = |(name, size): &(u8, usize)| ([*name; 32], Arc::new(vec![*name; *size]));
        View { envelopes: envelopes.iter().map(envelope).collect(), ..View::default() }
    }

    #[test]
    fn a_door_is_told_what_it_does_not_have_and_what_is_in_force() {
        let mut brought = HashSet::new();
        let mut told = |envelopes: &[(u8, usize)]| {
            let messages = tell(&view(envelopes), "m", &mut brought);
            assert_eq!(messages.len(), 1);
            let message = messages.into_iter().next().expect("a message");
            assert!(!message.more && message.machine_id == "m");
            let mut in_force: Vec<u8> = message.in_force.iter().map(|sha256| sha256[0]).collect();
            in_force.sort_unstable();
            (message.envelopes.iter().map(|envelope| envelope[0]).collect::<Vec<_>>(), in_force)
        };
        assert_eq!(told(&[(1, 5), (2, 5)]), (vec![1, 2], vec![1, 2]));
        assert_eq!(told(&[(1, 5), (3, 5)]), (vec![3], vec![1, 3]));
        assert_eq!(told(&[]), (vec![], vec![]));
        assert_eq!(told(&[(1, 5)]), (vec![1], vec![1]), "what was gone is brought again");
    }

    #[test]
    fn no_message_is_too_large_for_its_reader() {
        let limit = 8 << 20;
        let envelopes: Vec<_> =
            (0..10).map(|name| (name, limit)).chain((10..200).map(|name| (name, 1 << 10))).collect();
        let messages = tell(&view(&envelopes), "m", &mut HashSet::new());
        let sizes: Vec<usize> = messages.iter().map(prost::Message::encoded_len).collect();
        assert!(sizes.iter().all(|size| *size < proto::local::MAX_MESSAGE_BYTES), "{sizes:?}");
        let last = messages.len() - 1;
        assert!(messages.iter().enumerate().all(|(at, message)| message.more == (at < last)));
        assert_eq!(messages.iter().map(|message| message.envelopes.len()).sum::<usize>(), 200);
        assert_eq!(messages[last].in_force.len(), 200);
    }

    #[test]
    fn a_door_counts_until_its_stream_is_dropped() {
        let doors = Doors::default();
        let (_sender, views) = watch::channel(Arc::new(View::default()));
        let told = |version: &str, key: &[u8]| WatchRequest { version: version.into(), probe_key: key.into() };
        let one = doors.follow(0, told("1.0\n", &[7; 32]), String::new(), views.clone(), CancellationToken::new());
        let two = doors.follow(990, told("2.0", &[7; 33]), String::new(), views, CancellationToken::new());
        let said = || doors.list().into_iter().map(|door| (door.uid, door.version)).collect::<Vec<_>>();
        assert_eq!(said(), [(0, "1.0".to_owned()), (990, "2.0".to_owned())]);
        let keys: Vec<_> = doors.list().into_iter().map(|door| door.probe_key).collect();
        assert_eq!(keys, [vec![7; 32], vec![]], "what is no key is left out");
        drop(one);
        assert_eq!(said(), [(990, "2.0".to_owned())]);
        drop(two);
        assert_eq!(said(), []);
    }
}
