//! Asks Docker Hub who somebody is and which organizations they belong to.
//!
//! <https://docs.docker.com/reference/api/hub/latest/>; what it does not say was seen with Docker's
//! own clients. The secret goes to the one address that an administrator named, once.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use proto::secret::Secret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{
    clock,
    names::Name,
    outgoing::{Answer, Base, Outgoing, OutgoingError, wait},
};

/// Questions at once; each costs a connection, some KiB and at most [`DEADLINE`].
const MOST_AT_ONCE: usize = 32;
/// All calls of one question. A machine waits longer for its sign-in.
const DEADLINE: Duration = Duration::from_secs(15);
/// Pages of a hundred organizations.
const MOST_PAGES: usize = 50;

const TOKEN_PATH: &str = "/v2/auth/token";
/// The older way in, whose second half takes a code.
const LOGIN_PATH: &str = "/v2/users/login";
const SECOND_FACTOR_PATH: &str = "/v2/users/2fa-login";
const ORGANIZATIONS_PATH: &str = "/v2/user/orgs";

/// Why Docker Hub gave no answer, or not this one. The texts are for the person.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It knows no such user and secret.
    #[error("Docker Hub does not accept the user name or the password")]
    Wrong,
    /// A password of an account with a second factor.
    #[error(
        "the account at Docker Hub has two-factor authentication: its password alone opens nothing here; \
         make a personal access token there and sign in with it, or in a browser with the code as well"
    )]
    TwoFactor,
    /// The password was right, and the code was not.
    #[error("Docker Hub does not accept the code; type the one that your authenticator shows now")]
    Code,
    /// The secret of an organization.
    #[error(
        "an organization access token of Docker Hub says nobody's name; sign in with a personal access token, \
         or with an organization access token of this service"
    )]
    OrganizationToken,
    /// The token may not ask.
    #[error(
        "Docker Hub does not let this token read which organizations its owner belongs to; \
         sign in with one that may, or with the password"
    )]
    Scope,
    /// An address of e-mail, or another name that nobody here can have.
    #[error("Docker Hub does not say the user name that belongs to what was typed; sign in with the user name")]
    Name,
    /// Docker Hub takes no more questions now.
    #[error("Docker Hub limits how often it is asked; try again in {} s", .0.as_secs())]
    Limited(Duration),
    /// More sign-ins at once than this service asks about.
    #[error("too many sign-ins with Docker Hub at once; try again in a moment")]
    Busy,
    /// It is not reached.
    #[error("Docker Hub cannot be asked")]
    Call(#[from] OutgoingError),
    /// Not within [`DEADLINE`].
    #[error("Docker Hub did not answer within {} s; try again later", DEADLINE.as_secs())]
    Slow,
    /// It answers, and not as Docker Hub does.
    #[error("`{address}` does not answer as Docker Hub does: {what}; tell who runs the policy service")]
    Strange {
        /// What was asked.
        address: String,
        /// What came.
        what: String,
    },
}

/// What somebody types.
#[derive(Debug)]
pub struct Question<'a> {
    /// User name or address of e-mail.
    pub identifier: &'a str,
    /// Password or access token.
    pub secret: Secret,
    /// Of the second factor; empty: none.
    pub code: &'a str,
}

/// What the secret was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// What only a person knows.
    Password,
    /// What programs hold.
    AccessToken,
}

/// Somebody, as Docker Hub knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubUser {
    /// The user name there.
    pub name: Name,
    /// What they showed there.
    pub shown: Shown,
    /// The organizations there, and whether they own them. Lower case.
    pub organizations: Vec<(String, bool)>,
}

/// Asks one address.
pub struct Client {
    outgoing: Outgoing,
    base: Base,
    places: Arc<Semaphore>,
}

#[derive(Serialize)]
struct Ask<'a> {
    identifier: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
struct Login<'a> {
    username: &'a str,
    password: &'a str,
}

#[derive(Serialize)]
struct SecondFactor<'a> {
    login_2fa_token: &'a str,
    code: &'a str,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

/// Of the older way in.
#[derive(Deserialize)]
struct OlderToken {
    token: String,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    login_2fa_token: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    next: Option<String>,
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    orgname: String,
    #[serde(default)]
    user_role: String,
}

/// What the token says of its owner. Nobody but Docker Hub has touched it: it came over TLS.
#[derive(Default, Deserialize)]
struct Claims {
    #[serde(default, rename = "https://hub.docker.com")]
    hub: HubClaim,
}

#[derive(Default, Deserialize)]
struct HubClaim {
    #[serde(default)]
    username: String,
    /// `docker_<kind of credential>|<id>`.
    #[serde(default)]
    source: String,
}

impl Client {
    /// Asks at this address.
    #[must_use]
    pub fn new(outgoing: Outgoing, base: Base) -> Self {
        Self { outgoing, base, places: Arc::new(Semaphore::new(MOST_AT_ONCE)) }
    }

