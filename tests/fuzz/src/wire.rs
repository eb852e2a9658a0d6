//! A request as a client sends it, and what the engine shows its plugin of it.

use policy::engine::Request;

/// One request, all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: String,
    /// The `Content-Type` lines, in the order sent: the engine acts on the first and shows the last.
    pub types: Vec<String>,
    /// How the body's length is said.
    pub framing: Framing,
    /// Whether the engine hides bodies of 1 MiB and more, as 20.10 does.
    pub old: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// How the body's length is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`, right.
    #[default]
    Length,
    /// `Transfer-Encoding: chunked`; the engine drops any length.
    Chunked,
    /// Over HTTP/2, where the last length line is shown, and proves nothing.
    Http2(Option<String>),
}

impl Wire {
    /// Reads the text form: `METHOD TARGET`, then one header a line (`T` a type, `C` chunked, `2` HTTP/2
    /// with the length shown, `O` an old engine), an empty line, the body. Findings and seeds are readable so.
    #[must_use]
    pub fn from_text(data: &[u8]) -> Self {
        let mut wire = Self::default();
        let mut rest = data;
        let mut line = || {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let line = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest = rest.get(end + 1..).unwrap_or_default();
            line
        };
        let first = line();
        let (method, target) = first.split_once(' ').unwrap_or(("POST", &first));
        (wire.method, wire.target) = (method.to_owned(), target.to_owned());
        loop {
            let header = line();
            match header.chars().next() {
                Some('T') => wire.types.push(header[1..].to_owned()),
                Some('C') => wire.framing = Framing::Chunked,
                Some('2') => wire.framing = Framing::Http2((header.len() > 1).then(|| header[1..].to_owned())),
                Some('O') => wire.old = true,
                _ => break,
            }
        }
        wire.body = rest.to_vec();
        wire
    }

    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        let mut text = format!("{} {}\n", self.method, self.target);
        for line in &self.types {
            text += &format!("T{line}\n");
        }
        match &self.framing {
            Framing::Length => {}
            Framing::Chunked => text += "C\n",
            Framing::Http2(length) => text += &format!("2{}\n", length.as_deref().unwrap_or_default()),
        }
        text += if self.old { "O\n\n" } else { "\n" };
        [text.as_bytes(), &self.body].concat()
    }

    /// The type that the engine acts on, without its parameters.
    #[must_use]
    pub fn acting_type(&self) -> Option<String> {
        let text = self.types.first()?.split(';').next().unwrap_or_default();
        Some(text.trim().to_ascii_lowercase())
    }

    /// What the plugin is shown (moby `pkg/authorization/authz.go`).
    #[must_use]
    pub fn shown<'a>(&'a self, length: &'a mut String) -> Request<'a> {
        *length = self.body.len().to_string();
        let is_json = self.acting_type().as_deref() == Some("application/json")
            && self.types[0].split_once(';').is_none_or(|(_, rest)| matches!(rest.trim(), "" | "charset=utf-8"));
        let hidden = if self.old { self.body.len() >= 1 << 20 } else { self.body.len() > 4 << 20 };
        Request {
            method: &self.method,
            target: &self.target,
            content_type: self.types.last().map(String::as_str),
            content_length: match &self.framing {
                Framing::Length => Some(length),
                Framing::Chunked => None,
                Framing::Http2(shown) => shown.as_deref(),
            },
            may_be_http2: matches!(self.framing, Framing::Http2(_)),
            body: if is_json && !hidden { &self.body } else { b"" },
        }
    }
}
