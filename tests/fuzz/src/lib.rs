//! Holds the readers of `policy::engine` against a second, deliberately simple model of the engine,
//! and `policy::registry` against one of registries ([`registry`]).
//!
//! A fuzzed input is a whole request as a client sends it ([`wire::Wire`]). Of it the model
//! ([`engine`]) says what an engine would do, knowing all of it; the readers are given only what
//! the engine would show the plugin ([`wire::Wire::shown`]). [`check`] compares.
//!
//! The model shares no code with `policy`: paths and queries are decoded by `percent-encoding`
//! and `form_urlencoded`, JSON by `serde_json`, names by the regular expressions of
//! `distribution/reference`. Where engines differ, it acts as the laxest.
#![forbid(unsafe_code)]

pub mod body;
pub mod check;
pub mod document;
pub mod engine;
pub mod form;
pub mod reference;
pub mod registry;
pub mod seeds;
pub mod shape;
pub mod wire;
