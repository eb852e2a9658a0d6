//! The process holds passwords and tokens: no copy of its memory is to be left on a disk, and no
//! other process of the user is to read it.

#[cfg_attr(unix, path = "hardening/unix.rs")]
#[cfg_attr(not(unix), path = "hardening/nothing.rs")]
mod system;

pub use system::no_dumps;
