//! What a policy settles beyond which images may be pulled.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `docker load`, `docker import`, `docker plugin create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LocalContent {
    /// May come in.
    #[default]
    Allow,
    /// Refuse.
    Deny,
}

/// Starting a container from an image that came in earlier and would be refused today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunUnapproved {
    /// It starts.
    #[default]
    Allow,
    /// It starts, and is recorded as what would have been refused.
    Warn,
    /// Refuse.
    Deny,
}

/// Installing and upgrading managed engine plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnginePlugins {
    /// Judged by their name, as images are.
    #[default]
    AsImages,
    /// Refuse.
    Deny,
}

/// Swarm; services are judged by their images unless they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SwarmUse {
    /// Swarms that start here; joining another machine's is refused.
    #[default]
    Own,
    /// Joining too.
    Allow,
    /// Neither swarms nor services.
    Deny,
}

/// Builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Builds {
    /// They run; what they fetch is not seen.
    #[default]
    Allow,
    /// Refuse.
    Deny,
}

/// Containers of BuildKit, which fetch by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerBuilders {
    /// Judged as any other image.
    #[default]
    Allow,
    /// Refuse.
    Deny,
}

/// Writes that the machine's pullgate does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownRequests {
    /// Refuse.
    #[default]
    Deny,
    /// Let through.
    Allow,
}

/// All of them. Each default is what Docker's own product does.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize)]
pub struct Beyond {
    /// Content that no registry vouches for.
    pub local_content: LocalContent,
    /// Starts of what is here and would be refused today.
    pub run_unapproved: RunUnapproved,
    /// Managed engine plugins.
    pub engine_plugins: EnginePlugins,
    /// Swarm.
    pub swarm: SwarmUse,
    /// Builds.
    pub builds: Builds,
    /// Containers of BuildKit.
    pub container_builders: ContainerBuilders,
    /// What is not known.
    pub unknown_requests: UnknownRequests,
    /// Patterns of repositories that may be pushed to, sorted. None: anywhere; empty: nowhere.
    pub push: Option<Vec<String>>,
    /// The tamper guard.
    pub protect: bool,
    /// Patterns of images that it leaves alone, sorted; they stay while it is off.
    pub protect_allow: Vec<String>,
}
