//! Requests of the vectors, as bytes on the engine's socket.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixStream, unix::ReadHalf},
    time::timeout,
};

use super::answer::{Answer, is_whole};

/// For one answer to its end. The engine has no bound of its own.
const ANSWER: Duration = Duration::from_secs(30);
/// An answer that has begun and goes on without an end (events, logs that are followed) is
/// left after so long a silence.
const SILENCE: Duration = Duration::from_secs(2);

/// One line of a vector file, as far as the wire is concerned.
#[derive(Debug, Clone, Deserialize)]
pub struct Vector {
    /// Unique.
    pub id: String,
    /// HTTP method.
    pub method: String,
    /// The raw request target.
    pub uri: String,
    /// In order; repeats are kept.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// As text.
    #[serde(default)]
    pub body: String,
    /// A body that is no text.
    #[serde(default)]
    pub body_base64: Option<String>,
    /// A body that is too large to be written down.
    #[serde(default)]
    pub body_generate: Option<Generated>,
    /// `chunked`, `raw-after-headers` (the body is all that follows the headers), `none` (nothing
    /// says how long it is), else with a length.
    #[serde(default)]
    pub transfer: Option<String>,
    /// All that the line says.
    #[serde(skip)]
    pub line: Value,
}

/// `prefix`, `count` times `fill`, `suffix`.
#[derive(Debug, Clone, Deserialize)]
pub struct Generated {
    #[serde(default)]
    prefix: String,
    fill: String,
    count: usize,
    #[serde(default)]
    suffix: String,
}

