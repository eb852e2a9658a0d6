//! The registry door.
//!
//! ```text
//! engine ──CONNECT, http──▶ forward listener ─┐                     ┌──▶ registry, or a proxy before it
//! engine ──redirected─────▶ loopback listener ┴▶ intercept ─▶ relay ┴─asks─▶ gate ──reads──▶ Enforced ◀── follow ◀──gRPC── plugin
//!                                                                              └──▶ report (bounded) ──gRPC──▶ plugin
//! ```
//!
//! Never here: a copy of the rules' meaning (the gate calls `policy`), a document on disk, a
//! credential in a log, an answer that lets something pass because something else failed.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

pub mod answer;
pub mod app;
pub mod authority;
pub mod body;
pub mod ca;
pub mod cannot_start;
pub mod clear;
pub mod config;
pub mod door;
pub mod follow;
pub mod forward;
pub mod gate;
pub mod handover;
pub mod intercept;
pub mod io;
pub mod leaf;
pub mod limits;
pub mod loopback;
pub mod patient;
pub mod peer;
pub mod relay;
pub mod report;
mod retry;
pub mod rooms;
pub mod sandbox;
pub mod settings;
pub mod shared;
pub mod slots;
pub mod sniff;
pub mod tunnel;
pub mod upstream;
