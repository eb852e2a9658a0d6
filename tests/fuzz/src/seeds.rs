//! Seeds and words from the vectors; and whether the model agrees with them.

use std::{fs, path::Path};

use serde::Deserialize;

use crate::{
    body,
    engine::{Outcome, act},
    shape,
    wire::{Framing, Wire},
};

/// Fewer would mean that a file was not read.
const AT_LEAST: usize = 1000;

/// One case of `tests/vectors/requests`.
#[derive(Deserialize)]
struct Case {
    id: String,
    method: String,
    uri: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    body_base64: Option<String>,
    body_generate: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    transfer: String,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    verdict: String,
    images: Vec<String>,
}

impl Case {
    /// The request; none where the text of the case does not hold all of it.
    fn wire(&self) -> Option<Wire> {
        let named = |wanted: &'static str| {
            self.headers
                .iter()
                .filter(move |(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.clone())
        };
        let has_length = named("content-length").next().is_some() || self.transfer == "raw-after-headers";
        if self.body_base64.is_some() || self.body_generate.is_some() || has_length {
            return None;
        }
        let chunked = self.transfer == "chunked" || named("transfer-encoding").any(|value| value == "chunked");
        Some(Wire {
            method: self.method.clone(),
            target: self.uri.clone(),
            types: named("content-type").collect(),
            framing: if chunked { Framing::Chunked } else { Framing::Length },
            old: false,
            body: self.body.clone().into_bytes(),
        })
    }
}

/// Every whole request of the vectors.
///
/// # Panics
/// When the files cannot be read, or the model contradicts one: such a model finds nothing.
#[must_use]
pub fn requests(vectors: &Path) -> Vec<Wire> {
    let mut requests = Vec::new();
    let mut names: Vec<_> =
        fs::read_dir(vectors).expect("vectors").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    for path in names.iter().filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
        for line in fs::read_to_string(path).expect("a file of vectors").lines() {
            let case: Case = serde_json::from_str(line).expect("a case");
            let Some(wire) = case.wire() else { continue };
            if case.expect.verdict == "understood" {
                match act(&wire) {
                    Outcome::Acts(acts) => {
                        assert_eq!(acts.fetches, case.expect.images, "{}: the model is wrong", case.id)
                    }
                    Outcome::NeverAsked | Outcome::Refused => {}
                    Outcome::Untold => panic!("{}: the model does not tell {:?}", case.id, case.expect.images),
                }
            }
            requests.push(wire);
        }
    }
    assert!(requests.len() >= AT_LEAST, "{} cases", requests.len());
    requests
}

/// The dictionary, as libFuzzer reads it.
#[must_use]
pub fn dictionary() -> String {
    let words =
        ["fromImage=", "&tag=", "fromSrc=-", "remote=", "rollback=", "/v1.41", "%2f", "\\u017f", "\\u212a", "null"];
    let all = body::KEYS.iter().chain(&shape::NAMES).chain(&words);
    let quoted = |word: &str| word.bytes().map(|byte| format!("\\x{byte:02X}")).collect::<String>();
    all.map(|word| format!("\"{}\"\n", quoted(word))).collect()
}

/// Writes seeds and dictionary to the directory that `tests/fuzz/run` names, before the fuzzer reads them.
///
/// # Panics
/// When that cannot be done.
pub fn write(seed: impl Fn(&Wire) -> Option<Vec<u8>>) {
    let Some(directory) = std::env::var_os("FUZZ_SEEDS").filter(|path| !path.is_empty()) else { return };
    let directory = Path::new(&directory);
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/requests");
    let mut seeds: Vec<Vec<u8>> = requests(&vectors).iter().filter_map(seed).collect();
    // Choices for the generators: any bytes do.
    for n in 0..200_u64 {
        let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let choices = std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        seeds.push(choices.take(64).flatten().collect());
    }
    for (n, seed) in seeds.iter().enumerate() {
        fs::write(directory.join(format!("{n:05}")), seed).expect("a seed");
    }
    fs::write(directory.with_extension("dict"), dictionary()).expect("the dictionary");
}
