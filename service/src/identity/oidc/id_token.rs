//! Who the identity provider says somebody is, once it is sure that the provider says so.
//!
//! <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm},
};
use serde_json::{Map, Value};

use super::Settings;
use crate::clock;

/// A provider's clock may be ahead by so much, in seconds.
const CLOCK_SKEW: i64 = 300;
/// Longest subject; the specification says 255 characters of ASCII.
const MAX_SUBJECT_BYTES: usize = 255;
/// Most groups that are looked at.
const MAX_GROUPS: usize = 1000;

/// What a public key verifies. Nothing with a shared secret, and nothing without a signature.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// Why an identity token is not believed, or not enough.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// Signature, issuer, audience, end, nonce.
    #[error("the identity token does not hold")]
    Verify(#[from] ClaimsVerificationError),
    /// Made for another client.
    #[error("the identity token was made for another client (`azp`)")]
    OtherClient,
    /// It says nobody, or a name that cannot be one.
    #[error("the identity token has no usable `{0}`; does the client get that claim, and is it asked for in `scopes`?")]
    Claim(String),
}

impl IdTokenError {
    /// True when another set of keys may tell.
    pub fn may_be_a_new_key(&self) -> bool {
        use SignatureVerificationError::{CryptoError, NoMatchingKey};
        matches!(self, Self::Verify(ClaimsVerificationError::SignatureVerification(NoMatchingKey | CryptoError(_))))
    }
}

/// Somebody, as the provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `<issuer> <subject>`: theirs for good.
    pub subject: String,
    /// Theirs today, lower case; not checked.
    pub username: String,
    /// `organization` and `organization:team`, lower case; not checked.
    pub groups: Vec<String>,
}

/// The nonce of a sign-in, as its token has to hold it.
#[derive(Clone, Copy)]
pub(super) enum Expected<'a> {
    /// This one.
    Repeated(&'a str),
    /// This one or none: not every provider repeats it in the device flow.
    IfRepeated(&'a str),
}

/// Believes a token, or not.
pub(super) fn verify(
    token: &CoreIdToken,
    keys: CoreJsonWebKeySet,
    issuer: &IssuerUrl,
    settings: &Settings,
    nonce: Expected<'_>,
) -> Result<Person, IdTokenError> {
    let client_id = ClientId::new(settings.client_id.clone());
    // "Public": without the client secret, which would verify signatures with a shared one.
    let verifier = CoreIdTokenVerifier::new_public_client(client_id, issuer.clone(), keys)
        .set_allowed_algs(ALGORITHMS)
        .set_issue_time_verifier_fn(|issued| match issued.timestamp() <= clock::now() + CLOCK_SKEW {
            true => Ok(()),
            false => Err(format!("it was issued at {issued}, which lies ahead")),
        });
    let same_nonce = |found: Option<&Nonce>| match (nonce, found) {
        (Expected::IfRepeated(_), None) => Ok(()),
        (Expected::Repeated(_), None) => Err("it does not say to which sign-in it belongs".to_owned()),
        (Expected::Repeated(nonce) | Expected::IfRepeated(nonce), Some(found)) if found.secret() == nonce => Ok(()),
        (_, Some(_)) => Err("it belongs to another sign-in".to_owned()),
    };
    let claims = token.claims(&verifier, same_nonce)?;
    if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client_id) {
        return Err(IdTokenError::OtherClient);
    }
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES || subject.chars().any(char::is_control) {
        return Err(IdTokenError::Claim("sub".to_owned()));
    }
    let claims = payload(token);
    // Of plain letters only, and nothing is cut off: the provider tells `kate`, `kate` with a no-break space behind it and
    // `kate` with a Kelvin sign for its first letter apart. Unicode's lower case makes the last one the first.
    let username = claims.get(&settings.username_claim).and_then(Value::as_str).map(str::to_ascii_lowercase);
    let username = username.filter(|name| !name.is_empty());
    Ok(Person {
        subject: format!("{} {subject}", issuer.as_str()),
        username: username.ok_or_else(|| IdTokenError::Claim(settings.username_claim.clone()))?,
        groups: settings.groups_claim.as_ref().and_then(|name| claims.get(name)).map(groups).unwrap_or_default(),
    })
}

/// All claims of a token that was verified: which of them count is a setting.
fn payload(token: &CoreIdToken) -> Map<String, Value> {
    let token = token.to_string();
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

/// A list of texts, or one.
fn groups(claim: &Value) -> Vec<String> {
    let all = claim.as_array().map_or(std::slice::from_ref(claim), Vec::as_slice);
    all.iter().filter_map(Value::as_str).take(MAX_GROUPS).map(str::to_ascii_lowercase).collect()
}
