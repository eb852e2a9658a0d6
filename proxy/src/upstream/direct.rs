//! Requests in the clear, on connections whose sockets can be taken back: then a body needs not pass through
//! this process.

use std::{
    future::poll_fn,
    io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Version, header};
use http_body::Body as _;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::{Dialer, Failure, Target};
use crate::{authority::Authority, body::Body, limits};

type Connection = http1::Connection<TokioIo<TcpStream>, Body>;

/// Whose connections these are: a server's, and whether loopback's rules hold for it.
type Place = (Authority, bool);

/// Opens, keeps and takes back connections.
#[derive(Debug)]
pub struct Direct {
    idle: Arc<Idle>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Found {
    /// It can be carried from socket to socket.
    Raw(Raw),
    /// It comes in pieces.
    Pieces(Incoming),
}

/// A body that is still in its socket, but for its beginning.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    first: Bytes,
    left: u64,
    home: Option<Home>,
}

impl Raw {
    /// What was read of it.
    #[must_use]
    pub fn first(&self) -> &[u8] {
        &self.first
    }

    /// Where the rest is.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// How many bytes follow what was read.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// All of it, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.left + self.first.len() as u64
    }

    /// When it was read to its end: the connection can be asked again.
    pub fn give_back(self) {
        if let Some(home) = self.home {
            home.keep(self.stream);
        }
    }
}

impl Direct {
    /// Connections that nobody uses are kept for `idle`.
    #[must_use]
    pub fn new(idle: Duration) -> Self {
        Self { idle: Arc::new(Idle { kept: Mutex::default(), time: idle }) }
    }

    /// Sends a request without a body, on a kept connection if there is one and `fresh` is not wanted.
    pub(super) async fn send(
        &self,
        dialer: &Dialer,
        mut request: Request<Body>,
        target: &Target,
        fresh: bool,
    ) -> Result<Response<Found>, Failure> {
        let home = Home { idle: Arc::clone(&self.idle), place: (target.authority.clone(), target.loopback) };
        let to_proxy = !target.loopback && dialer.settings().proxy_for(target.authority.host()).is_some();
        let stream = match home.idle.take(&home.place).filter(|_| !fresh) {
            Some(stream) => stream,
            None if target.loopback => dialer.tcp(&target.authority).await?,
            None => dialer.dial_clear(&target.authority).await?.0,
        };
        // A proxy is told where to go; a server knows who it is.
        if !to_proxy && let Some(path) = request.uri().path_and_query().cloned() {
            *request.uri_mut() = path.into();
        }
        let shaken = http1::Builder::new().max_buf_size(limits::ANSWER_HEAD).handshake(TokioIo::new(stream)).await;
        let (mut sender, mut connection) = shaken.map_err(|error| Failure::of(&error))?;
        let mut ended = false;
        let answer = {
            let mut answer = pin!(sender.send_request(request));
            let answered = poll_fn(|cx| {
                // It works only while it is polled, and tells the one who asked how it ends.
                ended = ended || connection.poll_without_shutdown(cx).is_ready();
                answer.as_mut().poll(cx)
            });
            let answered = timeout(dialer.limits().head, answered).await.map_err(|_| Failure::Late)?;
            answered.map_err(|error| Failure::of(&error))?
        };
        let (head, body) = answer.into_parts();
        let long = body.size_hint().exact().filter(|&length| length >= limits::SPLICED);
        let found = match long.filter(|_| !ended) {
            Some(length) => {
                let lives = head.version == Version::HTTP_11 && !says_close(&head.headers);
                match take_back(connection, body, length, lives.then_some(home)) {
                    Some(raw) => Found::Raw(raw),
                    None => return Err(Failure::Malformed("it says more than it announced".to_owned())),
                }
            }
            None => {
                if !ended {
                    tokio::spawn(drive(sender, connection, home));
                }
                Found::Pieces(body)
            }
        };
        Ok(Response::from_parts(head, found))
    }
}

/// Stops the HTTP library behind the head: what it has read of the body, and the socket.
fn take_back(connection: Connection, mut body: Incoming, length: u64, home: Option<Home>) -> Option<Raw> {
    let mut first = BytesMut::new();
    let mut cx = Context::from_waker(Waker::noop());
    // Nobody puts more into it meanwhile. What broke will be broken for who reads on, too.
    while let Poll::Ready(Some(Ok(frame))) = std::pin::Pin::new(&mut body).poll_frame(&mut cx) {
        first.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    let parts = connection.into_parts();
    first.extend_from_slice(&parts.read_buf);
    let left = length.checked_sub(first.len() as u64)?;
    Some(Raw { stream: parts.io.into_inner(), first: first.freeze(), left, home })
}

/// Lets a body come in pieces, and keeps the connection if it can be asked again.
async fn drive(mut sender: http1::SendRequest<Body>, mut connection: Connection, home: Home) {
    let free = poll_fn(|cx| match connection.poll_without_shutdown(cx) {
        Poll::Ready(_) => Poll::Ready(false),
        Poll::Pending => sender.poll_ready(cx).map(|ready| ready.is_ok()),
    });
    if free.await {
        let parts = connection.into_parts();
        if parts.read_buf.is_empty() {
            home.keep(parts.io.into_inner());
        }
    }
}

fn says_close(headers: &http::HeaderMap) -> bool {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case("close"))
}

/// Connections that wait to be asked again.
#[derive(Debug)]
struct Idle {
    kept: Mutex<Vec<Kept>>,
    time: Duration,
}

#[derive(Debug)]
struct Kept {
    place: Place,
    stream: TcpStream,
    until: Instant,
}

impl Idle {
    /// The one that was used last, if it is still good.
    fn take(&self, place: &Place) -> Option<TcpStream> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(at) = kept.iter().rposition(|kept| kept.place == *place) {
            let stream = kept.remove(at).stream;
            // What ended, or says something unasked, is dropped.
            if matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                return Some(stream);
            }
        }
        None
    }

    fn forget_old(&self) {
        let now = Instant::now();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).retain(|kept| kept.until > now);
    }
}

/// Where a connection is kept.
#[derive(Debug)]
struct Home {
    idle: Arc<Idle>,
    place: Place,
}

impl Home {
    fn keep(self, stream: TcpStream) {
        let until = Instant::now() + self.idle.time;
        {
            let mut kept = self.idle.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.iter().filter(|kept| kept.place == self.place).count() >= limits::IDLE_PER_HOST {
                return;
            }
            // The oldest is the first; the others' order is that of their use.
            if kept.len() >= limits::IDLE_CLEAR {
                kept.remove(0);
            }
            kept.push(Kept { place: self.place, stream, until });
        }
        let idle = self.idle;
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            idle.forget_old();
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn no_more_is_kept_than_there_is_room_for_and_the_oldest_goes_first() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let idle = Arc::new(Idle { kept: Mutex::default(), time: Duration::from_secs(50) });
        let place = |n: usize| (Authority::parse(&format!("host{n}.example:80"), None).unwrap(), false);
        let mut servers = Vec::new();
        for n in 0..limits::IDLE_CLEAR + 3 {
            let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
            servers.push(far.unwrap());
            Home { idle: Arc::clone(&idle), place: place(n) }.keep(near.unwrap());
        }
        assert_eq!(idle.kept.lock().unwrap().len(), limits::IDLE_CLEAR);
        assert!(idle.take(&place(2)).is_none() && idle.take(&place(3)).is_some());
        assert!(idle.take(&place(limits::IDLE_CLEAR + 2)).is_some());
    }
}