    /// Who that is.
    ///
    /// # Errors
    /// [`HubError`].
    pub async fn ask(&self, question: Question<'_>) -> Result<HubUser, HubError> {
        if ["dckr_oat_", "pg_oat_"].iter().any(|prefix| question.secret.expose().starts_with(prefix)) {
            return Err(HubError::OrganizationToken);
        }
        let _place = self.places.try_acquire().map_err(|_| HubError::Busy)?;
        let asked = async {
            let token = match question.code {
                "" => self.token(&question).await?,
                _ => self.token_with_code(&question).await?,
            };
            let claims = claims(&token);
            let shown = shown(&question.secret, &claims);
            let name = name(question.identifier, &claims)?;
            Ok(HubUser { name, shown, organizations: self.organizations(&token).await? })
        };
        tokio::time::timeout(DEADLINE, asked).await.map_err(|_| HubError::Slow)?
    }

    async fn token(&self, question: &Question<'_>) -> Result<Secret, HubError> {
        let ask = Ask { identifier: question.identifier, secret: question.secret.expose() };
        let (address, answer) = self.post(TOKEN_PATH, &ask).await?;
        match answer.status {
            StatusCode::OK => Ok(Secret::new(read::<Token>(&answer, &address)?.access_token)),
            StatusCode::UNAUTHORIZED => Err(refusal(&read(&answer, &address)?)),
            _ => Err(unexpected(&answer, address)),
        }
    }

    /// Password first, then the code. An account without a second factor needs none, and is not asked for it.
    async fn token_with_code(&self, question: &Question<'_>) -> Result<Secret, HubError> {
        let login = Login { username: question.identifier, password: question.secret.expose() };
        let (address, answer) = self.post(LOGIN_PATH, &login).await?;
        let refused: Refusal = match answer.status {
            StatusCode::OK => return Ok(Secret::new(read::<OlderToken>(&answer, &address)?.token)),
            StatusCode::UNAUTHORIZED => read(&answer, &address)?,
            _ => return Err(unexpected(&answer, address)),
        };
        let Some(half) = &refused.login_2fa_token else { return Err(refusal(&refused)) };
        let second = SecondFactor { login_2fa_token: half, code: question.code };
        let (address, answer) = self.post(SECOND_FACTOR_PATH, &second).await?;
        match answer.status {
            StatusCode::OK => Ok(Secret::new(read::<OlderToken>(&answer, &address)?.token)),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Err(HubError::Code),
            _ => Err(unexpected(&answer, address)),
        }
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<(String, Answer), HubError> {
        let address = self.base.join(path);
        // Strings always become JSON.
        let body = Zeroizing::new(serde_json::to_vec(body).unwrap_or_default());
        let answer = self.outgoing.post(&address, body).await?;
        Ok((address, answer))
    }

    async fn organizations(&self, token: &Secret) -> Result<Vec<(String, bool)>, HubError> {
        let mut address = self.base.join(&format!("{ORGANIZATIONS_PATH}?page=1&page_size=100"));
        let mut organizations = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.outgoing.get(&address, Some(token.expose())).await?;
            let page: Page = match answer.status {
                StatusCode::OK => read(&answer, &address)?,
                StatusCode::FORBIDDEN => return Err(HubError::Scope),
                _ => return Err(unexpected(&answer, address)),
            };
            let rows = page.results.into_iter();
            organizations.extend(
                rows.map(|row| (row.orgname.to_ascii_lowercase(), row.user_role.eq_ignore_ascii_case("owner"))),
            );
            match page.next {
                None => return Ok(organizations),
                // The token goes nowhere else.
                Some(next) if self.base.holds(&next, ORGANIZATIONS_PATH) => address = next,
                Some(_) => return Err(strange(address, "its next page is at another address")),
            }
        }
        Err(strange(address, "its list of organizations does not end"))
    }
}

fn refusal(refusal: &Refusal) -> HubError {
    let text = [&refusal.detail, &refusal.message].into_iter().flatten().map(|text| text.to_ascii_lowercase());
    let says = |words: &str| text.clone().any(|text| text.contains(words));
    if refusal.login_2fa_token.is_some() || says("secondary authentication") || says("2fa") || says("two-factor") {
        HubError::TwoFactor
    } else if says("organization account") {
        HubError::OrganizationToken
    } else {
        HubError::Wrong
    }
}

fn unexpected(answer: &Answer, address: String) -> HubError {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => HubError::Limited(wait(&answer.headers, clock::now())),
        status => strange(address, &format!("the status is {status}")),
    }
}

fn claims(token: &Secret) -> HubClaim {
    let payload = token.expose().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    payload.and_then(|json| serde_json::from_slice::<Claims>(&json).ok()).unwrap_or_default().hub
}

