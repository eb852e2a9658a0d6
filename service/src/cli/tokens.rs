//! `token` and `organization token`.

use clap::{Args, Subcommand};

use crate::{model::TokenScope, names::Name};

/// `token`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once
    Create {
        /// User name
        user: Name,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may be used for and until when.
        #[command(flatten)]
        limits: TokenLimits,
    },
    /// Print a user's tokens, without their secrets
    List {
        /// User name
        user: Name,
    },
    /// End a token; the user has to sign in again everywhere
    Revoke {
        /// Its id, or the whole token
        id: String,
    },
}

/// `organization token`.
#[derive(Debug, Subcommand)]
pub enum OrganizationTokenCommand {
    /// Make a token and print it, once; it signs in with the organization's name as the user name
    Create {
        /// Organization
        org: Name,
        /// What it is for; unique in the organization
        #[arg(long)]
        name: Name,
        /// A team whose rules hold for it; it is made where there is none of that name
        #[arg(long)]
        team: Vec<Name>,
        /// What it may be used for and until when.
        #[command(flatten)]
        limits: TokenLimits,
    },
    /// Print the organization's tokens, without their secrets
    List {
        /// Organization
        org: Name,
    },
    /// End a token; every machine that signed in with it is signed out
    Revoke {
        /// Organization
        org: Name,
        /// Its id, or the whole token
        id: String,
    },
}

/// What a token may be used for and until when.
#[derive(Debug, Args)]
pub struct TokenLimits {
    /// What it may be used for
    #[arg(long, value_enum, default_value = "sign-in")]
    pub scope: Vec<TokenScope>,
    /// When it ends: after a time like `90d`, or at one like `2027-01-31T00:00:00Z`; without it, never
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
}
