//! A policy service's key, and what it has put in force: the test is the service and the agent.

use std::time::UNIX_EPOCH;

use installer::lab::{Lab, LabError, Plugin};
use proto::{
    control::{ApplyRequest, control_client::ControlClient},
    document::{Header, Membership, Policy, Role, Session},
    keys::SigningKey,
    local,
    sealed::seal,
};

/// The organization `acme` with its policy, and its member `dana`.
pub struct Authority {
    key: SigningKey,
    policy: Policy,
}

impl Authority {
    /// With this policy of `acme`; its header is made here.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let policy = Policy { header: Some(header("acme", "any".to_owned())), ..policy };
        Self { key: SigningKey::from_seed(&[5; 32]), policy }
    }

    /// Enrolls a lab's machine, with sign-in to `acme` enforced.
    pub(super) fn enroll(&self, lab: &Lab) -> Result<(), LabError> {
        let key = self.key.verifying_key().to_base64();
        let enrollment = serde_json::json!({
            "service": "https://127.0.0.1:1",
            "trustKeys": [key],
            "allowedOrgs": ["acme"],
        });
        lab.write("enrollment.json", enrollment.to_string()).map(|_| ())
    }

    /// Hands the policy and a session to the lab's plugin.
    pub(super) async fn put_in_force(&self, lab: &Lab, plugin: &Plugin) -> Result<(), LabError> {
        let machine_id = plugin.status().await?.machine_id;
        let session = Session {
            header: Some(header("dana", format!("machine:{machine_id}"))),
            machine_id,
            uid: rustix::process::geteuid().as_raw(),
            organizations: vec![Membership {
                organization: "acme".into(),
                role: Role::Member.into(),
                teams: Vec::new(),
            }],
        };
        let envelopes = vec![seal(&self.policy, &self.key), seal(&session, &self.key)];
        let mut control = ControlClient::new(local::connect_lazy(&lab.control_socket()));
        let applied = control.apply(ApplyRequest { envelopes, end_session: false }).await;
        applied.map_err(|status| LabError::Control { call: "Apply", why: status.message().to_owned() })?;
        Ok(())
    }
}

fn header(subject: &str, audience: String) -> Header {
    let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    Header {
        subject: subject.to_owned(),
        audience,
        generation: 1,
        issued_at: now - 1,
        refresh_after: now + 3600,
        expires_at: now + 7200,
    }
}
