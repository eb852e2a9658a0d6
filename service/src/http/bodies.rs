//! Request bodies: how many bytes of them may wait in memory, for whom, and for how long.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame};
use tokio::time::Sleep;
use tonic::Status;

/// Waiting bytes of one account: two whole reports.
const ACCOUNT: usize = 8 << 20;
/// Of all accounts.
const ACCOUNTS: usize = 128 << 20;
/// Of one address without an account: a sign-in has some hundred bytes.
const ADDRESS: usize = 256 << 10;
/// Of all addresses; apart from the accounts', so that strangers cannot crowd them out.
const ADDRESSES: usize = 16 << 20;
/// How much of a body that is too long is read past, in bytes: who still writes when the connection closes hears of no
/// answer, and a script would take a refusal for a network that broke.
const PAST: usize = 1 << 20;
/// Flag and length in front of a gRPC message.
const PREFIX: usize = 5;

/// For whom a body waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// A verified agent's account.
    Account(String),
    /// Somebody at this address.
    Address(IpAddr),
}

/// What one request may send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Most bytes of the message.
    pub message: usize,
    /// True: one message of gRPC, which says its length.
    pub framed: bool,
    /// From the head to the body's end.
    pub deadline: Duration,
}

/// Counts the bytes that wait. Clones share the count.
#[derive(Clone, Default)]
pub struct Bodies(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    by_owner: HashMap<Owner, usize>,
    accounts: usize,
    addresses: usize,
}

