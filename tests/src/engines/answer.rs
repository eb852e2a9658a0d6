//! Answers of the engine, as bytes on its socket.

use serde_json::Value;

/// What the engine sent back.
#[derive(Debug, Clone)]
pub struct Answer(Vec<u8>);

impl Answer {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The status code of the first answer; 0: there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        status(&self.0)
    }

    /// How many answers there are with this status code.
    #[must_use]
    pub fn count(&self, status: u16) -> usize {
        self.text().matches(&format!("HTTP/1.1 {status} ")).count()
    }

    /// The engine's message, if it is an error: JSON, or plain text where the engine did not get
    /// as far as its own format.
    #[must_use]
    pub fn message(&self) -> String {
        match self.json()["message"].as_str() {
            Some(message) => message.to_owned(),
            None => self.body(),
        }
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body()).unwrap_or_default()
    }

    fn body(&self) -> String {
        let text = self.text();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        if is_chunked(head) { joined(body) } else { body.to_owned() }
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

fn status(answer: &[u8]) -> u16 {
    let head = String::from_utf8_lossy(answer.get(..answer.len().min(32)).unwrap_or_default()).into_owned();
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn is_chunked(head: &str) -> bool {
    head.to_ascii_lowercase().contains("transfer-encoding: chunked")
}

/// A chunked body as one.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|_| size > 0) else { break };
        body.push_str(chunk);
        chunks = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

/// Whether nothing of this answer can follow.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    // Upgraded: from here on it is another protocol.
    status(answer) == 101
        || length.is_some_and(|length| body.len() >= length)
        || (is_chunked(&head) && body.ends_with(b"0\r\n\r\n"))
}

#[cfg(test)]
mod tests {
    use super::{Answer, is_whole};

    #[test]
    fn an_answer_is_read_to_its_end_and_no_further() {
        let refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 20\r\n\r\n{\"message\":\"no \u{20ac}\"}";
        assert!(is_whole(refused.as_bytes()) && !is_whole(&refused.as_bytes()[..60]));
        let answer = Answer(refused.as_bytes().to_vec());
        assert_eq!((answer.status(), answer.message().as_str(), answer.count(403)), (403, "no \u{20ac}", 1));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"));
    }
}
