//! The organization's identity provider (OpenID Connect), asked by device flow (RFC 8628).
//!
//! The service asks, because the client secret stays with it. A person types a code at the
//! provider; the machine asks the service whether they are done, with a handle that holds all
//! there is to know about it, so that the service keeps nothing.

mod handle;
mod id_token;
mod provider;
mod settings;

use std::{sync::Arc, time::Duration};

use openidconnect::{
    AuthType, ClientId, ClientSecret, ConfigurationError, DeviceCodeErrorResponse, DeviceCodeErrorResponseType,
    IssuerUrl, RequestTokenError, Scope, TokenResponse as _,
    core::{CoreClient, CoreClientAuthMethod, CoreDeviceAuthorizationResponse, CoreTokenResponse},
};
use tokio::sync::Semaphore;

use self::{
    handle::{Begun, Handles},
    provider::{Http, Metadata, Provider},
};
pub use self::{
    id_token::{IdTokenError, Person},
    provider::ProviderError,
    settings::{Settings, SettingsError},
};
use crate::{
    clock,
    key_ring::Keys,
    outgoing::{Outgoing, OutgoingError, RootsError},
};

/// Questions to the provider at once.
const MOST_AT_ONCE: usize = 32;
/// Longest time that a person may take, in seconds; providers say 10 to 30 minutes.
const LONGEST: u64 = 3600;
/// Longest and shortest time between two questions, in seconds.
const INTERVALS: (u32, u32) = (1, 60);
/// Added when the provider says `slow_down` (RFC 8628, section 3.5).
const SLOWER: u32 = 5;

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

/// A sign-in that begins.
#[derive(Debug)]
pub struct Begin {
    /// For [`Oidc::finish`].
    pub login: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// Seconds.
    pub expires_in: u32,
    /// Seconds.
    pub interval: u32,
}

/// How a sign-in stands.
#[derive(Debug)]
pub enum Standing {
    /// The person is not done; ask again after so many seconds.
    Pending(u32),
    /// They are.
    Done(Person),
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

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`OidcError`].
    pub async fn begin(&self) -> Result<Begin, OidcError> {
        let _place = self.places.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = self.metadata().await?;
        let endpoint = metadata.additional_metadata().device_authorization_endpoint.clone();
        let endpoint = endpoint.ok_or(OidcError::Unavailable(UnavailableError::NoDeviceFlow))?;
        let client = self.client(&metadata).set_device_authorization_url(endpoint);
        let nonce = nonce()?;
        let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
        let request = client.exchange_device_code().add_scopes(scopes).add_extra_param("nonce", nonce.clone());
        let answer: Result<CoreDeviceAuthorizationResponse, _> = request.request_async(&self.http).await;
        let device = answer.map_err(|error| OidcError::Unavailable(refused(&error)))?;
        let expires_in = u32::try_from(device.expires_in().as_secs().min(LONGEST)).unwrap_or_default();
        let interval = seconds(device.interval());
        let begun = Begun {
            issuer: self.settings.issuer.clone(),
            device_code: device.device_code().secret().clone(),
            nonce,
            interval,
            exp: clock::now() + i64::from(expires_in),
        };
        Ok(Begin {
            login: self.handles.seal(&begun),
            user_code: device.user_code().secret().clone(),
            verification_uri: device.verification_uri().to_string(),
            verification_uri_complete: device.verification_uri_complete().map(|uri| uri.secret().clone()),
            expires_in,
            interval,
        })
    }

    /// The sign-in of a handle. Costs a signature; the provider is not asked.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(super) fn begun(&self, login: &str) -> Result<Begun, OidcError> {
        let begun =
            self.handles.open(login, clock::now()).map_err(|_| OidcError::Foreign)?.ok_or(OidcError::Expired)?;
        if begun.issuer == self.settings.issuer { Ok(begun) } else { Err(OidcError::Foreign) }
    }

    /// Asks once how a sign-in stands.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(super) async fn finish(&self, begun: &Begun) -> Result<Standing, OidcError> {
        let _place = self.places.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = self.metadata().await?;
        let token = match self.token(&metadata, begun).await? {
            Ok(token) => token,
            Err(pending) => return Ok(Standing::Pending(pending)),
        };
        let token = token.id_token().ok_or(OidcError::Unavailable(UnavailableError::NoIdToken))?;
        let verify = |keys| id_token::verify(token, keys, &self.issuer, &self.settings, &begun.nonce);
        match verify(metadata.jwks().clone()) {
            Err(error) if error.may_be_a_new_key() => {
                // The code was used up by now: the token that came is believed or lost.
                let keys = self.provider.new_keys().await.ok_or(error)?;
                Ok(Standing::Done(verify(keys)?))
            }
            other => Ok(Standing::Done(other?)),
        }
    }

    /// Asks for the token once: the token, or when to ask again.
    async fn token(&self, metadata: &Metadata, begun: &Begun) -> Result<Result<CoreTokenResponse, u32>, OidcError> {
        let client = self.client(metadata);
        // As the provider had sent it: of a code that was typed by now, only the device's half counts.
        let device: CoreDeviceAuthorizationResponse = serde_json::from_value(serde_json::json!({
            "device_code": begun.device_code,
            "user_code": "-",
            "verification_uri": self.settings.issuer,
            "expires_in": LONGEST,
            "interval": begun.interval,
        }))
        .map_err(|_| OidcError::Foreign)?;
        let http = self.http.apart();
        // The library asks until there is an answer. Here the machine does: its first pause is the end of one question.
        let (pause, mut paused) = tokio::sync::mpsc::channel(1);
        let pause = move |wait: Duration| {
            let _ = pause.try_send(wait);
            std::future::pending()
        };
        let unavailable = |error: UnavailableError| OidcError::Unavailable(error);
        let request = client.exchange_device_access_token(&device).map_err(|error| unavailable(error.into()))?;
        let answer = tokio::select! {
            answer = request.request_async(&http, pause, None) => answer,
            wait = paused.recv() => {
                if let Some(failure) = http.failure() {
                    return Err(unavailable(UnavailableError::Call(failure)));
                }
                return Ok(Err(wait.map_or(begun.interval, seconds).clamp(INTERVALS.0, INTERVALS.1 + SLOWER)));
            }
        };
        answer.map(Ok).map_err(|error| match &error {
            RequestTokenError::ServerResponse(answer) => ended(answer),
            other => unavailable(refused(other)),
        })
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

fn ended(answer: &DeviceCodeErrorResponse) -> OidcError {
    match answer.error() {
        DeviceCodeErrorResponseType::AccessDenied => OidcError::Denied,
        DeviceCodeErrorResponseType::ExpiredToken => OidcError::Expired,
        // A code that it does not know (any more): used, or forgotten.
        other if other.to_string() == "invalid_grant" => OidcError::Expired,
        other => OidcError::Unavailable(UnavailableError::Refused(other.to_string())),
    }
}

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

fn nonce() -> Result<String, OidcError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| OidcError::Unavailable(UnavailableError::Random(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn seconds(interval: Duration) -> u32 {
    u32::try_from(interval.as_secs()).unwrap_or(INTERVALS.1).clamp(INTERVALS.0, INTERVALS.1)
}
