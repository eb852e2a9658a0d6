//! Which servers stand for Docker Hub: those that the settings list, and of those on this machine every other way
//! to name them. Who may choose a name for `127.0.0.1:5000` must not thereby choose another policy.
//!
//! A mirror elsewhere is known by its name alone.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
    sync::{Mutex, PoisonError},
};

use tokio::time::timeout;

use super::Dialer;
use crate::authority::{Authority, Host};

/// Names that may be known to lead to a mirror on this machine. With none left, others are not dialled.
const MOST_NAMES: usize = 1024;

/// Names that were seen to lead to a mirror on this machine. They stay so until the door's end: a connection may
/// be kept, and whoever owns a name may have it lead elsewhere meanwhile.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashSet<Authority>>);

impl Names {
    fn has(&self, authority: &Authority) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(authority)
    }

    fn add(&self, authority: &Authority) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < MOST_NAMES {
            names.insert(authority.clone());
        }
    }
}

impl Dialer {
    /// Whether a server stands for Docker Hub. Asks for its addresses where that could tell.
    pub async fn is_mirror(&self, authority: &Authority) -> bool {
        if self.knows_mirror(authority) {
            return true;
        }
        if !self.listed_at(authority.port()).any(|_| true) {
            return false;
        }
        // What cannot be told now is seen where it is dialled.
        let leads = timeout(self.limits.connect, async {
            self.is_here(authority).await && self.has_mirror_here(authority.port()).await
        });
        let leads = leads.await.unwrap_or(false);
        if leads && matches!(authority.host(), Host::Name(_)) {
            self.names.add(authority);
        }
        leads
    }

    /// The same, as far as it is known already.
    #[must_use]
    pub fn knows_mirror(&self, authority: &Authority) -> bool {
        self.listed_at(authority.port()).any(|listed| listed.host().is_same(authority.host()))
            || self.names.has(authority)
    }

    /// Whether a name leads to a mirror on this machine, and was not known to when its request was decided on.
    pub(super) async fn is_new_name(&self, authority: &Authority, addresses: &[IpAddr]) -> bool {
        if authority.host().is_loopback()
            || matches!(authority.host(), Host::Ip(_))
            || self.knows_mirror(authority)
            || !self.listed_at(authority.port()).any(|_| true)
            || !addresses.iter().any(|address| is_here(*address))
            || !self.has_mirror_here(authority.port()).await
        {
            return false;
        }
        self.names.add(authority);
        true
    }

    /// The settings do not say whether a mirror without a port speaks TLS.
    fn listed_at(&self, port: u16) -> impl Iterator<Item = &Authority> {
        let plain = |port| matches!(port, 80 | 443);
        self.settings
            .mirrors
            .iter()
            .filter(move |listed| listed.port() == port || (plain(listed.port()) && plain(port)))
    }

    async fn has_mirror_here(&self, port: u16) -> bool {
        for listed in self.listed_at(port) {
            if self.is_here(listed).await {
                return true;
            }
        }
        false
    }

    async fn is_here(&self, authority: &Authority) -> bool {
        match authority.host() {
            Host::Ip(address) => is_here(*address),
            host if host.is_loopback() => true,
            // The proxy looks it up.
            host if self.settings.proxy_for(host).is_some() => false,
            Host::Name(_) => self
                .resolve(authority)
                .await
                .is_ok_and(|addresses| addresses.iter().any(|address| is_here(address.ip()))),
        }
    }
}

/// Whether an address is this machine's: a service that listens on all of them is reached at each.
fn is_here(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified() || is_own(address)
}

/// The kernel takes an address of this machine as its own end of the way there. Nothing is sent.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let near = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    near.is_ok_and(|near| near.ip() == address)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{limits::Limits, settings::Settings};

    fn authority(text: &str) -> Authority {
        Authority::parse(text, Some(443)).unwrap()
    }

    fn dialer(mirrors: &[&str]) -> Dialer {
        let mirrors = mirrors.iter().map(|text| authority(text)).collect();
        Dialer::new(Arc::new(Settings { mirrors, ..Settings::default() }), Vec::new(), Limits::default())
    }

    #[tokio::test]
    async fn a_mirror_on_this_machine_is_one_under_every_name() {
        for listed in ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "127.0.0.9:5000"] {
            let dialer = dialer(&[listed, "mirror.example"]);
            for host in
                ["localhost", "127.0.0.1", "127.0.0.2", "127.255.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"]
            {
                assert!(dialer.is_mirror(&authority(&format!("{host}:5000"))).await, "{listed} {host}");
                assert!(!dialer.is_mirror(&authority(&format!("{host}:5001"))).await, "{listed} {host}");
            }
            for other in ["192.0.2.1:5000", "[2001:db8::1]:5000", "nobody.invalid:5000", "localhost:443"] {
                assert!(!dialer.is_mirror(&authority(other)).await, "{listed} {other}");
            }
            // Without a port nobody knows how it is asked.
            for other in ["mirror.example:443", "MIRROR.example:80"] {
                assert!(dialer.is_mirror(&authority(other)).await, "{listed} {other}");
            }
            assert!(!dialer.is_mirror(&authority("mirror.example:5000")).await);
        }
    }

    #[tokio::test]
    async fn a_mirror_elsewhere_is_one_under_both_spellings_of_its_address() {
        for (listed, called) in [("10.0.0.5:5000", "[::ffff:a00:5]:5000"), ("[::ffff:10.0.0.5]:5000", "10.0.0.5:5000")]
        {
            let dialer = dialer(&[listed]);
            assert!(
                dialer.is_mirror(&authority(called)).await && dialer.is_mirror(&authority(listed)).await,
                "{called}"
            );
            assert!(!dialer.is_mirror(&authority("10.0.0.6:5000")).await);
        }
    }

    #[tokio::test]
    async fn a_name_that_begins_to_lead_to_one_is_not_dialled_before_that_is_known() {
        let (dialer, name) = (dialer(&["127.0.0.1:5000"]), authority("cache.example:5000"));
        let (here, elsewhere) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 1]));
        assert!(!dialer.is_new_name(&name, &[elsewhere]).await && !dialer.knows_mirror(&name));
        assert!(!dialer.is_new_name(&authority("cache.example:5001"), &[here]).await);
        assert!(dialer.is_new_name(&name, &[elsewhere, here]).await);
        // From then on it is, wherever it leads.
        assert!(dialer.knows_mirror(&name) && dialer.is_mirror(&name).await);
        assert!(!dialer.is_new_name(&name, &[here]).await, "what is decided on as a mirror may be dialled");
        for n in 0..MOST_NAMES * 2 {
            let name = authority(&format!("n{n}.example:5000"));
            assert!(dialer.is_new_name(&name, &[here]).await, "{name}");
        }
        assert!(dialer.names.0.lock().unwrap().len() <= MOST_NAMES);
        assert!(dialer.is_new_name(&authority("one.more.example:5000"), &[here]).await, "nor is it dialled later");
    }

    #[test]
    fn every_address_of_this_machine_is_here() {
        assert!(!is_here(IpAddr::from([192, 0, 2, 1])) && !is_here(IpAddr::from([255, 255, 255, 255])));
        let far = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            socket.connect("192.0.2.1:9")?;
            socket.local_addr()
        });
        if let Ok(own) = far {
            assert!(is_here(own.ip()), "{own}");
        }
    }
}
