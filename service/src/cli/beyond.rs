//! Flags of `policy set` beyond which images may be pulled.

use clap::Args;

use crate::model::{Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests};

/// What is given replaces what was set; the rest stays.
#[derive(Debug, Args)]
#[command(next_help_heading = "Beyond pulls")]
pub struct BeyondOptions {
    /// `docker load`, `docker import` and `docker plugin create`
    #[arg(long, value_enum)]
    pub local_content: Option<LocalContent>,
    /// Starting a container from an image that is there and that the policy would refuse today
    #[arg(long, value_enum)]
    pub run_unapproved: Option<RunUnapproved>,
    /// Installing and upgrading engine plugins
    #[arg(long, value_enum)]
    pub engine_plugins: Option<EnginePlugins>,
    /// Swarm: only swarms that start on the machine, joining others too, or none
    #[arg(long, value_enum)]
    pub swarm: Option<SwarmUse>,
    /// Builds, whose images only the registry door sees
    #[arg(long, value_enum)]
    pub builds: Option<Builds>,
    /// Builders in containers (`moby/buildkit`), which fetch by themselves
    #[arg(long, value_enum)]
    pub container_builders: Option<ContainerBuilders>,
    /// Requests that change something and that the machine's pullgate does not know
    #[arg(long, value_enum)]
    pub unknown_requests: Option<UnknownRequests>,
    /// Repositories that may be pushed to, as in an allowlist; given once or more, they replace the list
    #[arg(long, value_name = "PATTERN")]
    pub push: Vec<String>,
    /// Pushes are not restricted
    #[arg(long, conflicts_with_all = ["push", "push_nowhere"])]
    pub push_anywhere: bool,
    /// Nothing may be pushed
    #[arg(long, conflicts_with = "push")]
    pub push_nowhere: bool,
    /// The tamper guard: refuse requests that reach the machine beyond a container
    #[arg(long, value_name = "BOOL")]
    pub protect: Option<bool>,
    /// Images that the tamper guard leaves alone, as in an allowlist; given once or more, they replace the list
    #[arg(long, value_name = "PATTERN")]
    pub protect_allow: Vec<String>,
    /// Empty the list of images that the tamper guard leaves alone
    #[arg(long, conflicts_with = "protect_allow")]
    pub no_protect_allow: bool,
}
