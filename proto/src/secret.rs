//! Secrets in memory: never printed, overwritten on drop (INVARIANT I7).

use std::fmt;

use zeroize::Zeroizing;

use crate::sync::{BeginLoginResponse, FinishLoginRequest, FinishLoginResponse, SignInRequest, SignInResponse};

/// A password or a token in the clear. `Debug` prints nothing of it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that hashes, sends or shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is nothing to show to anybody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInRequest")
            .field("username", &self.username)
            .field("machine_id", &self.machine_id)
            .field("uid", &self.uid)
            .field("agent_version", &self.agent_version)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SignInResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInResponse").finish_non_exhaustive()
    }
}

impl fmt::Debug for BeginLoginResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BeginLoginResponse").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

impl fmt::Debug for FinishLoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishLoginRequest").finish_non_exhaustive()
    }
}

impl fmt::Debug for FinishLoginResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishLoginResponse")
            .field("username", &self.username)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_and_a_sign_in_print_none() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2".into()))), "Some(Secret(..))");
        let request = SignInRequest { username: "dana".into(), secret: "hunter2".into(), ..SignInRequest::default() };
        let text = format!("{request:?}");
        assert!(text.contains("dana") && !text.contains("hunter2"), "{text}");
        let token = || "hunter2".to_owned();
        for text in [
            format!("{:?}", SignInResponse { agent_token: token(), session: b"hunter2".to_vec() }),
            format!("{:?}", BeginLoginResponse { login: token(), user_code: token(), ..BeginLoginResponse::default() }),
            format!("{:?}", FinishLoginRequest { login: token() }),
            format!("{:?}", FinishLoginResponse { token: token(), ..FinishLoginResponse::default() }),
        ] {
            assert!(!text.contains("hunter2") && !text.contains("104, 117"), "{text}");
        }
    }
}
