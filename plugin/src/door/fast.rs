//! The common call: one read finds the whole message, one write answers it.

use std::{
    fs,
    io::{self, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    net::{
        RecvFlags, SendFlags, recv, send,
        sockopt::{Timeout, set_socket_timeout},
    },
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Handover, Question};
use crate::{authorize::Authorizer, sockets::EngineSocket};

/// Messages up to this are answered here: a pull's has about 400 bytes, a container's some KiB.
const BUFFER: usize = 64 << 10;
/// How long a caller that has connected may take to write before it is handed over. An engine
/// writes within some ten microseconds of its dial.
const PATIENCE: Duration = Duration::from_micros(200);
const MAX_HEADERS: usize = 32;
/// So long the wait for a caller is in `accept` itself, which is two system calls less a call; then nobody is in a
/// hurry, and it is in a poll, which the end of the process wakes too.
const BUSY: Duration = Duration::from_millis(20);
/// Between two complaints.
const COMPLAIN: Duration = Duration::from_secs(1);

/// Accepts until `stopping`, of which `wake` tells. What waits in the queue of its own socket then is answered;
/// with a held one, the next process does that.
pub(super) fn serve(
    socket: EngineSocket,
    stopping: &CancellationToken,
    wake: &OwnedFd,
    authorizer: &Authorizer,
    slow: &mpsc::Sender<Handover>,
) -> io::Result<()> {
    let EngineSocket { listener, own } = socket;
    set_socket_timeout(&listener, Timeout::Recv, Some(BUSY))?;
    let mut buffer = vec![0; BUFFER];
    let mut answer = Vec::with_capacity(1024);
    let mut last_round = false;
    let mut warned: Option<Instant> = None;
    loop {
        if !last_round && stopping.is_cancelled() {
            // INVARIANT: nothing here is said of a held socket but that this process leaves it: how it is set
            // is set for every process that has it.
            let Some(file) = &own else { return Ok(()) };
            last_round = true;
            // The lock of the state directory is still held, so the file is this process's.
            let _ = fs::remove_file(file);
            listener.set_nonblocking(true)?;
        }
        match listener.accept() {
            Ok((stream, _)) => meet(stream, authorizer, slow, &mut buffer, &mut answer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if last_round {
                    return Ok(());
                }
                let mut either = [PollFd::new(&listener, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
                // A signal is no reason not to look.
                let _ = poll(&mut either, None);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                // Out of descriptors or an aborted call: connections end soon, then there is room again.
                if warned.is_none_or(|at| at.elapsed() > COMPLAIN) {
                    warn!(%error, "cannot accept a connection");
                    warned = Some(Instant::now());
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

fn meet(
    stream: UnixStream,
    authorizer: &Authorizer,
    slow: &mpsc::Sender<Handover>,
    buffer: &mut [u8],
    answer: &mut Vec<u8>,
) {
    let mut filled = 0;
    let mut since: Option<Instant> = None;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match recv(&stream, room, RecvFlags::DONTWAIT) {
            Ok((_, 0)) if filled == 0 => return,
            Ok((_, 0)) => break,
            Ok((_, count)) => {
                filled += count;
                let Some(read) = buffer.get(..filled) else { break };
                match whole_message(read) {
                    Message::Whole(question, message) => {
                        let Some(body) = question.answer_at_once(authorizer, message) else { break };
                        write(&stream, &body, answer);
                        return;
                    }
                    Message::Partial => {}
                    Message::Unusual => break,
                }
            }
            Err(rustix::io::Errno::AGAIN) => {
                if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                    break;
                }
                thread::yield_now();
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
    let read = buffer.get(..filled).unwrap_or_default().to_vec();
    // Only fails when the other thread has ended, and then the process ends.
    if slow.blocking_send(Handover { stream, read }).is_err() {
        debug!("a connection was dropped: the plugin is stopping");
    }
}

enum Message<'a> {
    /// Exactly one request, all of it.
    Whole(Question, &'a [u8]),
    /// The beginning of one.
    Partial,
    /// Something that this is not made for.
    Unusual,
}

/// Recognises `POST <one of the paths> HTTP/1.1` with one plain `Content-Length` and exactly that much behind it.
fn whole_message(read: &[u8]) -> Message<'_> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(read) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Message::Partial,
        Err(_) => return Message::Unusual,
    };
    let question = match (request.method, request.version, request.path.and_then(Question::at)) {
        (Some("POST"), Some(1), Some(question)) => question,
        _ => return Message::Unusual,
    };
    let mut length = None;
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            if length.replace(header.value).is_some() {
                return Message::Unusual;
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") || header.name.eq_ignore_ascii_case("expect") {
            return Message::Unusual;
        }
    }
    let Some(length) = length.and_then(plain_number) else { return Message::Unusual };
    let body = read.get(head..).unwrap_or_default();
    match body.len() {
        found if found == length => Message::Whole(question, body),
        found if found < length && length < BUFFER => Message::Partial,
        _ => Message::Unusual,
    }
}

fn plain_number(digits: &[u8]) -> Option<usize> {
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.iter().all(u8::is_ascii_digit);
    if plain { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

fn write(stream: &UnixStream, body: &[u8], answer: &mut Vec<u8>) {
    answer.clear();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ";
    // Writing into a vector cannot fail.
    let _ = write!(answer, "{head}{}\r\n\r\n", body.len());
    answer.extend_from_slice(body);
    // An answer is far smaller than a fresh socket's buffer, so it is taken whole or the caller is gone.
    match send(stream, answer, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
        Ok(sent) if sent == answer.len() => {}
        Ok(_) => debug!("a caller took only part of its answer"),
        Err(error) => debug!(%error, "a caller left before its answer"),
    }
}
