//! Who signs in to the console with the identity provider: sent there, and believed when back.

use std::{net::IpAddr, time::Instant};

use super::{
    super::{
        Verified,
        oidc::{Arrival, Away, Departure},
    },
    LoginError, Logins, OidcError, logged,
};
use crate::{
    address::network,
    model::{CredentialKind, Outcome, TokenScopes, Via},
};

impl Logins {
    /// Host of the provider, for who can be sent there with a browser.
    #[must_use]
    pub fn for_browsers(&self) -> Option<&str> {
        let issuer = self.oidc.issuer();
        let host = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
        self.oidc.takes_browsers().then(|| host.split('/').next().unwrap_or(host))
    }

    /// Sends a browser to the provider; it goes on at `next` afterwards.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn depart(&self, next: &str, peer: IpAddr) -> Result<Departure, LoginError> {
        self.depart.pay(network(peer), Instant::now()).map_err(LoginError::Limited)?;
        self.oidc.depart(next).await.map_err(logged)
    }

    /// What a browser left with, if it is the one that comes back.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn back(&self, arrival: Arrival<'_>) -> Result<Away, LoginError> {
        Ok(self.oidc.away(arrival)?)
    }

    /// Who came back.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn arrive(&self, away: &Away, arrival: Arrival<'_>, peer: IpAddr) -> Result<Verified, LoginError> {
        // What did not leave from here costs nobody a place: strangers would keep people from arriving.
        self.arrive.pay(network(peer), Instant::now()).map_err(LoginError::Limited)?;
        let person = self.oidc.arrive(away, arrival).await.map_err(logged).inspect_err(|error| {
            if let LoginError::Oidc(OidcError::Denied | OidcError::IdToken(_)) = error {
                self.note(Via::Browser, String::new(), Outcome::Wrong, peer, None);
            }
        })?;
        let account = self.account(&person).await;
        let account = account.inspect_err(|error| self.note_refused(Via::Browser, &person, error, peer))?;
        self.note(Via::Browser, account.name.clone(), Outcome::Accepted, peer, None);
        Ok(Verified {
            account,
            credential: CredentialKind::Oidc,
            scopes: TokenScopes::all(),
            credential_expires_at: None,
            agent_token_seconds: None,
            token_id: None,
        })
    }
}