/// An access token by its looks, or by Docker Hub's word. The oldest ones look like UUIDs.
fn shown(secret: &Secret, claim: &HubClaim) -> Shown {
    let secret = secret.expose();
    let prefixed = ["dckr_", "pg_"].iter().any(|prefix| secret.starts_with(prefix));
    let dashes = secret.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let says = claim.source.split('|').next().is_some_and(|kind| kind.ends_with("_pat"));
    match prefixed || says || (secret.len() == 36 && dashes) {
        true => Shown::AccessToken,
        false => Shown::Password,
    }
}

/// Docker Hub's word for the name, else what was typed, unless that is an address of e-mail.
fn name(typed: &str, claim: &HubClaim) -> Result<Name, HubError> {
    if claim.source.split('|').next().is_some_and(|kind| kind.ends_with("_oat")) {
        return Err(HubError::OrganizationToken);
    }
    let name = if claim.username.is_empty() { typed } else { &claim.username };
    name.to_ascii_lowercase().parse().map_err(|_| HubError::Name)
}

fn read<T: DeserializeOwned>(answer: &Answer, address: &str) -> Result<T, HubError> {
    // The cause would quote what came, and that may be a token.
    serde_json::from_slice(&answer.body).map_err(|error| {
        let what = format!("what came with the status {} is no such JSON ({:?})", answer.status, error.classify());
        strange(address.to_owned(), &what)
    })
}

fn strange(address: String, what: &str) -> HubError {
    let address = address.split('?').next().unwrap_or_default().to_owned();
    HubError::Strange { address, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claim: &str) -> Secret {
        Secret::new(format!("h.{}.s", URL_SAFE_NO_PAD.encode(claim)))
    }

    #[test]
    fn the_name_is_the_one_that_docker_hub_says() {
        let named = |typed: &str, claim: &str| name(typed, &claims(&token(claim))).map(|name| name.to_string());
        let says = |user: &str| {
            format!("{{\"https://hub.docker.com\":{{\"username\":\"{user}\",\"source\":\"docker_pat|1\"}}}}")
        };
        assert_eq!(named("alice@acme.example", &says("Alice")).unwrap(), "alice");
        assert_eq!(named("bob", &says("alice")).unwrap(), "alice");
        for silent in ["{}", "no json", "{\"https://hub.docker.com\":{}}"] {
            assert_eq!(named("bob", silent).unwrap(), "bob");
            assert!(matches!(named("bob@acme.example", silent), Err(HubError::Name)));
        }
        for foreign in ["acme/ci", "a b", "é", "../x", "alice@acme.example"] {
            assert!(matches!(named("alice", &says(foreign)), Err(HubError::Name)), "{foreign}");
        }
        assert_eq!(name("bob", &claims(&Secret::new("opaque".into()))).unwrap().as_str(), "bob");
    }

    #[test]
    fn an_access_token_is_no_password_however_old() {
        let told = |secret: &str, claim: &str| shown(&Secret::new(secret.to_owned()), &claims(&token(claim)));
        let pat = "{\"https://hub.docker.com\":{\"username\":\"alice\",\"source\":\"docker_pat|1\"}}";
        let login = "{\"https://hub.docker.com\":{\"username\":\"alice\",\"source\":\"docker_login|1\"}}";
        for (secret, claim) in [
            ("dckr_pat_abc", "{}"),
            ("pg_pat_abc", login),
            ("looks like a password", pat),
            ("0d5e4f4a-7a0b-4a7c-9c3e-2f1f0a6b8c9d", "{}"),
        ] {
            assert_eq!(told(secret, claim), Shown::AccessToken, "{secret}");
        }
        for secret in ["correct horse", "0d5e4f4a-7a0b-4a7c-9c3e-2f1f0a6b8c9", "0d5e4f4a-7a0b-4a7c-9c3e-2f1f0a6b8c9x"] {
            assert_eq!(told(secret, login), Shown::Password, "{secret}");
        }
    }

    #[test]
    fn an_organization_is_nobody() {
        let claim = "{\"https://hub.docker.com\":{\"username\":\"acme\",\"source\":\"docker_oat|1\"}}";
        assert!(matches!(name("acme", &claims(&token(claim))), Err(HubError::OrganizationToken)));
    }

    #[test]
    fn refusals_are_told_apart() {
        let read = |json: &str| refusal(&serde_json::from_str(json).unwrap());
        let two_factor =
            r#"{"detail":"Require secondary authentication on MFA enabled account","login_2fa_token":"x"}"#;
        assert!(matches!(read(two_factor), HubError::TwoFactor));
        assert!(matches!(read(r#"{"detail":"Cannot log into an organization account"}"#), HubError::OrganizationToken));
        for wrong in [
            r#"{"detail":"Incorrect authentication credentials"}"#,
            r#"{"errinfo":null,"message":"unauthorized"}"#,
            "{}",
        ] {
            assert!(matches!(read(wrong), HubError::Wrong), "{wrong}");
        }
    }
}
