//! Parts of paths.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::names::Name;

/// An organization.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Organization {
    /// Name of the organization.
    pub organization: Name,
}

/// A thing of an organization, by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Thing {
    /// Name of the organization.
    pub organization: Name,
    /// Its id.
    #[param(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+$")]
    pub id: String,
}

/// A thing of one's own, by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Own {
    /// Its id.
    #[param(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+$")]
    pub id: String,
}

/// A member of an organization.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct User {
    /// Name of the organization.
    pub organization: Name,
    /// User name.
    pub user: Name,
}

/// A team of an organization.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Team {
    /// Name of the organization.
    pub organization: Name,
    /// Name of the team.
    pub team: Name,
}

/// A member of a team.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TeamUser {
    /// Name of the organization.
    pub organization: Name,
    /// Name of the team.
    pub team: Name,
    /// User name.
    pub user: Name,
}

/// A Docker Hub namespace of an organization.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Namespace {
    /// Name of the organization.
    pub organization: Name,
    /// Docker Hub namespace.
    pub namespace: Name,
}

/// A registry of an organization's list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Registry {
    /// Name of the organization.
    pub organization: Name,
    /// Host, with its port where that is not 443; `*.corp.example` for every host below a domain.
    #[param(min_length = 1, max_length = 255, pattern = "^[a-z0-9*.:-]+$")]
    pub host: String,
}

/// A publisher.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Publisher {
    /// Docker Hub namespace.
    pub namespace: Name,
}