impl Vector {
    /// Every line of a file.
    ///
    /// # Panics
    /// When the file is not there or a line is no vector.
    #[must_use]
    pub fn read(path: &Path) -> Vec<Self> {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()));
        let parse = |(number, line): (usize, &str)| {
            let parsed = serde_json::from_str::<Self>(line).and_then(|vector| {
                let line = serde_json::from_str(line)?;
                Ok(Self { line, ..vector })
            });
            parsed.unwrap_or_else(|error| panic!("`{}` line {}: {error}", path.display(), number + 1))
        };
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
    }

    /// A request of a test's own, with JSON if it has a body.
    #[must_use]
    pub fn own(method: &str, uri: &str, body: Option<Value>) -> Self {
        let json = ("Content-Type".to_owned(), "application/json".to_owned());
        Self {
            id: "the test's own".to_owned(),
            method: method.to_owned(),
            uri: uri.to_owned(),
            headers: body.iter().map(|_| json.clone()).collect(),
            body: body.map(|body| body.to_string()).unwrap_or_default(),
            body_base64: None,
            body_generate: None,
            transfer: None,
            line: Value::Null,
        }
    }

    /// The path of the target, decoded once, as the engine does.
    #[must_use]
    pub fn path(&self) -> String {
        let path = self.uri.split('?').next().unwrap_or_default().as_bytes();
        let (mut decoded, mut at) = (Vec::new(), 0);
        while let Some(byte) = path.get(at) {
            let digits = path.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| str::from_utf8(hex).ok());
            let encoded = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            decoded.push(encoded.unwrap_or(*byte));
            at += if encoded.is_some() { 3 } else { 1 };
        }
        String::from_utf8_lossy(&decoded).into_owned()
    }

    /// The names of images in the line, of whatever kind: a registry should have them all.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (line, expect) = (&self.line, &self.line["expect"]);
        let lists = [&line["engine_fetches"], &line["expected"], &expect["images"], &expect["uses"]];
        lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str)
    }

    /// What is written to the socket.
    ///
    /// # Panics
    /// When the vector's body is not what it should be.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let has = |name: &str| self.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.uri);
        let mut add = |name: &str, value: &str| head.push_str(&format!("{name}: {value}\r\n"));
        if !has("Host") {
            add("Host", "docker");
        }
        self.headers.iter().for_each(|(name, value)| add(name, value));
        if !has("Connection") {
            add("Connection", "close");
        }
        let mut body = self.content();
        match self.transfer.as_deref() {
            Some("chunked") => {
                add("Transfer-Encoding", "chunked");
                if !body.is_empty() {
                    let size = format!("{:x}\r\n", body.len());
                    body.splice(0..0, size.into_bytes());
                    body.extend(b"\r\n");
                }
                body.extend(b"0\r\n\r\n");
            }
            Some("raw-after-headers" | "none") => {}
            _ => {
                let needs = !body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
                if needs && !has("Content-Length") {
                    add("Content-Length", &body.len().to_string());
                }
            }
        }
        head.push_str("\r\n");
        let mut sent = head.into_bytes();
        sent.append(&mut body);
        sent
    }

    fn content(&self) -> Vec<u8> {
        match (&self.body_generate, &self.body_base64) {
            (Some(made), _) => {
                [made.prefix.as_str(), &made.fill.repeat(made.count), &made.suffix].concat().into_bytes()
            }
            // A vector that is no base64 is one that must not pass.
            (None, Some(text)) => STANDARD.decode(text).unwrap_or_else(|error| panic!("{}: {error}", self.id)),
            (None, None) => self.body.clone().into_bytes(),
        }
    }

    /// Sends it to the engine and reads what comes back.
    ///
    /// # Errors
    /// With what happened instead of an answer.
    pub async fn send(&self, socket: &Path) -> Result<Answer, String> {
        let mut stream = UnixStream::connect(socket).await.map_err(|error| error.to_string())?;
        let (mut read, mut write) = stream.split();
        let request = self.bytes();
        // An engine that refuses early does not take the rest.
        let sending = async { write.write_all(&request).await.unwrap_or_default() };
        let (received, ()) = tokio::join!(self.receive(&mut read), sending);
        received.map(Answer::new)
    }

    async fn receive(&self, read: &mut ReadHalf<'_>) -> Result<Vec<u8>, String> {
        let (mut bytes, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        loop {
            let bound = if bytes.is_empty() { ANSWER } else { SILENCE };
            match timeout(bound, read.read(&mut buffer)).await {
                Ok(Ok(length @ 1..)) => bytes.extend_from_slice(&buffer[..length]),
                // An engine that does not read the rest of a request resets the connection.
                Ok(_) => break,
                Err(_) if bytes.is_empty() => return Err(format!("no answer within {} s", ANSWER.as_secs())),
                Err(_) => break,
            }
            // What follows the headers may hold another request, with an answer of its own.
            if self.transfer.as_deref() != Some("raw-after-headers") && is_whole(&bytes) {
                break;
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Vector;

    fn sent(json: &str) -> String {
        String::from_utf8(serde_json::from_str::<Vector>(json).unwrap().bytes()).unwrap()
    }

    #[test]
    fn a_vector_is_sent_as_it_stands() {
        let plain = r#"{"id":"a","method":"POST","uri":"/x%2f?a=1","headers":[["A","1"],["A","2"]],"body":"b"}"#;
        let head = "POST /x%2f?a=1 HTTP/1.1\r\nHost: docker\r\nA: 1\r\nA: 2\r\nConnection: close\r\n";
        assert_eq!(sent(plain), format!("{head}Content-Length: 1\r\n\r\nb"));
        let chunked = plain.replace('}', r#","transfer":"chunked"}"#);
        assert_eq!(sent(&chunked), format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n"));
        let raw = plain.replace('}', r#","transfer":"raw-after-headers"}"#);
        assert_eq!(sent(&raw), format!("{head}\r\nb"));
        let made = plain.replace('}', r#","body_generate":{"prefix":"<","fill":"ab","count":2,"suffix":">"}}"#);
        assert_eq!(sent(&made), format!("{head}Content-Length: 6\r\n\r\n<abab>"));
        let binary = plain.replace(r#""body":"b""#, r#""body_base64":"Yg==","transfer":"none""#);
        assert_eq!(sent(&binary), format!("{head}\r\nb"));
        assert!(sent(r#"{"id":"a","method":"GET","uri":"/"}"#).ends_with("Connection: close\r\n\r\n"));
    }

    #[test]
    fn a_path_is_decoded_once() {
        let path = |uri: &str| Vector::own("GET", uri, None).path();
        assert_eq!(path("/%73ervices%2fa%252fb?x=%41"), "/services/a%2fb");
        assert_eq!(path("/a%zz%4"), "/a%zz%4");
    }
}
