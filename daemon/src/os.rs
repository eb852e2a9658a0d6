//! What the agent asks of its system, where systems differ: the same names for Unix and for Windows.
//!
//! On Windows, `std` reads and makes no access lists. What lies in the user's own profile is kept from others by the
//! system itself; what is to be kept or trusted elsewhere is refused, see [`proto::trusted_file`].

/// Whose files are whose, and which file is which.
#[cfg_attr(unix, path = "os/files/unix.rs")]
#[cfg_attr(not(unix), path = "os/files/windows.rs")]
pub(crate) mod files;
/// How other people's programs are found, and ended.
#[cfg_attr(unix, path = "os/programs/unix.rs")]
#[cfg_attr(not(unix), path = "os/programs/windows.rs")]
pub(crate) mod programs;
/// How a process is asked to end.
#[cfg_attr(unix, path = "os/stop/unix.rs")]
#[cfg_attr(not(unix), path = "os/stop/windows.rs")]
pub(crate) mod stop;

/// The user id for which sessions are signed and held.
#[cfg(unix)]
pub(crate) fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Windows has none: this is what Unix calls no user id, so that nobody is taken for root or for somebody else.
#[cfg(not(unix))]
pub(crate) fn user_id() -> u32 {
    u32::MAX
}
