//! The organization's identity provider (OpenID Connect).
//!
//! The service asks, because the client secret stays with it: for a machine by [`device`] flow, for a browser by
//! authorization [`code`]. Whoever signs in holds meanwhile all there is to know about it ([`handle`]), so that the
//! service keeps nothing.

mod code;
mod device;
mod handle;
mod id_token;
mod provider;
mod settings;

use std::sync::Arc;

use openidconnect::{
    AuthType, ClientId, ClientSecret, ConfigurationError, IssuerUrl, RequestTokenError, TokenResponse as _,
    core::{CoreClient, CoreClientAuthMethod, CoreTokenResponse},
};
use tokio::sync::Semaphore;

pub use self::{
    code::{Arrival, Departure},
    device::{Begin, Standing},
    handle::Away,
    id_token::{IdTokenError, Person},
    provider::ProviderError,
    settings::{Settings, SettingsError},
};
use self::{
    handle::{Handles, Held},
    id_token::Expected,
    provider::{Http, Metadata, Provider},
};
use crate::{
    clock,
    key_ring::Keys,
    outgoing::{Outgoing, OutgoingError, RootsError},
};

/// Questions to the provider at once.
const MOST_AT_ONCE: usize = 32;
/// Why a sign-in with the provider goes no further. The texts are for the person.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The handle is none of this service, or of another provider.
    #[error("this sign-in was not begun here; begin again with `pullgate login`")]
    Foreign,
    /// Nobody typed the code in time, or the sign-in was used.
    #[error("the sign-in took too long; begin again with `pullgate login`")]
    Expired,
    /// The person said no.
    #[error("the sign-in was refused at the identity provider")]
    Denied,
    /// More sign-ins at once than this service asks about.
    #[error("the service is busy with other sign-ins; try again in a moment")]
    Busy,
    /// The provider is not reached, or does not do what it should; the operator reads why.
    #[error("the identity provider cannot be asked now; try again later")]
    Unavailable(#[source] UnavailableError),
    /// The provider's word does not hold.
    #[error(
        "what the identity provider says about you is not accepted; your administrator finds the reason in the log"
    )]
    IdToken(#[from] IdTokenError),
}

/// Why the provider is of no use now: for the operator.
#[derive(Debug, thiserror::Error)]
pub enum UnavailableError {
    /// Itself.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// No device flow there.
    #[error("the identity provider names no `device_authorization_endpoint`; allow the device flow (RFC 8628) there")]
    NoDeviceFlow,
    /// Browsers have nowhere to come back to.
    #[error("browsers cannot come back from the identity provider; set `consoleUrl`, and register it there")]
    NoConsole,
    /// No token endpoint there.
    #[error("the identity provider names no endpoint for tokens")]
    NoTokens(#[from] ConfigurationError),
    /// It refuses this service.
    #[error(
        "the identity provider refuses: {0}; check `clientId`, `clientSecretFile` and what the client may do there"
    )]
    Refused(String),
    /// The call.
    #[error("the call to the identity provider failed: {0}")]
    Call(String),
    /// Half an answer.
    #[error("the identity provider sends no identity token; does the client have the scope `openid`?")]
    NoIdToken,
    /// No random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Why the provider cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum OidcSetupError {
    /// The client for outgoing calls.
    #[error("the identity provider cannot be called")]
    Roots(#[from] RootsError),
    /// The issuer.
    #[error("the issuer `{issuer}` is no URL: {why}")]
    Issuer {
        /// The issuer.
        issuer: String,
        /// Why.
        why: String,
    },
}

/// One identity provider.
pub struct Oidc {
    settings: Settings,
    issuer: IssuerUrl,
    http: Http,
    provider: Provider,
    handles: Handles,
    places: Arc<Semaphore>,
}

impl Oidc {
    /// With these settings; the provider is not asked yet.
    ///
    /// # Errors
    /// [`OidcSetupError`].
    pub fn new(settings: Settings, keys: Keys) -> Result<Self, OidcSetupError> {
        let outgoing = Outgoing::new(settings.ca_file.as_deref(), settings.encryption)?;
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| OidcSetupError::Issuer { issuer: settings.issuer.clone(), why: error.to_string() })?;
        let http = Http::new(outgoing);
        let provider = Provider::new(issuer.clone(), http.apart());
        Ok(Self {
            settings,
            issuer,
            http,
            provider,
            handles: Handles::new(keys),
            places: Arc::new(Semaphore::new(MOST_AT_ONCE)),
        })
    }

    /// The provider's name for itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = ClientSecret::new(self.settings.client_secret.expose().to_owned());
        let methods = metadata.token_endpoint_auth_methods_supported();
        let only_body = methods.is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        CoreClient::from_provider_metadata(metadata.clone(), id, Some(secret)).set_auth_type(if only_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        })
    }

    /// What a handle holds, if it was made here for this provider. Costs a signature; the provider is not asked.
    fn held<T: Held>(&self, handle: &str) -> Result<T, OidcError> {
        let held: T =
            self.handles.open(handle, clock::now()).map_err(|_| OidcError::Foreign)?.ok_or(OidcError::Expired)?;
        if held.issuer() == self.settings.issuer { Ok(held) } else { Err(OidcError::Foreign) }
    }

    /// The person whom the provider's answer names, once the token in it holds.
    async fn person(
        &self,
        metadata: &Metadata,
        answer: &CoreTokenResponse,
        nonce: Expected<'_>,
    ) -> Result<Person, OidcError> {
        let token = answer.id_token().ok_or(OidcError::Unavailable(UnavailableError::NoIdToken))?;
        let verify = |keys| id_token::verify(token, keys, &self.issuer, &self.settings, nonce);
        match verify(metadata.jwks().clone()) {
            Err(error) if error.may_be_a_new_key() => {
                // The code was used up by now: the token that came is believed or lost.
                let keys = self.provider.new_keys().await.ok_or(error)?;
                Ok(verify(keys)?)
            }
            other => Ok(other?),
        }
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        self.provider.metadata().await.map_err(|error| OidcError::Unavailable(error.into()))
    }
}

/// The library's client once the provider was asked about itself.
type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

/// Never the answer itself: it may hold a token.
fn refused<T: openidconnect::ErrorResponse + std::fmt::Display>(
    error: &RequestTokenError<OutgoingError, T>,
) -> UnavailableError {
    match error {
        RequestTokenError::ServerResponse(answer) => UnavailableError::Refused(answer.to_string()),
        RequestTokenError::Request(error) => UnavailableError::Call(proto::chain(error)),
        RequestTokenError::Parse(error, _) => {
            UnavailableError::Call(format!("its answer is no such JSON: {}", error.path()))
        }
        RequestTokenError::Other(why) => UnavailableError::Call(why.clone()),
    }
}

/// 128 random bits, as text.
fn random() -> Result<String, OidcError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| OidcError::Unavailable(UnavailableError::Random(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
