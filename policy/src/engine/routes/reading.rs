//! How a route is read: what it can do, what is taken from it, what decides.

use super::super::{
    asked::{Asked, Result},
    builds, containers, images, plugins, services, volumes,
};
use crate::action::Governed;

/// How a route is read. Each reading is documented by three texts, which the reference prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Not at all: it brings nothing in and opens nothing.
    Nothing,
    /// `images::create`.
    Pull,
    /// `images::load`.
    Load,
    /// `images::distribution`.
    Distribution,
    /// `images::push`.
    Push,
    /// `images::tag`.
    Tag,
    /// `images::commit`.
    Commit,
    /// `builds::build`.
    Build,
    /// `builds::tunnel`.
    Tunnel,
    /// `containers::create`.
    Create,
    /// `containers::start`.
    Start,
    /// `containers::exec`.
    Exec,
    /// `containers::checkpoint_create`.
    CheckpointCreate,
    /// `containers::checkpoint_remove`.
    CheckpointRemove,
    /// `volumes::create`.
    VolumeCreate,
    /// `volumes::network`.
    NetworkCreate,
    /// `services::create`.
    ServiceCreate,
    /// `services::update`.
    ServiceUpdate,
    /// `services::init`.
    SwarmInit,
    /// `services::join`.
    SwarmJoin,
    /// `plugins::privileges`.
    PluginPrivileges,
    /// `plugins::pull`.
    PluginPull,
    /// `plugins::upgrade`.
    PluginUpgrade,
    /// `plugins::create`.
    PluginCreate,
    /// `plugins::enable`.
    PluginEnable,
    /// `plugins::set`.
    PluginSet,
    /// `plugins::push`.
    PluginPush,
}

/// What the reference says about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What the route can do: fetch, bring content in, start, push out, escape.
    pub can: &'static str,
    /// What the plugin takes from the request.
    pub takes: &'static str,
    /// What decides.
    pub decides: &'static str,
}

impl Reading {
    /// For the reference.
    #[must_use]
    pub const fn about(self) -> About {
        let (can, takes, decides) = match self {
            Self::Nothing => ("", "", "always allowed"),
            Self::Pull => (
                "fetches an image, or all its tags; without `fromImage` brings content in",
                "`fromImage`, `tag`; for an import `fromSrc`, `repo`, `tag`",
                "the policy by name, `container_builders`; an import: `local_content`, and refused where its body is not shown",
            ),
            Self::Load => ("brings content in under any name", "nothing is shown", "`local_content`"),
            Self::Distribution => {
                ("fetches a manifest and keeps nothing", "the name in the path", "the policy by name")
            }
            Self::Push => ("sends content out", "the name in the path", "`push`"),
            Self::Tag => (
                "gives content another name",
                "the name in the path, `repo`, `tag`",
                "allowed and remembered, for `run_unapproved`",
            ),
            Self::Commit => {
                ("gives content made here a name", "`repo`, `tag`", "allowed and remembered, for `run_unapproved`")
            }
            Self::Build => (
                "fetches what a Dockerfile names, which is not shown",
                "`cachefrom`, `BUILDKIT_SYNTAX` of `buildargs`, `cgroupparent`",
                "`builds`; images that are named: the policy; a control group of its own is refused where containers are kept from registries",
            ),
            Self::Tunnel => ("fetches what comes through a tunnel, which is not shown", "nothing is shown", "`builds`"),
            Self::Create => (
                "starts from an image that is here; may open the host",
                "`Image`, mounted images; binds, mounts, devices, capabilities, namespaces, security options, `CgroupParent`",
                "`run_unapproved`, `container_builders`, `protect`; a control group of its own is refused where containers are kept from registries; refused where its body is not shown",
            ),
            Self::Start => ("starts; may read a checkpoint anywhere on the host", "`checkpoint-dir`", "`protect`"),
            Self::Exec => ("runs in a container; may open the host", "`Privileged`", "`protect`"),
            Self::CheckpointCreate => ("may write anywhere on the host", "`CheckpointDir`", "`protect`"),
            Self::CheckpointRemove => ("may remove anywhere on the host", "`dir`", "`protect`"),
            Self::VolumeCreate => ("may open the host", "`Driver`, `DriverOpts`", "`protect`"),
            Self::NetworkCreate => ("may dial a driver anywhere on the host", "`Driver`, `IPAM.Driver`", "`protect`"),
            Self::ServiceCreate => (
                "swarm fetches an image or an engine plugin later, unseen; may open the host",
                "`Image` or the plugin's `remote`, as `Runtime` says; mounts, capabilities",
                "`swarm`, the policy by name, `engine_plugins`, `protect`; refused where its body is not shown",
            ),
            Self::ServiceUpdate => (
                "as create; `rollback` brings back what the request does not name",
                "as create; `rollback`",
                "as create; a rollback is refused while a policy is on",
            ),
            Self::SwarmInit => ("starts a swarm", "nothing", "`swarm`"),
            Self::SwarmJoin => ("lets another machine start any image here", "nothing", "`swarm`"),
            Self::PluginPrivileges => {
                ("fetches a plugin's manifest and configuration", "`remote`", "`engine_plugins`, the policy by name")
            }
            Self::PluginPull => (
                "fetches an engine plugin, which runs as root",
                "`remote`, `name`, the rights in the body",
                "`engine_plugins`, the policy by name, `protect`; pullgate's own name is refused where a policy is on; refused where its body is not shown",
            ),
            Self::PluginUpgrade => (
                "fetches an engine plugin, which runs as root",
                "`remote`, the name in the path, the rights in the body",
                "as for a pull of a plugin",
            ),
            Self::PluginCreate => (
                "brings an engine plugin in",
                "`name`",
                "`local_content`; pullgate's own name is refused where a policy is on",
            ),
            Self::PluginEnable => (
                "starts an engine plugin",
                "the name in the path",
                "pullgate's own name is refused where a policy is on",
            ),
            Self::PluginSet => ("may open the host to an engine plugin", "the paths in the body", "`protect`"),
            Self::PluginPush => ("sends content out", "the name in the path", "`push`"),
        };
        About { can, takes, decides }
    }

    pub(in super::super) fn read(self, asked: &Asked<'_>) -> Result<Governed> {
        match self {
            Self::Nothing => Ok(asked.governed(alloc::vec::Vec::new())),
            Self::Pull => images::create(asked),
            Self::Load => images::load(asked),
            Self::Distribution => images::distribution(asked),
            Self::Push => images::push(asked),
            Self::Tag => images::tag(asked),
            Self::Commit => images::commit(asked),
            Self::Build => builds::build(asked),
            Self::Tunnel => builds::tunnel(asked),
            Self::Create => containers::create(asked),
            Self::Start => containers::start(asked),
            Self::Exec => containers::exec(asked),
            Self::CheckpointCreate => containers::checkpoint_create(asked),
            Self::CheckpointRemove => containers::checkpoint_remove(asked),
            Self::VolumeCreate => volumes::create(asked),
            Self::NetworkCreate => volumes::network(asked),
            Self::ServiceCreate => services::create(asked),
            Self::ServiceUpdate => services::update(asked),
            Self::SwarmInit => services::init(asked),
            Self::SwarmJoin => services::join(asked),
            Self::PluginPrivileges => plugins::privileges(asked),
            Self::PluginPull => plugins::pull(asked),
            Self::PluginUpgrade => plugins::upgrade(asked),
            Self::PluginCreate => plugins::create(asked),
            Self::PluginEnable => plugins::enable(asked),
            Self::PluginSet => plugins::set(asked),
            Self::PluginPush => plugins::push(asked),
        }
    }
}
