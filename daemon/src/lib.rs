//! The agent: watches the Docker credentials file, signs in, carries sealed documents to the
//! plugin and records of decisions back. It runs as the user and is a courier: it verifies
//! nothing and is trusted with nothing, the plugin checks each document's signature.
//!
//! Tasks and what connects them:
//!
//! | task | gives | to, over |
//! |---|---|---|
//! | [`watcher`] (thread) | "look again" | reader, channel of 1: a hint not taken yet says it all |
//! | [`enrolled`] | the enrollment | everybody, `watch` |
//! | [`credentials::reader`] | who is signed in | driver, channel of [`driver::EVENTS`] |
//! | [`presence`] | plugin up, down, restarted; each second what it has in force | driver, the same channel |
//! | [`compare`] | "compare now" | driver, the same channel; where the agent stands comes back, `watch` |
//! | [`driver`] | runs [`sync`], executes its commands | service and plugin; the token to the reporter, `watch` |
//! | [`records`] collector | records | [`spool`] on disk, then acknowledged |
//! | [`records`] reporter | records | service |
//!
//! What it must never do: log, keep or put into an argument a secret or a helper's output;
//! apply a set of documents that is not complete; keep a session for somebody whom the
//! credentials file does not name.

pub mod app;
pub mod cache;
pub mod compare;
pub mod config;
pub mod credentials;
pub mod documents;
pub mod driver;
pub mod enforcement;
pub mod enrolled;
pub mod files;
pub mod hardening;
pub mod lock;
pub mod login;
mod os;
pub mod plugin_lock;
pub mod posture;
pub mod presence;
pub mod quiet;
pub mod records;
pub mod request_access;
pub mod service;
pub mod show;
pub mod spool;
pub mod stamp;
pub mod sync;
pub mod watcher;

/// The agent's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
