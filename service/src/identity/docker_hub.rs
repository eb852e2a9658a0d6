//! Docker Hub's word on its own users.

use proto::secret::Secret;

use super::{SignInError, Verified};
use crate::store::Store;

mod client;

/// Asks Docker Hub. Not here yet: there is no value of it.
pub enum DockerHub {}

impl DockerHub {
    /// The account of a user of Docker Hub, made or brought up to date. The user name is trimmed
    /// and lower case; attempts were limited before.
    ///
    /// # Errors
    /// [`SignInError`].
    pub(super) async fn verify(
        &self,
        _store: &Store,
        _username: &str,
        _secret: Secret,
    ) -> Result<Verified, SignInError> {
        match *self {}
    }
}
