//! Messages that hold a secret print none (INVARIANT I7).

use std::fmt;

use crate::sync::SignInRequest;

impl fmt::Debug for SignInRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInRequest")
            .field("username", &self.username)
            .field("machine_id", &self.machine_id)
            .field("uid", &self.uid)
            .field("agent_version", &self.agent_version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_prints_no_secret() {
        let request = SignInRequest { username: "dana".into(), secret: "hunter2".into(), ..SignInRequest::default() };
        let text = format!("{request:?}");
        assert!(text.contains("dana") && !text.contains("hunter2"), "{text}");
    }
}
