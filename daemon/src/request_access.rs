//! `pullgated request-access`: asks the organization to allow an image, and shows what became of it.
//!
//! It signs in as the agent does, with the same credentials, as the same user of the same machine, and
//! keeps nothing. Who decides is the service's business: it asks each organization that refuses the image.

mod say;

use std::process::ExitCode;

use proto::{
    secret::Secret,
    sync::{AccessRequest, RequestAccessRequest, RequestAccessResponse},
};

use crate::{
    config::{Config, RequestAccess},
    credentials::{Account, Credential, helper::Helpers, read},
    enforcement::Plugin,
    enrolled::Enrolled,
    os,
    service::{AccessCallError, CallError, Service, Unusable},
};
use say::Say;

/// What the command exits with when it did not do its work, as every command of `pullgate`.
const FAILED: u8 = 2;

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no service to ask.
    #[error("there is no service to ask: {why}; tell whoever administers this machine")]
    NotEnrolled {
        /// Why.
        why: String,
    },
    /// The enrollment's URL is none, or would show secrets.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Nobody is signed in.
    #[error("nobody is signed in to {host}; sign in with `docker login {host}` or `pullgate login`, and ask again")]
    SignedOut {
        /// Where.
        host: String,
    },
    /// Who is signed in cannot be told.
    #[error("the Docker credentials cannot be read: {0}; `pullgate credentials` shows what is wrong")]
    Credentials(String),
    /// Which machine this is, only the plugin knows.
    #[error("{0}; `pullgate doctor` says what is wrong")]
    Plugin(String),
    /// The credential is not accepted.
    #[error("the service does not accept the sign-in: {0}")]
    SignIn(String),
    /// The service does not do it.
    #[error(transparent)]
    Call(#[from] AccessCallError),
    /// The service answered with something that cannot be meant.
    #[error("the service's answer cannot be used; `pullgate doctor` says whether versions fit")]
    Answer,
    /// No home directory.
    #[error("{0}")]
    System(String),
}

impl RequestError {
    /// A stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnrolled { .. } => "not-enrolled",
            Self::Unusable(_) => "service-unusable",
            Self::SignedOut { .. } => "signed-out",
            Self::Credentials(_) => "credentials",
            Self::Plugin(_) => "no-plugin",
            Self::SignIn(_) => "sign-in-refused",
            Self::Call(AccessCallError::Older) => "service-too-old",
            Self::Call(AccessCallError::Refused(_)) => "refused",
            Self::Call(AccessCallError::Unavailable(_)) => "unavailable",
            Self::Answer => "bad-answer",
            Self::System(_) => "system",
        }
    }
}

/// What came of it.
enum Outcome {
    Asked(RequestAccessResponse),
    Listed(Vec<AccessRequest>),
    Withdrawn(AccessRequest),
}

/// Asks, lists or takes back, and says how it went.
pub async fn run(config: &Config, args: &RequestAccess) -> ExitCode {
    let say = Say { json: args.json };
    match carry_out(config, args).await {
        Ok(Outcome::Asked(asked)) => say.asked(&asked),
        Ok(Outcome::Listed(requests)) => say.listed(&requests),
        Ok(Outcome::Withdrawn(request)) => say.withdrawn(&request),
        Err(error) => {
            say.failed(&error);
            return ExitCode::from(FAILED);
        }
    }
    ExitCode::SUCCESS
}

async fn carry_out(config: &Config, args: &RequestAccess) -> Result<Outcome, RequestError> {
    let mut caller = Caller::sign_in(config).await?;
    let Caller { service, token, organizations } = &mut caller;
    if let Some(id) = &args.withdraw {
        let request = service.withdraw_access(token, id.trim().to_ascii_uppercase()).await?;
        return request.map(Outcome::Withdrawn).ok_or(RequestError::Answer);
    }
    let Some(image) = &args.image else {
        return Ok(Outcome::Listed(service.list_access(token).await?));
    };
    let request = RequestAccessRequest {
        image: image.clone(),
        reason: args.reason.clone().unwrap_or_default(),
        decision: args.decision.clone().unwrap_or_default(),
        organizations: std::mem::take(organizations),
    };
    Ok(Outcome::Asked(service.request_access(token, request).await?))
}

/// Signed in for one call.
struct Caller {
    service: Service,
    token: Secret,
    /// Those that govern here; empty: all that the person belongs to.
    organizations: Vec<String>,
}

impl Caller {
    async fn sign_in(config: &Config) -> Result<Self, RequestError> {
        let paths = config.paths().map_err(|error| RequestError::System(format!("{error:#}")))?;
        let enrolled = Enrolled::read(&paths.enrollment);
        let Enrolled::Yes(enrollment) = &enrolled else {
            let Enrolled::No { why } = enrolled else { return Err(RequestError::Answer) };
            return Err(RequestError::NotEnrolled { why });
        };
        let mut service = Service::new(enrollment)?;
        let wanted = enrolled.wanted();
        let account = match read(&paths.credentials, &wanted, &Helpers::from_environment()).await {
            Credential::SignedIn(account) => account,
            Credential::Unreadable(why) => return Err(RequestError::Credentials(why.detail)),
            Credential::SignedOut => {
                let host = wanted.first().and_then(|one| one.keys.first()).cloned().unwrap_or_default();
                return Err(RequestError::SignedOut { host });
            }
        };
        let status = Plugin::new(&paths.control_socket).status().await;
        let machine_id = status.map_err(|error| RequestError::Plugin(error.to_string()))?.machine_id;
        let token = show(&mut service, &account, machine_id).await?;
        Ok(Self { service, token, organizations: enrollment.allowed_orgs.clone() })
    }
}

/// The session that comes with it is dropped: the service sends it to the running agent, whose session it is.
async fn show(service: &mut Service, account: &Account, machine_id: String) -> Result<Secret, RequestError> {
    let uid = os::user_id();
    match service.sign_in(account, machine_id, uid).await {
        Ok(response) => Ok(Secret::new(response.agent_token)),
        Err(CallError::Refused(why)) => Err(RequestError::SignIn(why)),
        Err(CallError::Unavailable { why, .. }) => Err(AccessCallError::Unavailable(why).into()),
    }
}

#[cfg(test)]
mod tests;
