//! Whole requests: method, target, headers, body.
#![no_main]
#![allow(missing_docs)]

use arbitrary::Unstructured;
use fuzz::{check, shape, wire::Wire};

libfuzzer_sys::fuzz_target!(
    init: fuzz::seeds::write(|wire| Some(wire.to_text())),
    |data: &[u8]| {
        // A control character: the rest is choices. Else it is the text form.
        let wire = match data.split_first() {
            Some((0..=0x1f, choices)) => shape::wire(&mut Unstructured::new(choices)).ok(),
            _ => Some(Wire::from_text(data)),
        };
        if let Some(wire) = wire {
            check::request(&wire);
        }
    }
);
