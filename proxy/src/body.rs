//! Bodies on their way through: streamed, watched for silence, never longer in memory than needed.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::{handover::Handover, limits, rooms::Room, slots::Busy};

/// The body of a request to a registry, or of an answer to the engine.
#[derive(Debug)]
pub struct Body {
    kind: Kind,
    /// The request that it answers is under way until it is gone.
    #[allow(dead_code, reason = "is held until the body is gone")]
    busy: Option<Busy>,
}

#[derive(Debug)]
enum Kind {
    /// In memory, with the room that was reserved for it.
    Own(Option<Bytes>, #[allow(dead_code, reason = "is held until the body is gone")] Option<Room>),
    /// So many bytes that go from socket to socket, once the head has left.
    HandedOver(Arc<Handover>, u64),
    /// What was read of a body already, with the room that was reserved for it, and the rest of it.
    Passed {
        first: Option<(Bytes, Room)>,
        rest: Watched,
        /// Its bytes are still in memory, until the next ones are asked for.
        left: Option<Room>,
    },
}

/// Why a body ends before its end. Hyper then breaks the connection, so that the other side cannot
/// take what it has for all of it.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection.
    #[error(transparent)]
    Connection(#[from] hyper::Error),
    /// Silence.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
}

impl Body {
    /// In memory.
    #[must_use]
    pub fn own(bytes: Bytes) -> Self {
        Kind::Own(Some(bytes).filter(|bytes| !bytes.is_empty()), None).into()
    }

    /// In memory, in reserved room.
    #[must_use]
    pub fn reserved(bytes: Bytes, room: Room) -> Self {
        Kind::Own(Some(bytes).filter(|bytes| !bytes.is_empty()), Some(room)).into()
    }

    /// Streamed.
    #[must_use]
    pub fn passed(rest: Watched) -> Self {
        Kind::Passed { first: None, rest, left: None }.into()
    }

    /// So many bytes that pass by: whoever writes the answer's head gives the connection away for them.
    #[must_use]
    pub fn handed_over(handover: Arc<Handover>, length: u64) -> Self {
        Kind::HandedOver(handover, length).into()
    }

    /// Streamed, and the first part is here already, in reserved room.
    #[must_use]
    pub fn continued(first: Bytes, room: Room, rest: Watched) -> Self {
        Kind::Passed { first: Some((first, room)).filter(|(bytes, _)| !bytes.is_empty()), rest, left: None }.into()
    }

    /// Of the answer to a request under way.
    #[must_use]
    pub fn of(self, busy: Busy) -> Self {
        Self { busy: Some(busy), ..self }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self { kind, busy: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().kind {
            Kind::Own(bytes, _) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            // Nobody wakes it: the connection is given away before.
            Kind::HandedOver(handover, _) => {
                handover.begin();
                Poll::Pending
            }
            Kind::Passed { first, rest, left } => match first.take() {
                Some((bytes, room)) => {
                    *left = Some(room);
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                None => {
                    *left = None;
                    rest.poll_frame(cx)
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own(bytes, _) => bytes.is_none(),
            Kind::HandedOver(..) => false,
            Kind::Passed { first, rest, .. } => first.is_none() && rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own(bytes, _) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::HandedOver(_, length) => SizeHint::with_exact(*length),
            Kind::Passed { first, rest, .. } => {
                let read = first.as_ref().map_or(0, |(bytes, _)| bytes.len() as u64);
                rest.size_hint().exact().map_or_else(SizeHint::new, |rest| SizeHint::with_exact(read + rest))
            }
        }
    }
}

/// Moments since a common start, in milliseconds: when something last moved.
#[derive(Debug, Clone)]
pub struct Moved {
    start: Instant,
    at: Arc<AtomicU64>,
}

impl Moved {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { start: Instant::now(), at: Arc::default() }
    }

    /// Something moved.
    pub fn touch(&self) {
        self.excuse(Duration::ZERO);
    }

    /// For so long, nothing has to move.
    fn excuse(&self, time: Duration) {
        let passed = u64::try_from((self.start.elapsed() + time).as_millis()).unwrap_or(u64::MAX);
        self.at.store(passed, Ordering::Relaxed);
    }

    /// Waits until nothing has moved for `quiet`.
    pub async fn quiet(&self, quiet: Duration) {
        loop {
            let end = self.start + Duration::from_millis(self.at.load(Ordering::Relaxed)) + quiet;
            if Instant::now() >= end {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}

/// A body from a connection, that ends with an error when nothing comes for too long.
#[derive(Debug)]
pub struct Watched {
    body: Option<Incoming>,
    idle: Duration,
    waiting_since: Option<Instant>,
    // Boxed on the first wait, and set again only when it fires: there is one wait a packet.
    timer: Option<Pin<Box<Sleep>>>,
    moved: Option<Moved>,
    linger: bool,
}

impl Watched {
    /// Of a registry's answer.
    #[must_use]
    pub fn new(body: Incoming, idle: Duration) -> Self {
        Self { body: Some(body), idle, waiting_since: None, timer: None, moved: None, linger: false }
    }

    /// Of a client's request: tells when something moves; what is not wanted of it is read all the same,
    /// within bounds, when this is dropped.
    #[must_use]
    pub fn upload(body: Incoming, idle: Duration, moved: Moved) -> Self {
        Self { body: Some(body), idle, waiting_since: None, timer: None, moved: Some(moved), linger: true }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            self.waiting_since = None;
            if let Some(moved) = &self.moved {
                moved.touch();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        if let (None, Some(moved)) = (self.waiting_since, &self.moved) {
            // It is the client that is waited for, not the registry.
            moved.excuse(self.idle);
        }
        let end = *self.waiting_since.get_or_insert_with(Instant::now) + self.idle;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= end {
                return Poll::Ready(Some(Err(BodyError::Silent(self.idle))));
            }
            timer.as_mut().reset(end);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    /// How long it says it is.
    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Incoming::size_hint)
    }

    /// The next part of it, outside of a connection.
    pub async fn next(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        std::future::poll_fn(|cx| self.poll_frame(cx)).await
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| self.linger && !body.is_end_stream()) else { return };
        // Hyper closes a connection whose request was not read to its end, and with unread bytes the
        // kernel resets it: the client might never see the answer. So a little more is read.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(self.idle.min(Duration::from_secs(5)), drain(body)));
        }
    }
}

async fn drain(mut body: Incoming) {
    let mut left = limits::LINGER_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let read = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(read) else { return };
        left = rest;
    }
}
