//! The Docker authorization plugin.
//!
//! ```text
//! engine ──HTTP──▶ door (N threads) ──▶ authorize ──reads──▶ Live (snapshot) ◀──writes── enforcer (one task)
//!                                           └──▶ record (bounded) ──▶ control ◀──gRPC── agent, pullgate
//! ```
//!
//! Tasks: [`door`] threads answer the engine; [`enforcer`] is the only writer of what is in force;
//! [`control`] serves the control socket; [`record`] keeps decisions until an agent fetched them;
//! [`provenance`] remembers where names of images came from, and its keeper puts that on disk;
//! [`paths`] has threads that follow symbolic links for the tamper guard. Instead of all of them, [`cannot_start`] answers
//! where the state directory cannot be used.
//! Channels: door → record (bounded, drops are counted), control → enforcer (bounded, callers wait),
//! door → paths (bounded, full means refused). The registry door, another process, is a caller of [`control`].
//!
//! Never here: an outgoing connection (INVARIANT I4), TLS, DNS, the content of a user's files; on the
//! critical path ([`authorize`]): I/O, an await, a lock that is held during I/O (INVARIANT I1).
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
pub mod authorize;
pub mod cannot_start;
pub mod clock;
pub mod config;
pub mod control;
pub mod door;
pub mod door_user;
pub mod enforcer;
pub mod engine_seen;
pub mod live;
pub mod paths;
pub mod provenance;
pub mod record;
pub mod sandbox;
pub mod sockets;
pub mod state;
