//! A cable between two networks, as slow as wanted. It ends with either of them.

use installer::lab::{Lab, LabError, installed};
use std::net::Ipv4Addr;

use super::{Names, Network};

/// What both ends are called.
const END: &str = "cable";
/// Their addresses.
const NEAR: &str = "10.8.0.1";
const FAR: &str = "10.8.0.2";
/// What may leave at once, and how long what follows may wait: a switch is about like that.
const SHAPE: [&str; 4] = ["burst", "256kb", "latency", "20ms"];

/// How much goes through in a second, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    mbit: u32,
}

impl Rate {
    /// 1 Gbit/s, which is what most developers' machines are connected with at best.
    pub const GIGABIT: Self = Self::mbit(1_000);

    /// So many millions of bits.
    #[must_use]
    pub const fn mbit(mbit: u32) -> Self {
        Self { mbit }
    }
}

impl Network {
    /// Makes another network with these addresses at the other end of a cable, which is as fast as the machine.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn beyond(&self, lab: &Lab, addresses: &[Ipv4Addr]) -> Result<Self, LabError> {
        let nobody: Names = |_| Ipv4Addr::LOCALHOST;
        let far = Self::start_as("beyond", lab, addresses, nobody).await?;
        let other = far.holder_id().to_string();
        self.ip(&["link", "add", END, "type", "veth", "peer", "name", END, "netns", &other]).await?;
        for (network, address, gateway) in [(self, NEAR, FAR), (&far, FAR, NEAR)] {
            network.ip(&["address", "add", &format!("{address}/30"), "dev", END]).await?;
            network.ip(&["link", "set", END, "up"]).await?;
            network.ip(&["route", "add", "default", "via", gateway]).await?;
        }
        Ok(far)
    }

    /// From now on no more than this goes through the cable.
    ///
    /// # Errors
    /// When the kernel cannot do it.
    pub async fn limit(&self, far: &Self, rate: Rate) -> Result<(), LabError> {
        let rate = format!("{}mbit", rate.mbit);
        for network in [self, far] {
            let command = network.run(&installed("tc", "iproute2")?, "tc")?;
            let command = command.args(["qdisc", "replace", "dev", END, "root", "tbf", "rate", &rate]).args(SHAPE);
            command.run().await?.success()?;
        }
        Ok(())
    }

    async fn ip(&self, args: &[&str]) -> Result<(), LabError> {
        self.run(&installed("ip", "iproute2")?, "ip")?.args(args).run().await?.success().map(|_| ())
    }
}
