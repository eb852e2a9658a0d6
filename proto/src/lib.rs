//! What two processes agree on: messages, sealed documents, the engine's authorization
//! messages, the enrollment file, the local control socket.
//!
//! Nothing here decides: `policy` does. Third-party crates of a kind live in one module:
//! `interprocess` in [`local`], `listenfd` in [`supervisor`], signatures in [`sealed`] and [`keys`].
//!
//! INVARIANT: generated code in `gen/` is what `protos/` says (`tests/generated.rs`).

pub mod agent;
pub mod authz;
mod chain;
pub mod convert;
pub mod documents;
#[cfg(unix)]
pub mod egress;
pub mod enrollment;
pub mod jws;
pub mod key_chain;
pub mod keys;
pub mod local;
pub mod log;
mod moment;
mod organization;
pub mod paths;
pub mod probe_key;
#[cfg(any(windows, test))]
pub mod profile;
pub mod registry_json;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub mod sealed;
pub mod secret;
pub mod sign_in;
#[cfg(target_os = "linux")]
pub mod supervisor;
pub mod trusted_file;

/// Code generated from `protos/`. Regenerate with `PULLGATE_REGENERATE=1 cargo test -p proto --test generated`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod pullgate {
    /// Documents that the policy service signs.
    pub mod document {
        /// Version 1.
        pub mod v1 {
            include!("gen/pullgate.document.v1.rs");
        }
    }
    /// Agent and policy service.
    pub mod sync {
        /// Version 1.
        pub mod v1 {
            include!("gen/pullgate.sync.v1.rs");
        }
    }
    /// This machine's control socket.
    pub mod local {
        /// Version 1.
        pub mod v1 {
            include!("gen/pullgate.local.v1.rs");
        }
    }
}

pub use chain::chain;
pub use moment::moment;
pub use pullgate::document::v1 as document;
pub use pullgate::local::v1 as control;
pub use pullgate::sync::v1 as sync;
