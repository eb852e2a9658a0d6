//! Docker Hub's search on a loopback address, for tests of everything that asks it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::Search;

/// Status, more lines of the head, body.
pub(crate) type Reply = (u16, String, String);

/// The status of a server that says nothing, for good.
pub(crate) const SILENCE: u16 = 0;

/// What is asked: the badge's word, and the place and size of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub badge: String,
    pub from: usize,
    pub size: usize,
}

/// A server until it is dropped.
pub(crate) struct Hub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    shown: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A result.
pub(crate) fn result(name: &str, badge: &str) -> Value {
    json!({ "name": name, "slug": name, "type": "image", "badge": badge, "pull_count": "1B+", "archived": false })
}

pub(crate) fn page(total: usize, results: &[Value]) -> Reply {
    (200, String::new(), json!({ "total": total, "results": results }).to_string())
}

impl Hub {
    /// Shows what [`Hub::show`] says, in pages; nothing at first.
    pub async fn new() -> Self {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let showing = Arc::clone(&shown);
        let like = move |asked: &Asked| {
            let shown: Vec<Value> = showing.lock().unwrap().clone();
            let all: Vec<Value> = shown.into_iter().filter(|one| one["badge"] == asked.badge).collect();
            let some: Vec<Value> = all.iter().skip(asked.from).take(asked.size).cloned().collect();
            page(all.len(), &some)
        };
        let mut hub = Self::answering(like).await;
        hub.shown = shown;
        hub
    }

    /// Answers each question so.
    pub async fn answering(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let noted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&noted), Arc::clone(&answer)));
            }
        });
        Self { url, asked, shown: Arc::default(), task }
    }

    /// From now on: repositories with the word of their badge.
    pub fn show(&self, repositories: &[(&str, &str)]) {
        *self.shown.lock().unwrap() = repositories.iter().map(|(name, badge)| result(name, badge)).collect();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn search(&self) -> Search {
        Search::new(self.url.parse().unwrap(), None, super::WHILE_ASKED)
    }
}

async fn serve(mut stream: TcpStream, noted: Arc<Mutex<Vec<Asked>>>, answer: Arc<impl Fn(&Asked) -> Reply>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let query = head.strip_prefix("GET /api/search/v4?").and_then(|rest| rest.split(' ').next()).unwrap();
    let value = |key: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
    };
    assert_eq!(value("type").as_deref(), Some("image"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
    let number = |key: &str| value(key).unwrap().parse().unwrap();
    let asked = Asked { badge: value("badges").unwrap(), from: number("from"), size: number("size") };
    noted.lock().unwrap().push(asked.clone());
    let (status, more, body) = answer(&asked);
    if status == SILENCE {
        let _ = stream.read(&mut [0; 1]).await;
        return;
    }
    let length = body.len();
    let text = format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    // Whoever has read enough goes away.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}
