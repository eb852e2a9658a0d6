//! Requests to registries: method, host, target.
#![no_main]
#![allow(missing_docs)]

use arbitrary::Unstructured;
use fuzz::registry::{Sent, check, write_seeds};

libfuzzer_sys::fuzz_target!(init: write_seeds(), |data: &[u8]| {
    // A control character: the rest is choices. Else it is the text form.
    let sent = match data.split_first() {
        Some((0..=0x1f, choices)) => Sent::of_choices(&mut Unstructured::new(choices)).ok(),
        _ => Some(Sent::from_text(data)),
    };
    if let Some(sent) = sent {
        check(&sent);
    }
});
