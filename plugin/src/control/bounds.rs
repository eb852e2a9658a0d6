//! What callers may have the plugin hold in memory: messages on their way, by bytes and by time.
//!
//! Without it every local user could announce many large messages and never end them.

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use proto::local::{MAX_MESSAGE_BYTES, Peer};
use tokio::time::Sleep;
use tonic::{Status, body::Body};

/// For one message of 16 MiB over a local socket.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of messages on their way, for one user: one message at its limit, and some small ones.
const USER_BYTES: usize = MAX_MESSAGE_BYTES + (1 << 20);
/// For all users but root and the registry door's.
const TOTAL_BYTES: usize = 3 * MAX_MESSAGE_BYTES;

/// Counts the bytes of messages on their way.
#[derive(Clone)]
pub(super) struct Budget {
    bytes: Arc<Mutex<HashMap<Option<u32>, usize>>>,
    /// Users whose bytes are apart from all others', as root's are.
    apart: Arc<dyn Fn(u32) -> bool + Send + Sync>,
}

impl Budget {
    /// `apart`: users, beside root, whose bytes do not count with all others'.
    pub(super) fn new(apart: impl Fn(u32) -> bool + Send + Sync + 'static) -> Self {
        Self { bytes: Arc::default(), apart: Arc::new(apart) }
    }

    /// Puts a caller's request under its bounds.
    pub(super) fn bound(&self, request: http::Request<Body>) -> http::Request<Body> {
        let uid = request.extensions().get::<Peer>().and_then(|peer| peer.uid);
        request.map(|body| {
            let deadline = Box::pin(tokio::time::sleep(DEADLINE));
            Body::new(Bounded { body, deadline, ended: false, share: Share { budget: self.clone(), uid, bytes: 0 } })
        })
    }

    fn add(&self, uid: Option<u32>, bytes: usize) -> bool {
        let mut users = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let total: usize = users.iter().filter(|(uid, _)| **uid != Some(0)).map(|(_, bytes)| bytes).sum();
        let user = users.entry(uid).or_default();
        let is_apart = || uid.is_some_and(|uid| uid == 0 || (self.apart)(uid));
        let fits =
            user.saturating_add(bytes) <= USER_BYTES && (total.saturating_add(bytes) <= TOTAL_BYTES || is_apart());
        if fits {
            *user = user.saturating_add(bytes);
        }
        fits
    }

    fn give_back(&self, uid: Option<u32>, bytes: usize) {
        let mut users = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = users.get_mut(&uid) {
            *user = user.saturating_sub(bytes);
            if *user == 0 {
                users.remove(&uid);
            }
        }
    }
}

/// What one message takes; given back with it.
struct Share {
    budget: Budget,
    uid: Option<u32>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.uid, self.bytes);
    }
}

struct Bounded {
    body: Body,
    deadline: Pin<Box<Sleep>>,
    ended: bool,
    share: Share,
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::remaining);
                if !this.share.budget.add(this.share.uid, bytes) {
                    let text = "too many bytes of messages are on their way from this user; send one after another";
                    return Poll::Ready(Some(Err(Status::resource_exhausted(text))));
                }
                this.share.bytes = this.share.bytes.saturating_add(bytes);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(end) => {
                this.ended = true;
                Poll::Ready(end)
            }
            Poll::Pending if !this.ended && this.deadline.as_mut().poll(cx).is_ready() => {
                Poll::Ready(Some(Err(Status::deadline_exceeded("the message did not arrive whole within 10 seconds"))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Users whose documents are being looked at: one hand-over each, so that nobody's waits behind
/// more than one of every other user.
#[derive(Clone, Default, Debug)]
pub(super) struct HandOvers(Arc<Mutex<HashSet<u32>>>);

impl HandOvers {
    /// A turn, or none while the user has one.
    pub(super) fn begin(&self, uid: u32) -> Option<Turn> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.insert(uid).then(|| Turn { users: self.clone(), uid })
    }
}

/// Ends on drop.
pub(super) struct Turn {
    users: HandOvers,
    uid: u32,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.users.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.uid);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio_stream::StreamExt as _;

    use super::*;

    fn request(uid: u32, chunks: usize, size: usize, ends: bool) -> http::Request<Body> {
        let frames =
            tokio_stream::iter(0..chunks).map(move |_| Ok::<_, Status>(Frame::data(Bytes::from(vec![0; size]))));
        let rest = tokio_stream::iter((!ends).then_some(())).then(|()| std::future::pending());
        let mut request = http::Request::new(Body::new(StreamBody::new(frames.chain(rest))));
        request.extensions_mut().insert(Peer { uid: Some(uid), pid: None });
        request
    }

    async fn read(budget: &Budget, request: http::Request<Body>) -> Result<usize, String> {
        let collected = budget.bound(request).into_body().collect().await;
        collected.map(|body| body.to_bytes().len()).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_never_ends_ends() {
        let budget = Budget::new(|uid| uid == 990);
        let error = read(&budget, request(1000, 1, 10, false)).await.expect_err("no end");
        assert!(error.contains("within 10 seconds"), "{error}");
        assert!(budget.bytes.lock().expect("the budget").is_empty(), "all was given back");
    }

    #[tokio::test]
    async fn bytes_on_their_way_are_bounded_for_each_and_for_all() {
        let budget = Budget::new(|uid| uid == 990);
        let megabyte = 1 << 20;
        assert_eq!(read(&budget, request(1000, 16, megabyte, true)).await, Ok(16 * megabyte));
        let error = read(&budget, request(1000, 18, megabyte, true)).await.expect_err("too many");
        assert!(error.contains("one after another"), "{error}");
        // Others fill what is for all; root's own is apart.
        for uid in 1..=3 {
            assert!(budget.add(Some(uid), 16 * megabyte));
        }
        assert!(!budget.add(Some(4), 1));
        assert!(budget.add(Some(0), 16 * megabyte));
        assert!(budget.add(Some(990), megabyte), "the door's user finds room");
        budget.give_back(Some(1), 16 * megabyte);
        assert!(budget.add(Some(4), megabyte));
    }

    #[test]
    fn one_hand_over_a_user() {
        let users = HandOvers::default();
        let turn = users.begin(1000);
        assert!(turn.is_some() && users.begin(1000).is_none() && users.begin(1001).is_some());
        drop(turn);
        assert!(users.begin(1000).is_some());
    }
}
