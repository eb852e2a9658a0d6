//! Bodies of the routes that read JSON.
#![no_main]
#![allow(missing_docs)]

use arbitrary::Unstructured;
use fuzz::{body, check, wire::Wire};

/// A letter of the text form, and the target it stands for.
const ROUTES: [(u8, &str); 6] = [
    (b'c', "/v1.41/containers/create"),
    (b's', "/v1.41/services/create"),
    (b'u', "/v1.41/services/web/update?version=1"),
    (b'p', "/v1.41/plugins/pull?remote=evil%2Fp:1"),
    (b'v', "/v1.41/volumes/create"),
    (b'e', "/v1.41/containers/x/exec"),
];

fn seed(wire: &Wire) -> Option<Vec<u8>> {
    let end = wire.target.find('?').unwrap_or(wire.target.len());
    let word = |route: &str| route.trim_start_matches("/v1.41").split('?').next().unwrap_or_default().to_owned();
    let letter = ROUTES.iter().find(|(_, route)| wire.target[..end].ends_with(&word(route)))?.0;
    Some([&[letter], wire.body.as_slice()].concat())
}

libfuzzer_sys::fuzz_target!(
    init: fuzz::seeds::write(seed),
    |data: &[u8]| {
        let Some((first, rest)) = data.split_first() else { return };
        let (route, body) = match ROUTES.iter().find(|(letter, _)| letter == first) {
            Some(route) => (route, Some(rest.to_vec())),
            None => (&ROUTES[usize::from(*first) % ROUTES.len()], body::document(&mut Unstructured::new(rest)).ok()),
        };
        let types = vec!["application/json".to_owned()];
        if let Some(body) = body {
            check::request(&Wire { method: "POST".into(), target: route.1.into(), types, body, ..Wire::default() });
        }
    }
);
