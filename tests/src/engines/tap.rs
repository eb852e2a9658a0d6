//! Between engine and plugin: hands every byte on, and keeps what was asked and answered.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use installer::lab::{Lab, LabError};
use proto::authz::AUTHZ_REQ;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// One request as the engine showed it, and what the plugin said.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The engine's message, as it was sent.
    pub message: Vec<u8>,
    /// Whether the plugin let it pass.
    pub allowed: bool,
    /// What the person reads, if not.
    pub text: String,
}

impl Shown {
    /// The message as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.message).unwrap_or_default()
    }
}

/// A running tap.
pub struct Tap {
    shown: Arc<Mutex<Vec<Shown>>>,
    listener: JoinHandle<()>,
}

impl Tap {
    /// Listens in the lab's directory `tap`, under the plugin's name, and asks the lab's plugin.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn start(lab: &Lab) -> Result<Self, LabError> {
        let path = lab.make_dir("tap")?.join("pullgate.sock");
        let listener = UnixListener::bind(&path).map_err(|source| LabError::File {
            action: "listen on",
            path: path.clone(),
            source,
        })?;
        let shown = Arc::default();
        let listener = tokio::spawn(accept(listener, lab.plugin_socket(), Arc::clone(&shown)));
        Ok(Self { shown, listener })
    }

    /// What was shown since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Shown> {
        std::mem::take(&mut self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn accept(listener: UnixListener, plugin: impl AsRef<Path>, shown: Arc<Mutex<Vec<Shown>>>) {
    while let Ok((engine, _)) = listener.accept().await {
        let Ok(plugin) = UnixStream::connect(&plugin).await else { continue };
        // What breaks off is seen by the engine as a plugin that breaks off.
        tokio::spawn(hand_on(engine, plugin, Arc::clone(&shown)));
    }
}

async fn hand_on(engine: UnixStream, plugin: UnixStream, shown: Arc<Mutex<Vec<Shown>>>) -> std::io::Result<()> {
    let (mut engine, mut plugin) = (BufReader::new(engine), BufReader::new(plugin));
    loop {
        let asked = Message::read(&mut engine).await?;
        plugin.get_mut().write_all(&asked.head).await?;
        plugin.get_mut().write_all(&asked.body).await?;
        let answered = Message::read(&mut plugin).await?;
        if asked.first_line().contains(AUTHZ_REQ) {
            let answer: Value = serde_json::from_slice(&answered.body).unwrap_or_default();
            let text = answer["Msg"].as_str().unwrap_or_default().to_owned();
            let request = Shown { message: asked.body, allowed: answer["Allow"] == true, text };
            shown.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        }
        // Kept before it is told: who has the engine's answer finds the plugin's here.
        engine.get_mut().write_all(&answered.head).await?;
        engine.get_mut().write_all(&answered.body).await?;
    }
}

/// An HTTP/1.1 message with a length, which is how both sides send theirs.
struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Message {
    async fn read(stream: &mut BufReader<UnixStream>) -> std::io::Result<Self> {
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let start = head.len();
            if stream.read_until(b'\n', &mut head).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = String::from_utf8_lossy(&head[start..]).to_ascii_lowercase();
            match line.trim_end().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
                Some(("transfer-encoding", _)) => return Err(std::io::Error::other("a message without a length")),
                _ if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        Ok(Self { head, body })
    }

    fn first_line(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }
}