impl Bodies {
    /// The body within its limit, and what it holds until both are dropped.
    pub(super) fn bound(&self, body: Body, owner: Owner, limit: Limit) -> (Body, Arc<Held>) {
        let held = Arc::new(Held { bodies: self.clone(), owner, bytes: Mutex::new(0) });
        let bounded = Bounded {
            inner: body,
            limit,
            read: 0,
            past: 0,
            prefix: [0; PREFIX],
            held: Arc::clone(&held),
            deadline: Box::pin(tokio::time::sleep(limit.deadline)),
        };
        (Body::new(bounded), held)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn total(&mut self, owner: &Owner) -> (&mut usize, usize, usize) {
        match owner {
            Owner::Account(_) => (&mut self.accounts, ACCOUNTS, ACCOUNT),
            Owner::Address(_) => (&mut self.addresses, ADDRESSES, ADDRESS),
        }
    }
}

/// Bytes of one request that wait; given back on drop.
pub(super) struct Held {
    bodies: Bodies,
    owner: Owner,
    bytes: Mutex<usize>,
}

impl Held {
    fn add(&self, bytes: usize) -> Result<(), Status> {
        let mut waiting = self.bodies.lock();
        let own = waiting.by_owner.get(&self.owner).copied().unwrap_or_default();
        let (total, most, most_of_one) = waiting.total(&self.owner);
        if own + bytes > most_of_one || *total + bytes > most {
            return Err(Status::resource_exhausted("too many requests are being sent at once; try again in a moment"));
        }
        *total += bytes;
        *waiting.by_owner.entry(self.owner.clone()).or_default() += bytes;
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.bodies.lock();
        *waiting.total(&self.owner).0 -= bytes;
        if let Some(own) = waiting.by_owner.get_mut(&self.owner) {
            *own -= bytes;
            if *own == 0 {
                waiting.by_owner.remove(&self.owner);
            }
        }
    }
}

/// A body that ends with an error at its limits.
struct Bounded {
    inner: Body,
    limit: Limit,
    read: usize,
    /// Bytes that were read past.
    past: usize,
    prefix: [u8; PREFIX],
    held: Arc<Held>,
    deadline: Pin<Box<Sleep>>,
}

fn too_long() -> Status {
    Status::out_of_range("the message is longer than this call takes")
}

impl Bounded {
    /// Whether this much more is read past, and not an end of it. Agents are told by their stream's status.
    fn passes(&mut self, bytes: usize) -> bool {
        let over = self.past > 0 || self.read + bytes > self.limit.message + PREFIX;
        if over && !self.limit.framed {
            self.past += bytes;
        }
        self.past > 0 && self.past <= PAST
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Status> {
        if self.past > 0 {
            return Err(too_long());
        }
        if self.limit.framed && self.read < PREFIX {
            let part = data.len().min(PREFIX - self.read);
            self.prefix[self.read..self.read + part].copy_from_slice(&data[..part]);
            // The reader makes room for the whole message when it sees its length.
            let [_, length @ ..] = self.prefix;
            if self.read + part == PREFIX && u32::from_be_bytes(length) as usize > self.limit.message {
                return Err(too_long());
            }
        }
        self.read += data.len();
        if self.read > self.limit.message + PREFIX {
            return Err(too_long());
        }
        self.held.add(data.len())
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame =
            loop {
                match Pin::new(&mut self.inner).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => {
                        let bytes = frame.data_ref().map_or(0, Bytes::len);
                        if !self.passes(bytes) {
                            break frame;
                        }
                    }
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                    Poll::Ready(None) if self.past > 0 => return Poll::Ready(Some(Err(too_long().into()))),
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {
                        return self.deadline.as_mut().poll(context).map(|()| {
                            Some(Err(Status::deadline_exceeded("the request did not arrive in time").into()))
                        });
                    }
                }
            };
        let taken = frame.data_ref().map_or(Ok(()), |data| self.take(data));
        Poll::Ready(Some(taken.map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    const LIMIT: Limit = Limit { message: 1000, framed: true, deadline: Duration::from_secs(5) };

    fn message(length: usize, sent: usize) -> Body {
        let mut bytes = vec![0; PREFIX];
        bytes[1..].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        bytes.resize(PREFIX + sent, 0);
        Body::from(bytes)
    }

    fn alice() -> Owner {
        Owner::Account("alice".to_owned())
    }

    async fn code(body: Body) -> Result<usize, tonic::Code> {
        let read = body.collect().await.map(|body| body.to_bytes().len());
        read.map_err(|error| Status::from_error(error.into()).code())
    }

    #[tokio::test]
    async fn a_message_is_refused_at_its_announced_length_and_at_its_real_one() {
        let bodies = Bodies::default();
        let read = |body| code(bodies.bound(body, alice(), LIMIT).0);
        assert_eq!(read(message(1000, 1000)).await, Ok(1005));
        assert_eq!(read(message(1001, 0)).await, Err(tonic::Code::OutOfRange), "before a byte of it came");
        assert_eq!(read(message(10, 1001)).await, Err(tonic::Code::OutOfRange));
        assert!(bodies.lock().by_owner.is_empty() && bodies.lock().accounts == 0, "all of it was given back");
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_read_past_for_a_while_and_holds_nothing() {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
        let plain = Limit { framed: false, ..LIMIT };
        let bodies = Bodies::default();
        let sent = Arc::new(AtomicUsize::new(0));
        let chunks = |chunks: usize| {
            let sent = Arc::clone(&sent);
            sent.store(0, Relaxed);
            Body::from_stream(tokio_stream::iter((0..chunks).map(move |_| {
                sent.fetch_add(1, Relaxed);
                Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 500]))
            })))
        };
        for (count, end, seen) in [
            (2, Ok(1000), 2),
            (3, Err(tonic::Code::OutOfRange), 3),
            (1000, Err(tonic::Code::OutOfRange), 1000),
            // Whoever never stops is not listened to for ever.
            (100_000, Err(tonic::Code::OutOfRange), PAST / 500 + 3),
        ] {
            let (body, held) = bodies.bound(chunks(count), alice(), plain);
            assert_eq!((code(body).await, sent.load(Relaxed)), (end, seen), "{count}");
            assert!(*held.bytes.lock().unwrap() <= 1005, "what is read past is not kept");
        }
    }

    #[tokio::test]
    async fn what_waits_is_bounded_for_each_owner_and_strangers_do_not_crowd_accounts_out() {
        let bodies = Bodies::default();
        let big = Limit { message: 16 << 20, ..LIMIT };
        let read = |owner, bytes| {
            let (body, held) = bodies.bound(message(bytes, bytes), owner, big);
            async move { (code(body).await, held) }
        };
        let (first, held) = read(alice(), 5 << 20).await;
        first.unwrap();
        assert_eq!(read(alice(), 5 << 20).await.0, Err(tonic::Code::ResourceExhausted));
        let mut strangers = Vec::new();
        for n in 0..=255 {
            strangers.push(read(Owner::Address(IpAddr::from([10, 0, 0, n])), 200 << 10).await);
        }
        assert!(strangers.iter().any(|(end, _)| end.is_err()), "all strangers together have a bound too");
        read(Owner::Account("bob".to_owned()), 5 << 20).await.0.unwrap();
        drop(held);
        read(alice(), 5 << 20).await.0.unwrap();
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_ended() {
        let never = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
        let (body, _held) =
            Bodies::default().bound(never, alice(), Limit { deadline: Duration::from_millis(20), ..LIMIT });
        assert_eq!(code(body).await, Err(tonic::Code::DeadlineExceeded));
    }
}
