//! That somebody changed a firewall rule: a hint to look, told by the kernel. What was changed is
//! not read.

use std::{io, os::fd::OwnedFd};

use rustix::{
    io::Errno,
    net::{AddressFamily, RecvFlags, SocketFlags, SocketType, netlink},
};

/// `NFNLGRP_NFTABLES` (linux/netfilter/nfnetlink.h) is group 7; the mask counts from bit 0.
const NFTABLES: u32 = 1 << (7 - 1);

/// The kernel's word of changes in this network namespace.
#[derive(Debug)]
pub struct Changes(OwnedFd);

impl Changes {
    /// # Errors
    /// When the kernel gives no such word.
    pub fn listen() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::NETFILTER))?;
        rustix::net::bind(&socket, &netlink::SocketAddrNetlink::new(0, NFTABLES))?;
        Ok(Self(socket))
    }

    /// Whether there was one since the last call. Never waits.
    pub fn were(&self) -> bool {
        let (mut heard, mut rest) = (false, [0_u8; 4096]);
        loop {
            match rustix::net::recv(&self.0, &mut rest, RecvFlags::TRUNC) {
                // More than could be kept: there were changes.
                Ok(_) | Err(Errno::NOBUFS) => heard = true,
                Err(Errno::INTR) => {}
                Err(_) => return heard,
            }
        }
    }
}
