//! Publishers of Docker Hub: which badge a namespace has, and who says so.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A publisher's badge on Docker Hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Badge {
    /// Docker Verified Publisher.
    VerifiedPublisher,
    /// Docker-Sponsored Open Source.
    SponsoredOpenSource,
}

/// Who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BadgeSource {
    /// Somebody here. No refresh changes it.
    Hand,
    /// Docker Hub's search, at the last refresh.
    DockerHub,
}

/// A row of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// On Docker Hub.
    pub namespace: String,
    /// Its badge.
    pub badge: Badge,
    /// Who says so.
    pub source: BadgeSource,
}
