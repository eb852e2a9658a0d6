//! What the identity provider says about itself, and its keys: asked once, kept a while.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use openidconnect::{
    AdditionalProviderMetadata, AsyncHttpClient, DeviceAuthorizationUrl, DiscoveryError, HttpRequest, HttpResponse,
    IssuerUrl, JsonWebKeySetUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
        CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::outgoing::{Outgoing, OutgoingError};

/// How long the provider's word about itself is kept.
const KEEP: Duration = Duration::from_secs(3600);
/// Shortest time between two questions about it, also after one that failed.
const PAUSE: Duration = Duration::from_secs(30);
/// The same while nothing is known: people wait.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// What the device flow adds to discovery (RFC 8628, section 4).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct DeviceMetadata {
    pub device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for DeviceMetadata {}

pub(super) type Metadata = ProviderMetadata<
    DeviceMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Why the provider cannot be used now.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It is not reached, or says nonsense.
    #[error("the identity provider `{issuer}` cannot be asked about itself")]
    Discovery {
        /// The issuer.
        issuer: String,
        /// Why.
        source: Arc<DiscoveryError<OutgoingError>>,
    },
    /// It was not reached a moment ago.
    #[error("the identity provider `{0}` could not be asked a moment ago")]
    Pause(String),
}

/// One provider.
pub(super) struct Provider {
    issuer: IssuerUrl,
    http: Http,
    known: tokio::sync::Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    keys_asked: Option<Instant>,
    failed: Option<Instant>,
}

impl Provider {
    pub fn new(issuer: IssuerUrl, http: Http) -> Self {
        Self { issuer, http, known: tokio::sync::Mutex::default() }
    }

    /// What it says about itself: kept, or asked now. An old word is better than none.
    pub async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        let old = known.metadata.clone();
        if let Some((metadata, at)) = &old
            && at.elapsed() < KEEP
        {
            return Ok(Arc::clone(metadata));
        }
        let pause = if old.is_some() { PAUSE } else { FIRST_PAUSE };
        if known.failed.is_some_and(|at| at.elapsed() < pause) {
            return old.map(|(metadata, _)| metadata).ok_or_else(|| ProviderError::Pause(self.issuer.to_string()));
        }
        match Metadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                let now = Some(Instant::now());
                *known =
                    Known { metadata: Some((Arc::clone(&metadata), Instant::now())), keys_asked: now, failed: None };
                Ok(metadata)
            }
            Err(error) => {
                known.failed = Some(Instant::now());
                let error = ProviderError::Discovery { issuer: self.issuer.to_string(), source: Arc::new(error) };
                tracing::warn!(error = %proto::chain(&error), "the identity provider cannot be asked");
                old.map(|(metadata, _)| metadata).ok_or(error)
            }
        }
    }

    /// Its keys anew, because of a signature by one that is not known; none: they were asked a moment ago.
    pub async fn new_keys(&self) -> Option<CoreJsonWebKeySet> {
        let mut known = self.known.lock().await;
        let (metadata, at) = known.metadata.clone()?;
        if known.keys_asked.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        known.keys_asked = Some(Instant::now());
        let url: &JsonWebKeySetUrl = metadata.jwks_uri();
        match CoreJsonWebKeySet::fetch_async(url, &self.http).await {
            Ok(keys) => {
                known.metadata = Some((Arc::new(metadata.as_ref().clone().set_jwks(keys.clone())), at));
                Some(keys)
            }
            Err(error) => {
                tracing::warn!(error = %proto::chain(&error), "the keys of the identity provider cannot be fetched");
                None
            }
        }
    }
}

/// The service's client, as `openidconnect` calls one.
pub(super) struct Http {
    outgoing: Outgoing,
    /// The library takes a call that failed for "not yet" and does not say so.
    failure: Mutex<Option<String>>,
}

impl Http {
    pub fn new(outgoing: Outgoing) -> Self {
        Self { outgoing, failure: Mutex::default() }
    }

    /// The same client, with failures of its own.
    pub fn apart(&self) -> Self {
        Self::new(self.outgoing.clone())
    }

    /// Why the last call failed.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = OutgoingError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutgoingError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.outgoing.call(request.map(Zeroizing::new)).await;
            let mut answer = answer.inspect_err(|error| {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(proto::chain(error));
            })?;
            let mut response = HttpResponse::new(std::mem::take(&mut *answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}
