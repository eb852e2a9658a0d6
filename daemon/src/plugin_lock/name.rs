//! On Linux: a name in the abstract socket namespace, which leaves no file behind and does not depend on the state
//! directory. Anybody can take a name there, so one that another user holds stops nobody.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
};

use proto::agent::connect;
use tracing::warn;

/// Listens; [`crate::compare`] answers.
pub(super) type Held = UnixListener;

/// Takes the name; the error is the process of the same user that has it.
pub(super) fn take(name: &str, uid: u32) -> Result<Option<Held>, i32> {
    match SocketAddr::from_abstract_name(name).and_then(|address| UnixListener::bind_addr(&address)) {
        Ok(listener) => return Ok(Some(listener)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        Err(error) => {
            warn!(%error, "it cannot be told whether another agent of this user runs; going on");
            return Ok(None);
        }
    }
    match connect(name) {
        Ok((_, holder)) if holder.uid == uid => Err(holder.pid),
        Ok((_, holder)) => {
            warn!(
                holder = holder.uid,
                process = holder.pid,
                "another user holds the name of this agent's lock; going on without it"
            );
            Ok(None)
        }
        Err(error) => {
            warn!(%error, "it cannot be told whether another agent of this user runs; going on");
            Ok(None)
        }
    }
}

/// The socket, for whoever answers on it.
pub(super) fn listener(held: &Held) -> io::Result<Option<UnixListener>> {
    held.try_clone().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_another_user_holds_stops_nobody() {
        let (name, somebody) = (format!("pullgate-test-{}", std::process::id()), u32::MAX - 1);
        let _squatter = take(&name, somebody).expect("free").expect("held");
        assert!(take(&name, somebody).expect("goes on").is_none());
    }
}
