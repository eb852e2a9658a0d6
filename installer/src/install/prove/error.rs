//! What was not proved.

use std::path::PathBuf;

use proto::paths;

/// What was not proved, in the words of whoever was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Nobody answers on the plugin's socket.
    #[error("the plugin does not answer on `{}`: {why}; `systemctl status pullgate-plugin` says more", .socket.display())]
    PluginSilent {
        /// Its socket.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Somebody answers there, and not what an engine could use.
    #[error("the plugin answers {status}: {said}; `systemctl status pullgate-plugin` says more")]
    PluginStatus {
        /// The answer's status.
        status: u16,
        /// The answer.
        said: String,
    },
    /// It answers what is wrong with it, and nothing else.
    #[error("{0}; `systemctl status pullgate-plugin` says more")]
    CannotStart(String),
    /// Something else is behind the socket.
    #[error(
        "what answers on the plugin's socket says `{0}` of itself; is another program behind it? (`ss -lxp` says what)"
    )]
    NoPlugin(String),
    /// It lets a probe pass.
    #[error("the plugin does not refuse a probe: `{0}`; is it of this version? `pullgate-plugin --version` says it")]
    PluginLenient(String),
    /// It refuses `docker ps` and the like.
    #[error("the plugin refuses what no policy is about: `{0}`; `pullgate doctor` says more")]
    PluginStrict(String),
    /// Nobody answers where the registry door should be.
    #[error("the registry door does not answer on `{door}`: {0}; `systemctl status pullgate-proxy` says more", door = paths::DOOR)]
    DoorSilent(String),
    /// It opens no connection.
    #[error("the registry door answers {0} to a CONNECT; `journalctl -u pullgate-proxy` says more")]
    DoorStatus(u16),
    /// Something else is on its port.
    #[error("what answers on `{door}` is no registry door: {status} {said}; `ss -ltnp` says what it is", door = paths::DOOR)]
    NoDoor {
        /// The answer's status.
        status: u16,
        /// The answer's first line.
        said: String,
    },
    /// None has asked the plugin what is in force.
    #[error("no registry door follows the plugin; `systemctl status pullgate-proxy` says more")]
    NoDoorFollows,
    /// The engine says nothing.
    #[error("the engine does not answer on `{}`: {why}", .socket.display())]
    EngineSilent {
        /// Its socket.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It answers without the plugin.
    #[error("the engine does not ask the plugin: {0}")]
    NotAsked(String),
    /// It answers with the plugin, and should not.
    #[error("the engine still asks the plugin")]
    StillAsked,
    /// It does not answer without the plugin.
    #[error("the engine waits for the plugin: {0}")]
    Waits(String),
    /// It fetches, but not through the registry door.
    #[error("what the engine fetches does not go through the registry door: {0}")]
    PastTheDoor(String),
}
