//! Where the agent of a user is found: a name in the abstract socket namespace, one for each user and plugin.
//!
//! The agent takes the name as its lock, and answers on it: who connects asks it to compare with the policy service
//! now, and reads one line of JSON when that is done, a [`Compared`]. Anybody can take a name there, so that both ends
//! look at who the other is.

#[cfg_attr(target_os = "linux", path = "agent/abstract_name.rs")]
#[cfg_attr(not(target_os = "linux"), path = "agent/nowhere.rs")]
mod place;

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::place::connect;

/// Who listens there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The user whose process it is.
    pub uid: u32,
    /// The process.
    pub pid: i32,
}

/// What came of a comparison, on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Where the agent stands now.
    pub standing: Standing,
}

/// Where an agent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// What the service wants is in force.
    InForce,
    /// It is being asked, or what it sent is being put in force.
    Busy,
    /// This machine is not enrolled.
    NotEnrolled,
    /// The credentials name nobody, or cannot be read.
    SignedOut,
    /// The service does not accept the credentials.
    Refused,
    /// The service cannot be asked.
    ServiceUnreachable,
    /// The plugin does not answer.
    PluginMissing,
    /// The plugin does not take what the service sent.
    NotTaken,
    /// Said by a later version.
    #[serde(other)]
    Unknown,
}

/// The name of the agent of this user at the plugin with this control socket; the same for each way to write its path.
#[must_use]
pub fn name(uid: u32, control_socket: &Path) -> String {
    // The socket itself may not be there yet.
    let directory = control_socket.parent().and_then(|directory| fs::canonicalize(directory).ok());
    let named = directory.zip(control_socket.file_name()).map(|(at, name)| at.join(name));
    let path = named.unwrap_or_else(|| control_socket.to_owned());
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("pullgate-agent-{uid}-{hash}")
}
