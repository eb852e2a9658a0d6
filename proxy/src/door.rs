//! The listeners: accept, count, hand on, end in order.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{
    forward,
    gate::Gate,
    leaf::Leaves,
    limits::Limits,
    loopback,
    rooms::Rooms,
    settings::Settings,
    shared::Shared,
    slots::Slots,
    tunnel,
    upstream::{TrustError, Upstream},
};

const OVERLOADED: &[u8] =
    b"HTTP/1.1 503 pullgate: too much is under way at once; try again in a moment (overloaded)\r\n\
    Connection: close\r\nContent-Length: 0\r\n\r\n";

/// The door, listening.
#[derive(Debug)]
pub struct Door {
    forward: TcpListener,
    loopback: Vec<TcpListener>,
}

/// Where it cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

impl Door {
    /// Binds all addresses, but what of them is `held` already: a socket unit of systemd keeps them while no
    /// door runs, so that nobody can take its place. A missing loopback address of IPv6 is no error: there is nothing to lead there.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(
        forward: SocketAddr,
        loopback: &[SocketAddr],
        mut held: Vec<StdListener>,
    ) -> Result<Self, BindError> {
        let mut bind = async |address| {
            let own = held.iter().position(|held| held.local_addr().is_ok_and(|held| held == address));
            let listener = match own.map(|at| held.swap_remove(at)) {
                Some(held) => held.set_nonblocking(true).and_then(|()| TcpListener::from_std(held)),
                None => TcpListener::bind(address).await,
            };
            listener.map_err(|source| BindError { address, source })
        };
        let mut door = Self { forward: bind(forward).await?, loopback: Vec::new() };
        for &address in loopback {
            match bind(address).await {
                Ok(listener) => door.loopback.push(listener),
                Err(error) if address.is_ipv6() && is_no_address(&error.source) => {
                    warn!(%address, "this machine has no such address, and none will be led there");
                }
                Err(error) => return Err(error),
            }
        }
        for held in held {
            let address = held.local_addr().map(|address| address.to_string()).unwrap_or_default();
            warn!(address, "the socket unit holds an address that is none of this door's, and nobody answers there");
        }
        Ok(door)
    }

    /// Address of the forward proxy.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.forward.local_addr()
    }

    /// Addresses of the loopback listeners.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn loopback_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.loopback.iter().map(TcpListener::local_addr).collect()
    }

    /// Serves until `stop`; then what is under way may come to its end for a while.
    ///
    /// # Errors
    /// When there is nobody to believe.
    pub async fn run(
        self,
        settings: Settings,
        limits: Limits,
        leaves: Leaves,
        gate: Gate,
        stop: CancellationToken,
    ) -> Result<(), TrustError> {
        let mut own: Vec<_> = self.forward.local_addr().into_iter().collect();
        own.extend(self.loopback_addresses().unwrap_or_default());
        let settings = Arc::new(settings);
        let shared = Arc::new(Shared {
            gate,
            leaves,
            upstream: Upstream::new(Arc::clone(&settings), own, limits.clone())?,
            settings,
            manifests: Arc::new(Rooms::default()),
            slots: Slots::new(limits.connections),
            tasks: TaskTracker::new(),
            stop,
            limits,
        });
        let listeners = TaskTracker::new();
        listeners.spawn(accept(self.forward, Arc::clone(&shared), Kind::Forward));
        for listener in self.loopback {
            listeners.spawn(accept(listener, Arc::clone(&shared), Kind::Loopback));
        }
        listeners.close();
        listeners.wait().await;
        shared.tasks.close();
        let open = shared.tasks.len();
        if tokio::time::timeout(shared.limits.drain, shared.tasks.wait()).await.is_err() {
            warn!(open = shared.tasks.len(), "connections are cut: they did not come to their end in time");
        }
        info!(connections = open, "closed");
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Forward,
    Loopback,
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, kind: Kind) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // Without descriptors it fails at once, again and again.
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(slot) = shared.slots.take().await else {
            refuse(stream, kind);
            continue;
        };
        tunnel::prepare(&stream);
        let task_shared = Arc::clone(&shared);
        match kind {
            Kind::Forward => shared.tasks.spawn(forward::serve(task_shared, stream, slot)),
            Kind::Loopback => shared.tasks.spawn(async move {
                let _slot = slot;
                match loopback::original(&stream) {
                    Some(original) => loopback::serve(task_shared, stream, original).await,
                    None => warn!("a connection that no firewall rule led here is closed"),
                }
            }),
        };
    }
}

fn refuse(stream: TcpStream, kind: Kind) {
    warn!("too many connections: one is closed at once");
    if let (Kind::Forward, Ok(mut stream)) = (kind, stream.into_std()) {
        // It fits into an empty send buffer, and nobody waits for it.
        let _ = stream.write(OVERLOADED);
    }
}

fn is_no_address(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_held_for_the_door_is_taken_and_the_rest_is_bound() {
        let held = || StdListener::bind("127.0.0.1:0").unwrap();
        let (forward, loopback, nobodys) = (held(), held(), held());
        let address = |held: &StdListener| held.local_addr().unwrap();
        let (own, led) = (address(&forward), [address(&loopback), "127.0.0.1:0".parse().unwrap()]);
        assert!(Door::bind(own, &[], Vec::new()).await.is_err(), "nobody else gets it");
        let door = Door::bind(own, &led, vec![nobodys, loopback, forward]).await.unwrap();
        assert_eq!(door.address().unwrap(), own);
        assert_eq!(door.loopback_addresses().unwrap()[0], led[0]);
        let client = TcpStream::connect(own);
        assert!(tokio::join!(client, door.forward.accept()).1.is_ok());
    }
}
