//! Authorization messages from a file, one a line, as the engine sends them.

use std::io::{self, BufRead, Read as _};

use policy::Action;
use proto::authz::{AuthzRequest, MAX_MESSAGE_BYTES, unreadable};

/// What one line says.
#[derive(Debug)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What the engine would be asked to do; what is no message is a request that cannot be read.
    pub action: Action,
}

/// Reads every line; a line that is no message is an answer too, as for the plugin.
///
/// # Errors
/// When the input cannot be read.
pub fn read(input: impl BufRead, mut each: impl FnMut(&Line) -> io::Result<()>) -> io::Result<()> {
    let mut input = input;
    let mut buffer = Vec::new();
    for number in 1.. {
        buffer.clear();
        let limit = MAX_MESSAGE_BYTES as u64 + 2;
        if input.by_ref().take(limit).read_until(b'\n', &mut buffer)? == 0 {
            return Ok(());
        }
        if buffer.len() > MAX_MESSAGE_BYTES && !buffer.ends_with(b"\n") {
            skip_line(&mut input)?;
        }
        let text = buffer.trim_ascii();
        if !text.is_empty() {
            each(&Line { number, action: action(text) })?;
        }
    }
    Ok(())
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let (used, found) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (available.len(), false),
        };
        input.consume(used);
        if found {
            return Ok(());
        }
    }
}

fn action(message: &[u8]) -> Action {
    if message.len() > MAX_MESSAGE_BYTES {
        return unreadable("the message is larger than 8 MiB");
    }
    match AuthzRequest::from_json(message) {
        Ok(request) if !request.request_method.is_empty() => request.action(),
        _ => unreadable("the line is no authorization message of the engine"),
    }
}

/// The images that would be fetched, in normal form; `:*` behind a name means every tag.
#[must_use]
pub fn images(action: &Action) -> Vec<String> {
    let name = |image: &policy::ImageRef| if image.is_all_tags() { format!("{image}:*") } else { image.to_string() };
    action.fetched().map(name).collect()
}

/// The images on this machine that would be started, in normal form.
#[must_use]
pub fn uses(action: &Action) -> Vec<String> {
    action.started().map(|start| start.image.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_an_answer() {
        let pull = r#"{"RequestMethod":"POST","RequestUri":"/images/create?fromImage=alpine","RequestHeaders":{"Content-Length":"0"}}"#;
        let long = "x".repeat(MAX_MESSAGE_BYTES + 100);
        let input = format!("{pull}\n\nnot json\n{{}}\n{long}\n{pull}");
        let mut seen = Vec::new();
        read(input.as_bytes(), |line| {
            seen.push((line.number, line.action.verdict(), images(&line.action)));
            Ok(())
        })
        .expect("readable input");
        let alpine = vec!["docker.io/library/alpine:*".to_owned()];
        assert_eq!(
            seen,
            [
                (1, "understood", alpine.clone()),
                (3, "unverifiable", vec![]),
                (4, "unverifiable", vec![]),
                (5, "unverifiable", vec![]),
                (6, "understood", alpine),
            ]
        );
    }
}
