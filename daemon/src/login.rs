//! `pullgated login`: a sign-in with the organization's identity provider (RFC 8628, device flow).
//!
//! The service talks to the provider; here a person is told what to open, and the access token that comes of it
//! is kept where `docker login` would keep it. From then on it is an ordinary sign-in: the agent sees the file.
//!
//! Nothing is kept before everything is there: whoever presses Ctrl-C leaves nothing.

mod poll;
mod say;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use proto::{
    convert::MAX_NAME_BYTES,
    enrollment::Enrollment,
    secret::Secret,
    sync::{BeginLoginResponse, FinishLoginResponse},
};

use crate::{
    config::{Config, Login},
    credentials::{
        helper::Helpers,
        keys,
        store::{self, Destination, StoreError},
    },
    enrolled::Enrolled,
    os::stop::Cancel,
    service::{self, LoginCallError, Service, Unusable},
};
use say::Say;

/// How long a helper may take to keep the token: it may ask the person to unlock something.
const HELPER_DEADLINE: Duration = Duration::from_secs(120);
/// Longest access token that is taken, in bytes.
const MAX_TOKEN_BYTES: usize = 4096;
/// What the command exits with when it did not sign in, as every command of `pullgate`.
const FAILED: u8 = 2;
/// As a shell shows a process that Ctrl-C ended.
const CANCELLED: u8 = 130;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no service to sign in to.
    #[error("there is no service to sign in to: {why}; tell whoever administers this machine")]
    NotEnrolled {
        /// Why.
        why: String,
    },
    /// Docker commands would not see what is kept.
    #[error(
        "`DOCKER_AUTH_CONFIG` is set: docker commands (since 28.3) take sign-ins from it and would not see what is \
         kept; run `unset DOCKER_AUTH_CONFIG` and try again"
    )]
    Variable,
    /// The agent would not look at what is kept.
    #[error("this machine signs in with the access token in `{0}`; nobody needs to")]
    TokenFile(PathBuf),
    /// The enrollment's URL is none, or would show secrets.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The service knows passwords and tokens only.
    #[error("the service has no identity provider; run `docker login {host}`")]
    NoProvider {
        /// What to type.
        host: String,
    },
    /// The person said no, or has no account.
    #[error("{0}")]
    Refused(String),
    /// Nobody typed the code in time.
    #[error("nobody finished the sign-in in time; run the command again for a new code")]
    TooLate,
    /// The service did not answer.
    #[error("no sign-in now: {0}; `pullgate doctor` says more")]
    Unavailable(String),
    /// The service answered with something that cannot be meant.
    #[error("the service's answer cannot be used: {0}; `pullgate doctor` says whether versions fit")]
    Answer(&'static str),
    /// Where `docker login` would keep it, it cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Ctrl-C.
    #[error("cancelled; nothing was kept")]
    Cancelled,
    /// No home directory, no signals.
    #[error("{0}")]
    System(String),
}

impl LoginError {
    /// A stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnrolled { .. } => "not-enrolled",
            Self::Variable => "auth-config-variable",
            Self::TokenFile(_) => "token-file",
            Self::Unusable(_) => "service-unusable",
            Self::NoProvider { .. } => "no-identity-provider",
            Self::Refused(_) => "refused",
            Self::TooLate => "too-late",
            Self::Unavailable(_) => "unavailable",
            Self::Answer(_) => "bad-answer",
            Self::Store(error) => error.code(),
            Self::Cancelled => "cancelled",
            Self::System(_) => "system",
        }
    }
}

/// Signs in, and says how it went.
pub async fn run(config: &Config, args: &Login) -> ExitCode {
    let say = Say { json: args.json };
    match sign_in(config, say).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say.failed(&error);
            ExitCode::from(if matches!(error, LoginError::Cancelled) { CANCELLED } else { FAILED })
        }
    }
}

