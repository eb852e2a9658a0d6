//! `pullgate egress`: the firewall rules that leave the engine no way beside the registry door.

pub mod cgroup;
mod error;

pub use self::error::EgressError;
