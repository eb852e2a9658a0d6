//! Limits of the kernel.

use rustix::process::{Resource, Rlimit, setrlimit};

/// No core dumps and, on Linux, no debugger of the same user. The first thing in `main`.
///
/// # Errors
/// What the system says; the agent can run all the same, and the caller says so.
pub fn no_dumps() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // Elsewhere the system itself keeps debuggers from programs that are signed and hardened.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::getrlimit;

    use super::*;

    #[test]
    fn memory_is_not_dumped() {
        no_dumps().expect("the system does it");
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, dumpable_behavior};
            assert_eq!(dumpable_behavior().expect("known"), DumpableBehavior::NotDumpable);
        }
    }
}
