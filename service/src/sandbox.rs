//! What the serving process gives up: writing beside its data, starting programs, and most system calls.
//!
//! It may read whatever its user may: certificates and settings are where the administrator put them, and what
//! resolves names is the system's choice (nsswitch.conf(5)).

use std::path::PathBuf;

use proto::{
    chain,
    sandbox::{Calls, Files, keep_calls, keep_files},
};

use crate::data_dir::DataDir;

/// Called before any thread is started, which would keep what it had.
pub fn enter(data_dir: &DataDir) {
    let writable = vec![data_dir.path().to_owned()];
    let files = Files { readable: vec![PathBuf::from("/")], writable, tcp: true };
    let faults: Vec<_> = [keep_files(&files), keep_calls(Calls::Network)].into_iter().filter_map(Result::err).collect();
    if faults.is_empty() {
        tracing::info!("in its sandbox");
    }
    for fault in faults {
        tracing::warn!(fault = chain(&fault), "the sandbox has a hole");
    }
}
