//! What this process gives up before it serves anybody: writing, starting programs, and most system calls.
//!
//! It may read whatever its user may: certificates of `certs.d` are often links to elsewhere, and what resolves
//! names is the system's choice (nsswitch.conf(5)).

use std::path::PathBuf;

use proto::{
    chain,
    sandbox::{Calls, Files, keep_calls, keep_files},
};
use tracing::{info, warn};

/// Called before any thread is started, which would keep what it had.
pub fn enter() {
    let files = Files { readable: vec![PathBuf::from("/")], writable: Vec::new(), tcp: true };
    let faults: Vec<_> = [keep_files(&files), keep_calls(Calls::Network)].into_iter().filter_map(Result::err).collect();
    if faults.is_empty() {
        info!("in its sandbox");
    }
    for fault in faults {
        warn!(fault = chain(&fault), "the sandbox has a hole");
    }
}
