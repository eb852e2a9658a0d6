//! Docker Hub's word on its own users: who they are, and to which organizations they belong.

mod client;

use std::path::Path;

use proto::chain;

use self::client::{Client, HubUser, Shown};
pub use self::client::{HubError, Question};
use super::{
    SignInError, Verified,
    external::{self, Claim, Says},
};
use crate::{
    model::{CredentialKind, TokenScope, TokenScopes},
    outgoing::{Base, Outgoing, RootsError},
    store::Store,
};

/// Asks Docker Hub.
pub struct DockerHub {
    client: Client,
    recheck_seconds: i64,
}

impl DockerHub {
    /// Asks at this address. A machine's credential is looked at again after so many seconds.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn new(base: Base, ca_file: Option<&Path>, recheck_seconds: i64) -> Result<Self, RootsError> {
        let outgoing = Outgoing::new(ca_file, base.encryption())?;
        Ok(Self { client: Client::new(outgoing, base), recheck_seconds })
    }

    /// The account of a user of Docker Hub, made or brought up to date. The user name is trimmed
    /// and lower case; attempts were limited before.
    ///
    /// # Errors
    /// [`SignInError`].
    pub(super) async fn verify(&self, store: &Store, question: Question<'_>) -> Result<Verified, SignInError> {
        let HubUser { name, shown, organizations } = self.client.ask(question).await.map_err(refused)?;
        let says = Says::DockerHub { organizations: &organizations };
        let account = external::settle(store, Claim { name: &name, says }).await?;
        let scopes = match shown {
            Shown::Password => TokenScopes::all(),
            // It lies about in many files; what its owner decides here takes more.
            Shown::AccessToken => [TokenScope::SignIn, TokenScope::OrgRead].into_iter().collect(),
        };
        Ok(Verified {
            account,
            credential: CredentialKind::DockerHub,
            scopes,
            credential_expires_at: None,
            agent_token_seconds: Some(self.recheck_seconds),
            token_id: None,
        })
    }
}

fn refused(error: HubError) -> SignInError {
    match error {
        HubError::Wrong => SignInError::Wrong,
        HubError::TwoFactor | HubError::OrganizationToken | HubError::Scope | HubError::Name => {
            SignInError::Unfit(error.to_string())
        }
        HubError::Code => {
            tracing::warn!("a wrong code of a second factor after a right password of Docker Hub");
            SignInError::Code(error.to_string())
        }
        HubError::Limited(wait) => SignInError::Later(error.to_string(), wait),
        HubError::Busy => SignInError::Busy,
        HubError::Call(_) | HubError::Slow | HubError::Strange { .. } => {
            tracing::warn!(error = %chain(&error), "Docker Hub gives no answer");
            SignInError::Unavailable("Docker Hub cannot be asked now; try again later".to_owned())
        }
    }
}
