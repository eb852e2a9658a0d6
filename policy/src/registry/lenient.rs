//! What a server that is kind to odd spellings could make of a path.

use alloc::{borrow::Cow, string::String};

use crate::engine::percent_decode;

/// So many layers of percent-encoding are taken off; what has more is refused.
const LAYERS: usize = 4;

/// Whether a path below `/v2` reads the same everywhere: plain components, none of them empty but a
/// last one, none of them `.` or `..`.
pub(super) fn is_plain(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=~+@,".contains(&byte);
    let inner = path.strip_suffix('/').unwrap_or(path);
    path.bytes().all(plain) && inner.split('/').skip(1).all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a server could take this path, which does not begin with `/v2/`, for one that does.
///
/// Where the path is plain, only letter case is left to be lenient about. Else its first component counts
/// that does not go away (empty, `.`), and where something might take others away (`..`, or parameters
/// with an encoded `/` in them), any. Content that registries keep elsewhere is at
/// `/<container>//docker/registry/v2/blobs/...` (Azure's, for example).
pub(super) fn may_be_v2(path: &str) -> bool {
    if !path.starts_with('/') {
        return true;
    }
    if is_plain(path) {
        return path.split('/').nth(1).is_some_and(|first| first.eq_ignore_ascii_case("v2"));
    }
    let Some(decoded) = decoded(path) else { return true };
    let mut components =
        decoded.split(['/', '\\', '?', '#']).map(kept).filter(|kept| !matches!(kept.as_str(), "" | "."));
    let goes_up = |kept: &String| kept.chars().all(|c| c == '.' || !c.is_ascii());
    if decoded.contains(';') || components.clone().any(|kept| goes_up(&kept)) {
        return components.any(|kept| is_like_v2(&kept));
    }
    components.next().is_some_and(|first| is_like_v2(&first))
}

/// Without any percent-encoding; none: one is bad or hides bytes that are no text, or there are too
/// many layers of them.
fn decoded(path: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(path);
    for _ in 0..LAYERS {
        if !text.contains('%') {
            return Some(text);
        }
        let next = percent_decode(&text, false)?.into_owned();
        if next.contains('\u{fffd}') {
            return None;
        }
        text = Cow::Owned(next);
    }
    None
}

/// Servers drop parameters (`v2;x`), control characters and blanks.
fn kept(component: &str) -> String {
    let component = component.split(';').next().unwrap_or_default();
    component.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

/// They drop dots at the end, fold letter case, and some fold characters that look alike.
fn is_like_v2(kept: &str) -> bool {
    let mut left = kept.trim_end_matches('.').chars();
    let like = |c: Option<char>, expected: char| c.is_some_and(|c| c.eq_ignore_ascii_case(&expected) || !c.is_ascii());
    like(left.next(), 'v') && like(left.next(), '2') && left.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: bool) {
        assert_eq!(may_be_v2(path), expected, "{path:?}");
    }

    #[test]
    fn what_a_kind_server_could_read_as_v2_is_told() {
        for path in [
            "",
            "v2/a",
            "*",
            "//v2/a",
            "///v2",
            "/./v2/a",
            "/x/../v2/a",
            "/%76%32/a",
            "/v%32/",
            "/%2576%2532/",
            "/V2/a",
            "/V2",
            "/v2;x/a",
            "/%2fv2/a",
            "/x%2f..%2fv2/a",
            "/\\v2\\a",
            "/x\\..\\v2",
            "/x/..;/v2/a",
            "/v2%00/a",
            "/v2%09/a",
            "/v2%20/a",
            "/ v2/a",
            "/v2.%20/a",
            "/v2%23/a",
            "/v2#x",
            "/v2%3fx",
            "/%zz",
            "/%",
            "/%ff",
            "/%c1%b6%c0%b2/",
            "/\u{ff56}\u{ff12}/a",
            "/v\u{b2}/a",
            "/a/..%2fv2/%252e%252e/%252e%252e/foo",
            "/%252525252576",
            "/x/..\u{1}/v2",
            "/\u{1}/v2",
            "/./;x/%20/v2/a",
            "/x/\u{2025}/v2/a",
            "/;%2fx/v2/a",
            "/;%2fx/%76%32/a",
            "/;x%252fy/v2/a",
            "/.;%2fx%3by/v2",
        ] {
            check(path, true);
        }
    }

    #[test]
    fn what_no_server_could_is_left_alone() {
        for path in [
            "/",
            "/token",
            "/v1/search",
            "/v1/_ping",
            "/v2x/a",
            "/v22",
            "/v2.tar.gz",
            "/xv2/",
            "/service/token",
            "/registry-v2/docker/registry/v2/blobs/sha256/aa/aabb/data",
            "/sha256%3Aabc/data",
            "/ghcr1/blobs/sha256:ab",
            "/a//b",
            "/x/../y",
            "/a b",
            "/%C3%BCbersicht.pdf",
            "/a;b/c",
            "/artifactory/api/docker/x/v2/token",
            // Where Azure's registries keep their content, and others that encode the name of their bucket.
            "/01031d61e1024861afee5d512651eb9f-h36fskt2ei//docker/registry/v2/blobs/sha256/0f/0f4a/data",
            "/bucket%20one/docker/registry/v2/blobs/sha256/0f/0f4a/data",
            "/sha256%3Aabc/v2",
            "/a/./v2/x",
        ] {
            check(path, false);
        }
    }
}
