//! `key`.

use clap::Subcommand;

/// `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Print the signing keys, oldest first, and where each is in its life
    List,
    /// Make another signing key, tell machines of it, and sign with it; the one before is trusted until it is retired
    Rotate {
        /// Only make it and tell machines: first its file has to be copied to other services on the same database
        #[arg(long)]
        prepare: bool,
    },
    /// End the key before the one that signs: machines believe it no more
    Retire,
}
