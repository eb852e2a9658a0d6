//! `BeginLogin` and `FinishLogin`.

use std::net::IpAddr;

use proto::sync::{BeginLoginResponse, FinishLoginResponse};
use tonic::Status;

use super::{exhausted, sign_in_status};
use crate::identity::{BUSY_RETRY, LoginError, Logins, Progress, oidc::OidcError};

pub(super) async fn begin(logins: Option<&Logins>, peer: IpAddr) -> Result<BeginLoginResponse, Status> {
    let begin = provider(logins)?.begin(peer).await.map_err(|error| status(&error))?;
    Ok(BeginLoginResponse {
        login: begin.login,
        user_code: begin.user_code,
        verification_uri: begin.verification_uri,
        verification_uri_complete: begin.verification_uri_complete.unwrap_or_default(),
        expires_in: begin.expires_in,
        interval: begin.interval,
    })
}

pub(super) async fn finish(logins: Option<&Logins>, login: &str, peer: IpAddr) -> Result<FinishLoginResponse, Status> {
    match provider(logins)?.finish(login, peer).await.map_err(|error| status(&error))? {
        Progress::Pending(interval) => Ok(FinishLoginResponse { interval, ..FinishLoginResponse::default() }),
        Progress::Done(login) => {
            tracing::info!(user = %login.account.name, %peer, "logged in by the identity provider");
            Ok(FinishLoginResponse {
                username: login.account.name,
                token: login.token.expose().to_owned(),
                expires_at: login.expires_at,
                interval: 0,
            })
        }
    }
}

fn provider(logins: Option<&Logins>) -> Result<&Logins, Status> {
    logins.ok_or_else(|| Status::unimplemented("this service has no identity provider; sign in with `docker login`"))
}

fn status(error: &LoginError) -> Status {
    let text = error.to_string();
    match error {
        LoginError::Limited(wait) => exhausted(&text, *wait),
        LoginError::Oidc(OidcError::Busy) => exhausted(&text, BUSY_RETRY),
        LoginError::Oidc(OidcError::Foreign) => Status::invalid_argument(text),
        LoginError::Oidc(OidcError::Expired) => Status::not_found(text),
        LoginError::Oidc(OidcError::Denied | OidcError::IdToken(_)) => Status::permission_denied(text),
        LoginError::Oidc(OidcError::Unavailable(_)) => Status::unavailable(text),
        LoginError::SignIn(error) => match sign_in_status(error) {
            // Who they are is certain; that they may not is this service's word.
            refused if refused.code() == tonic::Code::Unauthenticated => Status::permission_denied(refused.message()),
            other => other,
        },
    }
}
