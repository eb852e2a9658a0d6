//! `publisher`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::{model::Badge, names::Name, outgoing::Base};

/// `publisher`.
#[derive(Debug, Subcommand)]
pub enum PublisherCommand {
    /// Give a Docker Hub namespace its badge, by hand: no refresh changes it from then on
    Set {
        /// Namespace
        namespace: Name,
        /// Badge
        #[arg(value_enum)]
        badge: Badge,
    },
    /// Take the badge away; a refresh gives it anew where Docker Hub still shows it
    Remove {
        /// Namespace
        namespace: Name,
    },
    /// Print all
    List,
    /// Make the directory as Docker Hub's search shows it; what was given by hand stays as it is
    Refresh(RefreshOptions),
}

/// Settings of `publisher refresh`.
#[derive(Debug, Args)]
pub struct RefreshOptions {
    /// Whose search to ask
    #[arg(long, value_name = "URL", default_value_t = Base::docker_hub())]
    pub url: Base,
    /// Authorities to trust there besides the system's, in PEM
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Print what it would change, and change nothing
    #[arg(long, conflicts_with = "confirm")]
    pub dry_run: bool,
    /// How many namespaces lose their badge by it; asked for when they are more than a tenth of those from Docker Hub
    #[arg(long, value_name = "NAMESPACES")]
    pub confirm: Option<u32>,
}
