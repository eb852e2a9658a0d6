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

pub mod app;
pub mod config;
pub mod follow;
pub mod gate;
pub mod report;
