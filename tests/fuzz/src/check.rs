//! What must hold for every request.

use std::time::{Duration, Instant};

use policy::{
    Action, ImageRef,
    engine::{self, Request},
};

use crate::{
    engine::{Acts, Outcome, act},
    wire::Wire,
};

/// The readers' own limits (`policy/src/engine/json.rs`).
const MAX_DEPTH: usize = 100;
const MAX_VALUES: usize = 100_000;
/// An input of this size may take so long.
const SIZE: usize = 64 << 10;
const TIME: Duration = Duration::from_millis(50);

/// Panics where the readers say what the engine would not do.
pub fn request(wire: &Wire) {
    let mut length = String::new();
    let shown = wire.shown(&mut length);
    let action = total(&shown);
    limits(&shown, &action);
    agrees(&act(wire), &action, wire);
    // What no engine shows must have an answer as well.
    total(&Request { body: &wire.body, content_type: None, ..shown });
}

/// An answer, in time, whose names read back as themselves.
fn total(request: &Request<'_>) -> Action {
    let start = Instant::now();
    let action = engine::read(request);
    let mut time = start.elapsed();
    if request.target.len() + request.body.len() <= SIZE {
        // The machine may have been busy with something else, but not three times.
        for _ in 0..2 {
            if time > TIME {
                let start = Instant::now();
                let _ = engine::read(request);
                time = time.min(start.elapsed());
            }
        }
        assert!(time <= TIME, "{} bytes took {time:?}", request.target.len() + request.body.len());
    }
    assert!(!action.word().is_empty());
    assert!(matches!(action.verdict(), "understood" | "not_governed" | "unverifiable"), "{}", action.verdict());
    for image in action.fetched() {
        assert_eq!(ImageRef::parse(image.as_str()).as_ref(), Ok(image), "a name reads back as itself");
    }
    action
}

/// What is deeper or larger than the limits is not understood.
fn limits(request: &Request<'_>, action: &Action) {
    let needs_body = ["create", "service_create", "service_update", "plugin_pull", "plugin_upgrade"];
    if request.method != "POST" || !needs_body.contains(&action.word()) {
        return;
    }
    let (depth, values) = extent(request.body);
    if depth > MAX_DEPTH || values > MAX_VALUES {
        assert_eq!(action.verdict(), "unverifiable", "{depth} levels, {values} values at least");
    }
}

/// Depth of the first value of a body, and fewer values than it has.
fn extent(body: &[u8]) -> (usize, usize) {
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return (0, 0);
    }
    let (mut depth, mut deepest, mut commas, mut in_text, mut escaped) = (0_usize, 0, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            b',' => commas += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (deepest, commas)
}

/// The readers say what the engine does, or that they cannot tell.
fn agrees(outcome: &Outcome, action: &Action, wire: &Wire) {
    if action.verdict() == "unverifiable" {
        return;
    }
    let names = |image: &ImageRef| match image.digest() {
        // The readers keep a tag beside a plugin's digest, which does not count.
        Some(digest) if action.word().starts_with("plugin") => format!("{}@{digest}", image.name()),
        None if image.is_all_tags() => format!("{image}:*"),
        _ => image.to_string(),
    };
    let fetched: Vec<String> = action.fetched().map(names).collect();
    let started: Vec<String> = action.started().map(|start| start.image.to_string()).collect();
    let case = || format!("{action:?}, engine: {outcome:?}\n{}", String::from_utf8_lossy(&wire.to_text()));
    match outcome {
        Outcome::NeverAsked => {}
        Outcome::Refused => assert!(fetched.is_empty(), "the engine refuses: {}", case()),
        Outcome::Untold => panic!("what cannot be told was told: {}", case()),
        Outcome::Acts(Acts { fetches, starts, opens, privileged, forgot }) => {
            assert_eq!(&fetched, fetches, "fetched: {}", case());
            let stricter = *forgot && starts.iter().all(|image| started.contains(image));
            assert!(stricter || &started == starts, "started: {}", case());
            let (reach, paths) = match action {
                Action::Governed(governed) => (governed.reach.as_slice(), governed.paths.as_slice()),
                Action::NotGoverned(_) | Action::Unverifiable(_) => (&[][..], &[][..]),
            };
            assert!(!privileged || !reach.is_empty(), "rights on the host: {}", case());
            // A body that is not shown may open anything, and the guard is told so.
            let hidden = reach.iter().any(|reach| reach.word == "hidden_body");
            for path in opens.iter().filter(|_| !hidden) {
                let path = without_damage(path);
                assert!(paths.iter().any(|found| without_damage(&found.path) == path), "opens `{path}`: {}", case());
            }
        }
    }
}

/// How many characters stand for a damaged one is not the same everywhere, and nothing is called so.
fn without_damage(text: &str) -> String {
    text.replace(char::REPLACEMENT_CHARACTER, "")
}
