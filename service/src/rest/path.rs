//! Parts of paths.

use serde::{Deserialize, Deserializer, de};
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
    #[serde(deserialize_with = "id")]
    #[param(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9]+$")]
    pub id: String,
}

/// A thing of one's own, by its id.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Own {
    /// Its id.
    #[serde(deserialize_with = "id")]
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

/// Of a form that an id can have: what the database is asked for is never more than that.
pub fn id<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    let id = String::deserialize(value)?;
    match (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        true => Ok(id),
        false => Err(de::Error::custom("this is no id")),
    }
}
