//! A browser or a script: one connection to the service, which stays while it is used.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A service that says nothing for so long does not answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// A connection that nothing was asked on for so long may be closed by now.
const IDLE: Duration = Duration::from_secs(5);

pub struct Client {
    stream: BufReader<TcpStream>,
    address: String,
    /// A header that says who asks.
    who: String,
    used: Instant,
}

pub struct Answer {
    pub status: u16,
    /// As they came.
    pub head: Vec<String>,
    pub body: Vec<u8>,
    /// From the request until the first byte of the body.
    pub first: Duration,
}

impl Client {
    /// At `host:port`.
    pub fn new(address: &str, who: &str) -> Self {
        Self { stream: dial(address), address: address.to_owned(), who: who.to_owned(), used: Instant::now() }
    }

    /// From now on with this header.
    pub fn become_known(&mut self, who: &str) {
        who.clone_into(&mut self.who);
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n", self.address, self.who))
    }

    /// A form, or JSON.
    pub fn post(&mut self, path: &str, kind: &str, body: &str) -> Answer {
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.who,
            body.len()
        ))
    }

    fn exchange(&mut self, request: &str) -> Answer {
        if self.used.elapsed() > IDLE {
            self.stream = dial(&self.address);
        }
        let answer = self.ask(request);
        self.used = Instant::now();
        answer
    }

    fn ask(&mut self, request: &str) -> Answer {
        let start = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes()).expect("the service takes it");
        let mut head: Vec<String> = Vec::new();
        loop {
            match self.line() {
                line if line.is_empty() => break,
                line => head.push(line),
            }
        }
        let status = head[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let header = |name: &str| {
            head.iter().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        };
        let length = header("content-length").map(|(_, length)| length.parse::<usize>().expect("a length"));
        let mut body = Vec::new();
        // Of nothing there is no first byte to wait for.
        if length != Some(0) {
            self.stream.fill_buf().expect("an answer");
        }
        let first = start.elapsed();
        match length {
            Some(length) => self.take(length, &mut body),
            None => loop {
                let length = usize::from_str_radix(&self.line(), 16).expect("the length of a chunk");
                self.take(length, &mut body);
                self.line();
                if length == 0 {
                    break;
                }
            },
        }
        Answer { status, head, body, first }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stream.read_line(&mut line).expect("an answer") > 0, "the service hung up");
        line.trim_end().to_owned()
    }

    fn take(&mut self, length: usize, body: &mut Vec<u8>) {
        let from = body.len();
        body.resize(from + length, 0);
        self.stream.read_exact(&mut body[from..]).expect("the rest of an answer");
    }
}

fn dial(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("the service listens");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    BufReader::new(stream)
}
