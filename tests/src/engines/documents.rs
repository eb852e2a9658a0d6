//! A policy service's key, and what it has put in force: the test is the service and the agent.

use std::{path::Path, time::UNIX_EPOCH};

use installer::lab::{Lab, LabError, Plugin};
use proto::{
    control::{ApplyRequest, control_client::ControlClient},
    document::{Header, Membership, Policy, Role, Session},
    keys::SigningKey,
    local,
    sealed::seal,
};

/// The organization `acme` with its policy, and `dana` who is in it.
#[derive(Clone)]
pub struct Authority {
    policy: Policy,
    role: Role,
    generation: u64,
}

impl Authority {
    /// With this policy of `acme`; its header is made here.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, role: Role::Member, generation: 1 }
    }

    /// Whose it is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The same, newer: with another policy, and `dana` in another role.
    #[must_use]
    pub fn changed(&self, policy: Policy, role: Role) -> Self {
        Self { policy, role, generation: self.generation + 1 }
    }

    /// Enrolls a lab's machine, with sign-in to `acme` enforced, and with a registry door or without.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn enroll(&self, lab: &Lab, door: bool) -> Result<(), LabError> {
        lab.write("enrollment.json", Self::enrollment(door)).map(|_| ())
    }

    /// What enrolls a machine so.
    #[must_use]
    pub fn enrollment(door: bool) -> String {
        let key = key().verifying_key().to_base64();
        let enrollment = serde_json::json!({
            "service": "https://127.0.0.1:1",
            "trustKeys": [key],
            "allowedOrgs": ["acme"],
            "registryDoor": door,
        });
        enrollment.to_string()
    }

    /// Hands the policy and a session to the lab's plugin.
    ///
    /// # Errors
    /// When it does not take them.
    pub async fn put_in_force(&self, lab: &Lab, plugin: &Plugin) -> Result<(), LabError> {
        self.put_in_force_on(plugin.status().await?.machine_id, &lab.control_socket()).await
    }

    /// Hands the policy and a session to the plugin of a machine with this id, behind this socket.
    ///
    /// # Errors
    /// When it does not take them.
    pub async fn put_in_force_on(&self, machine_id: String, control_socket: &Path) -> Result<(), LabError> {
        let session = Session {
            header: Some(header("dana", format!("machine:{machine_id}"), self.generation)),
            machine_id,
            uid: rustix::process::geteuid().as_raw(),
            organizations: vec![Membership { organization: "acme".into(), role: self.role.into(), teams: Vec::new() }],
        };
        let policy = Policy { header: Some(header("acme", "any".to_owned(), self.generation)), ..self.policy.clone() };
        let key = key();
        let envelopes = vec![seal(&policy, &key), seal(&session, &key)];
        let mut control = ControlClient::new(local::connect_lazy(control_socket));
        let applied = control.apply(ApplyRequest { envelopes, end_session: false }).await;
        applied.map_err(|status| LabError::Control { call: "Apply", why: status.message().to_owned() })?;
        Ok(())
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[5; 32])
}

fn header(subject: &str, audience: String, generation: u64) -> Header {
    let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    Header {
        subject: subject.to_owned(),
        audience,
        generation,
        issued_at: now - 1,
        refresh_after: now + 3600,
        expires_at: now + 7200,
    }
}
