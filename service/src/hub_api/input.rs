//! What a request says, or why it cannot be read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
};
use http::request::Parts;
use serde::{Deserialize, de::DeserializeOwned};

use super::refused::Refused;
use crate::{
    names::Name,
    rest::{self, Code, Refusal},
};

/// The parts of a path. One that cannot be a name is the name of nothing.
pub(super) struct At<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(at)) => Ok(Self(at)),
            Err(_) => Err(Refused::not_found()),
        }
    }
}

/// A body of JSON. Fields that are not known are left alone: Docker's tools send some that mean nothing here.
/// A `Content-Type` is not asked for: only the bearer of a token gets so far, which no form of another site has.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, state).await.map_err(rest::unread)?;
        if rest::has_nul(&bytes) {
            return Err(Refusal::new(Code::Malformed, "the body holds a NUL").into());
        }
        let body = serde_json::from_slice(&bytes);
        body.map(Self)
            .map_err(|error| Refusal::new(Code::Malformed, format!("the body cannot be read: {error}")).into())
    }
}

/// `/orgs/{organization}`.
#[derive(Deserialize)]
pub(super) struct Organization {
    pub organization: Name,
}

/// `/orgs/{organization}/members/{user}`.
#[derive(Deserialize)]
pub(super) struct Member {
    pub organization: Name,
    pub user: Name,
}

/// `/invites/{id}`.
#[derive(Deserialize)]
pub(super) struct Thing {
    #[serde(deserialize_with = "rest::id")]
    pub id: String,
}

/// `/access-tokens/{token}`.
#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(deserialize_with = "rest::id")]
    pub token: String,
}

/// `/orgs/{organization}/access-tokens/{token}`.
#[derive(Deserialize)]
pub(super) struct OrganizationToken {
    pub organization: Name,
    #[serde(deserialize_with = "rest::id")]
    pub token: String,
}

/// `/orgs/{organization}/groups/{team}`.
#[derive(Deserialize)]
pub(super) struct Team {
    pub organization: Name,
    pub team: Name,
}

/// `/orgs/{organization}/groups/{team}/members/{user}`.
#[derive(Deserialize)]
pub(super) struct TeamMember {
    pub organization: Name,
    pub team: Name,
    pub user: Name,
}
