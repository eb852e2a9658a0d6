//! `requests`.

use clap::Subcommand;

use crate::{model::AccessState, names::Name, validity::parse_seconds};

/// `requests`.
#[derive(Debug, Subcommand)]
pub enum RequestsCommand {
    /// Print requests, newest first
    List {
        /// Only those of this state
        #[arg(long, value_enum)]
        state: Option<AccessState>,
        /// Only those to this organization
        #[arg(long, value_name = "ORG")]
        org: Option<Name>,
        /// At most this many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Allow what was asked for: a rule in the allowlist, for the person who asked
    Approve {
        /// The request's id
        id: String,
        /// For so long, for example `30d`; without it, for good
        #[arg(long = "for", value_name = "TIME", value_parser = parse_seconds)]
        lasts: Option<i64>,
        /// For everybody in the organization
        #[arg(long, conflicts_with = "team")]
        for_everyone: bool,
        /// For a team of the person who asked
        #[arg(long)]
        team: Option<Name>,
        /// Other images than was asked for, as in the allowlist: `evil/*`
        #[arg(long)]
        pattern: Option<String>,
        /// A word to the person who asked; members see it in the rule's reason
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Say no
    Deny {
        /// The request's id
        id: String,
        /// Why, for the person who asked
        #[arg(long)]
        reason: String,
    },
}
