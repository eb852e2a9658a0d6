//! Requests made from a known truth, disguised with every trick that the engine lab and the
//! vectors know: the reading is that truth, or says that it cannot tell; never another.
//!
//! What is disguised only in ways that clients use or that every engine takes must be read.

mod numbers;
mod tricks {
    pub mod documents;
    pub mod targets;
}

use numbers::Numbers;
use policy::{
    Action, ImageRef,
    engine::{self, Request},
};
use tricks::{documents, targets};

const REQUESTS: usize = 100_000;

/// A request and what the engine makes of it.
struct Case {
    target: String,
    content_type: Option<&'static str>,
    content_length: Option<&'static str>,
    may_be_http2: bool,
    body: String,
    /// What is fetched, or started from.
    truth: String,
    /// Whether the readers may say that they cannot tell.
    grey: bool,
    /// Whether they must: nothing that they are shown says what the engine makes of it.
    hidden: bool,
}

/// How often what was answered.
#[derive(Debug, Default)]
struct Outcomes {
    told: usize,
    refused: usize,
}

impl Outcomes {
    fn add(&mut self, case: &Case) {
        let action = engine::read(&Request {
            method: "POST",
            target: &case.target,
            content_type: case.content_type,
            content_length: case.content_length,
            may_be_http2: case.may_be_http2,
            body: case.body.as_bytes(),
        });
        let shown = || format!("{} {} {:?} {action:?}", case.target, case.body, case.content_type);
        if action.verdict() == "unverifiable" {
            assert!(case.grey, "nothing about it is unclear: {}", shown());
            self.refused += 1;
        } else {
            assert!(!case.hidden, "nobody can tell: {}", shown());
            assert_eq!(names(&action), [case.truth.as_str()], "{}", shown());
            self.told += 1;
        }
    }

    fn are_all_frequent(&self, all: usize) {
        println!("{self:?} of {all}");
        assert_eq!(self.told + self.refused, all);
        assert!(self.told > all / 2 && self.refused > all / 10, "{self:?}");
    }
}

/// What is fetched and what is started from.
fn names(action: &Action) -> Vec<String> {
    let fetched = action.fetched().map(ImageRef::to_string);
    fetched.chain(action.started().map(|start| start.image.to_string())).collect()
}

#[test]
fn a_disguised_pull_is_read_as_the_engine_acts_or_refused() {
    let (mut numbers, mut outcomes) = (Numbers(0x5eed), Outcomes::default());
    for _ in 0..REQUESTS {
        outcomes.add(&targets::pull(&mut numbers));
    }
    outcomes.are_all_frequent(REQUESTS);
}

#[test]
fn a_disguised_container_is_read_as_the_engine_acts_or_refused() {
    let (mut numbers, mut outcomes) = (Numbers(0xc0de), Outcomes::default());
    for _ in 0..REQUESTS / 2 {
        outcomes.add(&documents::container(&mut numbers));
    }
    outcomes.are_all_frequent(REQUESTS / 2);
}

#[test]
fn a_disguised_service_is_read_as_the_engine_acts_or_refused() {
    let (mut numbers, mut outcomes) = (Numbers(0xface), Outcomes::default());
    for _ in 0..REQUESTS / 2 {
        outcomes.add(&documents::service(&mut numbers));
    }
    outcomes.are_all_frequent(REQUESTS / 2);
}

#[test]
fn a_disguised_plugin_is_read_as_the_engine_acts_or_refused() {
    let (mut numbers, mut outcomes) = (Numbers(0xbeef), Outcomes::default());
    for _ in 0..REQUESTS / 4 {
        outcomes.add(&targets::plugin(&mut numbers));
    }
    outcomes.are_all_frequent(REQUESTS / 4);
}
