//! The process itself: what it may create, how many descriptors it has.

use std::io;

/// What this process makes is its user's alone.
pub(super) fn private_files() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// As many descriptors as the system lets this process have: a tunnel has two sockets and two pipes.
pub(super) fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is refused, the limit that was there holds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// For a key that ends with this process.
///
/// # Errors
/// When the system has no randomness.
pub(super) fn random_seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random.fill(&mut seed).map_err(|_| io::Error::other("the system has no randomness"))?;
    Ok(seed)
}
