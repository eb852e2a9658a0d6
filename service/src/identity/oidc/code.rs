//! The sign-in of a browser (authorization code flow, with PKCE): to the provider, and back with a code.
//!
//! <https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth>, RFC 7636, RFC 9207. What binds the two halves
//! is a cookie of that browser: a link that somebody else made leads to nobody's account.

use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    core::{CoreAuthenticationFlow, CoreErrorResponseType},
};
use sha2::{Digest as _, Sha256};

use super::{
    Oidc, OidcError, UnavailableError,
    handle::Away,
    id_token::{Expected, Person},
    random, refused,
};
use crate::clock;

/// Where the provider sends browsers back to; it is registered there, behind the console's address.
const CALLBACK: &str = "/sign-in/callback";
/// Longest time at the provider, in seconds.
const LONGEST: i64 = 900;
/// Longest code that is handed on, in bytes.
const MAX_BYTES: usize = 4096;

/// A browser that leaves for the provider.
#[derive(Debug)]
pub struct Departure {
    /// The provider's page.
    pub url: String,
    /// What the browser holds until it is back, a quarter of an hour at most.
    pub handle: String,
}

/// A browser that comes back. All of it came through that browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arrival<'a> {
    /// What it held.
    pub handle: &'a str,
    /// What was sent along.
    pub state: &'a str,
    /// The provider's word for a person; empty: none.
    pub code: &'a str,
    /// Why there is none.
    pub error: &'a str,
    /// Who says so, where the provider says that.
    pub issuer: Option<&'a str>,
}

impl Oidc {
    /// Whether browsers can be sent there: the settings say where they come back to.
    #[must_use]
    pub fn takes_browsers(&self) -> bool {
        self.settings.console_url.is_some()
    }

    /// Sends a browser to the provider; it goes on at `next` afterwards.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn depart(&self, next: &str) -> Result<Departure, OidcError> {
        let metadata = self.metadata().await?;
        let (state, nonce) = (random()?, random()?);
        // 43 characters at least (RFC 7636, 4.1).
        let verifier = format!("{}{}", random()?, random()?);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let client = self.client(&metadata).set_redirect_uri(self.redirect_uri()?);
        let (csrf, once) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let request = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, || csrf, || once);
        let request = request.add_scopes(self.settings.scopes.iter().cloned().map(Scope::new));
        let (url, ..) = request.set_pkce_challenge(challenge).url();
        let away = Away {
            issuer: self.settings.issuer.clone(),
            state,
            nonce,
            verifier,
            next: next.to_owned(),
            exp: clock::now().saturating_add(LONGEST),
        };
        Ok(Departure { url: url.into(), handle: self.handles.seal(&away) })
    }

    /// What a browser left with, if it is the one that comes back. The provider is not asked.
    ///
    /// # Errors
    /// [`OidcError::Foreign`], [`OidcError::Expired`].
    pub(in crate::identity) fn away(&self, arrival: Arrival<'_>) -> Result<Away, OidcError> {
        let away: Away = self.held(arrival.handle)?;
        // Digests: what the time tells says nothing about either.
        let same_state = Sha256::digest(&away.state) == Sha256::digest(arrival.state);
        let same_issuer = arrival.issuer.is_none_or(|issuer| issuer == self.settings.issuer);
        if same_state && same_issuer { Ok(away) } else { Err(OidcError::Foreign) }
    }

    /// Who came back.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(in crate::identity) async fn arrive(&self, away: &Away, arrival: Arrival<'_>) -> Result<Person, OidcError> {
        let Arrival { code, error, .. } = arrival;
        match error {
            "" if code.is_empty() || code.len() > MAX_BYTES => return Err(OidcError::Foreign),
            "" => {}
            "access_denied" => {
                tracing::info!(
                    "the identity provider refuses a sign-in: the person said no, or may not use this client"
                );
                return Err(OidcError::Denied);
            }
            // A word of a list (RFC 6749, 4.1.2.1), or whatever somebody typed into the address.
            other => {
                let plain = other.chars().filter(|c| c.is_ascii_graphic()).take(80).collect();
                return Err(OidcError::Unavailable(UnavailableError::Refused(plain)));
            }
        }
        let _place = self.places.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = self.metadata().await?;
        let client = self.client(&metadata).set_redirect_uri(self.redirect_uri()?);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|error| OidcError::Unavailable(error.into()))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()));
        let answer = request.request_async(&self.http).await.map_err(|error| match &error {
            // A code that it does not know (any more): used, or too old.
            RequestTokenError::ServerResponse(answer) if *answer.error() == CoreErrorResponseType::InvalidGrant => {
                let why = answer.error_description().map(|text| crate::plain::plain(text.chars().take(200).collect()));
                tracing::info!(?why, "the identity provider does not know a code of its own, or no longer");
                OidcError::Expired
            }
            other => OidcError::Unavailable(refused(other)),
        })?;
        self.person(&metadata, &answer, Expected::Repeated(&away.nonce)).await
    }

    fn redirect_uri(&self) -> Result<RedirectUrl, OidcError> {
        let no_console = || OidcError::Unavailable(UnavailableError::NoConsole);
        let console = self.settings.console_url.as_ref().ok_or_else(no_console)?;
        RedirectUrl::new(console.join(CALLBACK)).map_err(|_| no_console())
    }
}
