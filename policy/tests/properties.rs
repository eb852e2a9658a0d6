//! What holds for any input: no panic, and a name that is understood reads back as itself.

mod numbers;

use numbers::Numbers;
use policy::{
    ImageRef, Pattern,
    engine::{self, Request},
};

const NAME_PARTS: [&str; 44] = [
    "alpine",
    "library/",
    "docker.io/",
    "index.docker.io/",
    "Docker.IO",
    "evil",
    "acme/",
    "a",
    "Z",
    "0",
    "/",
    ":",
    "@",
    "-",
    "--",
    ".",
    "..",
    "_",
    "__",
    "___",
    "*",
    "?",
    "[",
    "]",
    "[::1]",
    ":5000",
    ":443",
    "localhost",
    "sha256:",
    "sha512:",
    "latest",
    "%",
    "%2F",
    "%00",
    "%zz",
    "+",
    "&",
    ";",
    "=",
    "#",
    "ä",
    "\u{212a}",
    "\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const TARGET_PARTS: [&str; 30] = [
    "/",
    "/v1.41",
    "/v1.",
    "v",
    "/images",
    "/create",
    "%2f",
    "%69mages",
    "?",
    "fromImage=",
    "from%49mage=",
    "&",
    "tag=",
    "fromSrc=-",
    "alpine",
    "evil/miner",
    "%3A",
    ";",
    "#",
    "http://x",
    "foo:",
    "//",
    "/./",
    "/../",
    "%",
    "%zz",
    "\u{1}",
    "é",
    "1",
    "load",
];

#[test]
fn references_read_back_as_themselves() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut understood = 0;
    for _ in 0..200_000 {
        let text = numbers.text(&NAME_PARTS, 8);
        let Ok(image) = ImageRef::parse(&text) else { continue };
        understood += 1;
        // Without a host the normal form is the whole text; it reads as the same name.
        let again = ImageRef::parse(image.as_str()).unwrap_or_else(|error| panic!("{text:?} {image}: {error}"));
        assert_eq!(again, image, "{text:?}");
        let joined = [image.host(), image.path()].join("/");
        assert_eq!(joined.trim_start_matches('/'), image.name(), "{text:?}");
        assert!(image.is_all_tags() == (image.tag().is_none() && image.digest().is_none()), "{text:?}");
        let place = image.place();
        assert!(!place.host.bytes().any(|b| b.is_ascii_uppercase()), "{text:?}");
    }
    assert!(understood > 5_000, "{understood} of the texts were references");
}

#[test]
fn requests_of_any_shape_have_an_answer() {
    let mut numbers = Numbers(42);
    let mut pulls = 0;
    for _ in 0..200_000 {
        let begin = numbers.pick(&["", "/v1.41/images/create?fromImage=", "/images/create?fromImage=alpine&"]);
        let target = format!("{begin}{}", numbers.text(&TARGET_PARTS, 12));
        let types = ["", "application/json", "text/plain", "application/x-www-form-urlencoded"];
        let request = Request {
            method: numbers.pick(&["POST", "GET", "PUT", "post", ""]),
            target: &target,
            content_type: (numbers.below(2) == 0).then(|| numbers.pick(&types)),
            content_length: (numbers.below(2) == 0).then(|| numbers.pick(&["0", "5", "", "00"])),
            may_be_http2: numbers.below(2) == 0,
            body: if numbers.below(4) == 0 { b"{}" } else { b"" },
        };
        let action = engine::read(&request);
        assert!(!action.word().is_empty() && !action.verdict().is_empty());
        for image in action.fetched() {
            pulls += 1;
            assert_eq!(ImageRef::parse(image.as_str()).as_ref(), Ok(image), "{target:?}");
        }
    }
    assert!(pulls > 1_000, "{pulls} pulls among them");
}

#[test]
fn patterns_read_back_as_themselves() {
    let mut numbers = Numbers(7);
    let mut understood = 0;
    for _ in 0..200_000 {
        let text = numbers.text(&NAME_PARTS, 6);
        let Ok(pattern) = Pattern::parse(&text) else { continue };
        understood += 1;
        let again = Pattern::parse(pattern.as_str()).unwrap_or_else(|error| panic!("{text:?} {pattern}: {error}"));
        assert_eq!(again, pattern, "{text:?}");
    }
    assert!(understood > 5_000, "{understood} of the texts were patterns");
}