async fn sign_in(config: &Config, say: Say) -> Result<(), LoginError> {
    let mut stop = Cancel::of_a_command().map_err(|error| LoginError::System(error.to_string()))?;
    let prepared = Prepared::new(config)?;
    let mut service = Service::new(&prepared.enrollment)?;
    let host = prepared.host();
    let done = tokio::select! {
        done = converse(&mut service, host, say) => done?,
        () = stop.asked() => return Err(LoginError::Cancelled),
    };
    // From here on a signal waits: a token that exists is better kept than lost.
    let (user, expires_at) = (done.username, done.expires_at);
    let secret = Secret::new(done.token);
    let kept = store::store(&prepared.path, &prepared.keys, &user, &secret, &prepared.helpers).await?;
    say.done(&user, &kept, &prepared.path, expires_at);
    Ok(())
}

/// Everything that can be known to fail is looked at before a person opens a browser.
struct Prepared {
    enrollment: Enrollment,
    path: PathBuf,
    keys: Vec<String>,
    helpers: Helpers,
}

impl Prepared {
    fn new(config: &Config) -> Result<Self, LoginError> {
        let system = |error: anyhow::Error| LoginError::System(format!("{error:#}"));
        let paths = config.paths().map_err(system)?;
        let enrollment = match Enrolled::read(&paths.enrollment) {
            Enrolled::Yes(enrollment) => (*enrollment).clone(),
            Enrolled::No { why } => return Err(LoginError::NotEnrolled { why }),
        };
        if paths.credentials.is_token_file() {
            return Err(LoginError::TokenFile(paths.credentials.now().to_owned()));
        }
        if std::env::var_os("DOCKER_AUTH_CONFIG").is_some_and(|value| !value.is_empty()) {
            return Err(LoginError::Variable);
        }
        let path = paths.credentials.now().to_owned();
        let keys = keys::of_service(&enrollment.service);
        let helpers = Helpers::from_environment().with_deadline(HELPER_DEADLINE);
        store::plan(&path, &keys, &helpers)?;
        Ok(Self { enrollment, path, keys, helpers })
    }

    fn host(&self) -> &str {
        self.keys.first().map(String::as_str).unwrap_or_default()
    }
}

async fn converse(service: &mut Service, host: &str, say: Say) -> Result<FinishLoginResponse, LoginError> {
    let begun = service.begin_login().await.map_err(|error| match error {
        LoginCallError::NoProvider => LoginError::NoProvider { host: host.to_owned() },
        LoginCallError::Refused(why) => LoginError::Refused(why),
        LoginCallError::TooLate(why) | LoginCallError::TooSoon { why, .. } | LoginCallError::Unavailable(why) => {
            LoginError::Unavailable(why)
        }
    })?;
    check_begun(&begun)?;
    say.begun(&begun, host);
    let login = begun.login.clone();
    let done =
        poll::until_done(&begun, async || service.finish_login(login.clone()).await, |why| say.waiting(why)).await?;
    check_done(&done)?;
    Ok(done)
}

/// It is shown to a person in a terminal, opened in a browser, and a password is typed there.
fn check_begun(begun: &BeginLoginResponse) -> Result<(), LoginError> {
    let page = |url: &str| {
        url.len() <= 2000
            && url.bytes().all(|byte| byte.is_ascii_graphic())
            && service::is_encrypted_or_on_this_machine(url)
    };
    let complete = &begun.verification_uri_complete;
    if !page(&begun.verification_uri) || !(complete.is_empty() || page(complete)) {
        return Err(LoginError::Answer("the page to open is no https URL"));
    }
    let code = &begun.user_code;
    if code.is_empty() || code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(LoginError::Answer("the code to type is none"));
    }
    Ok(())
}

/// What `auths` in the file can hold: the first colon ends the user name. And not more than the plugin takes.
fn check_done(done: &FinishLoginResponse) -> Result<(), LoginError> {
    let user = &done.username;
    if user.contains(':') || user.chars().any(char::is_control) || user.len() > MAX_NAME_BYTES {
        return Err(LoginError::Answer("the account's name cannot be kept in Docker's credentials"));
    }
    let length = done.token.len();
    if length == 0 || length > MAX_TOKEN_BYTES || !done.token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(LoginError::Answer("it holds no access token"));
    }
    Ok(())
}

/// For people: where it is kept.
fn place_of(kept: &Destination, path: &std::path::Path) -> String {
    match kept.source.helper() {
        None => format!("`{}`", path.display()),
        Some(name) => format!("`docker-credential-{name}`"),
    }
}

#[cfg(test)]
mod tests;
