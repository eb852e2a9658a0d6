//! The sign-in of a machine (device authorization grant, RFC 8628): a person types a code at the provider, and the
//! machine asks the service whether they are done.

use std::time::Duration;

use openidconnect::{
    DeviceCodeErrorResponse, DeviceCodeErrorResponseType, RequestTokenError, Scope,
    core::{CoreDeviceAuthorizationResponse, CoreTokenResponse},
};

use super::{
    Oidc, OidcError, UnavailableError,
    handle::Begun,
    id_token::{Expected, Person},
    provider::Metadata,
    random, refused,
};
use crate::clock;

/// Longest time that a person may take, in seconds; providers say 10 to 30 minutes.
const LONGEST: u64 = 3600;
/// Longest and shortest time between two questions, in seconds.
const INTERVALS: (u32, u32) = (1, 60);
/// Added when the provider says `slow_down` (RFC 8628, section 3.5).
const SLOWER: u32 = 5;

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

impl Oidc {
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
        let nonce = random()?;
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
    pub(in crate::identity) fn begun(&self, login: &str) -> Result<Begun, OidcError> {
        self.held(login)
    }

    /// Asks once how a sign-in stands.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(in crate::identity) async fn finish(&self, begun: &Begun) -> Result<Standing, OidcError> {
        let _place = self.places.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = self.metadata().await?;
        let token = match self.token(&metadata, begun).await? {
            Ok(token) => token,
            Err(pending) => return Ok(Standing::Pending(pending)),
        };
        Ok(Standing::Done(self.person(&metadata, &token, Expected::IfRepeated(&begun.nonce)).await?))
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
}

fn ended(answer: &DeviceCodeErrorResponse) -> OidcError {
    match answer.error() {
        DeviceCodeErrorResponseType::AccessDenied => OidcError::Denied,
        DeviceCodeErrorResponseType::ExpiredToken => OidcError::Expired,
        // A code that it does not know (any more): used, or forgotten.
        other if other.to_string() == "invalid_grant" => OidcError::Expired,
        other => OidcError::Unavailable(UnavailableError::Refused(other.to_string())),
    }
}

fn seconds(interval: Duration) -> u32 {
    u32::try_from(interval.as_secs()).unwrap_or(INTERVALS.1).clamp(INTERVALS.0, INTERVALS.1)
}
