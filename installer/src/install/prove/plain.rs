//! HTTP as it stands in a stream, for whoever must be asked as the engine asks, byte for byte.

use std::io::Read;

/// No answer here is longer.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

/// Status and body of one answer: to its end, or as long as it says.
pub(super) fn answer(stream: &mut impl Read) -> std::io::Result<(u16, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0_u8; 4096];
    let mut limited = stream.take(MAX_ANSWER_BYTES);
    while !is_whole(&bytes) {
        match limited.read(&mut piece)? {
            0 => break,
            read => bytes.extend(piece.iter().take(read)),
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
    Ok((status, body.to_owned()))
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    // A CONNECT is answered without a body, and stays open.
    let is_open = head.starts_with("HTTP/1.1 200") && length.is_none() && body.is_empty();
    is_open || length.is_some_and(|length| body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says_or_where_the_stream_does() {
        let check = |text: &str, expected: (u16, &str)| {
            let (status, body) = answer(&mut text.as_bytes()).unwrap();
            assert_eq!((status, body.as_str()), expected, "{text:?}");
        };
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", (200, "{}"));
        check("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", (403, ""));
        check("HTTP/1.1 200 Connection established\r\n\r\n", (200, ""));
        check("HTTP/1.1 502 Bad Gateway\r\n\r\nuntil the end", (502, "until the end"));
        check("no HTTP at all", (0, ""));
    }
}
