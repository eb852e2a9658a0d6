//! A machine of the organization's members: plugin and agent, asked as an engine asks.

use std::{fs, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use installer::lab::{Agent, Lab, LabError, Plugin, Service, policy_generation, wait_until};
use proto::{authz::AUTHZ_REQ, control::StatusResponse};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

/// From a changed credentials file to a session in force.
const SIGN_IN: Duration = Duration::from_secs(20);

/// A machine without an engine.
pub struct Desk {
    agent: Agent,
    plugin: Plugin,
    socket: PathBuf,
}

impl Desk {
    /// Starts plugin and agent; nobody is signed in.
    ///
    /// # Errors
    /// The first part that does not come up.
    pub async fn start(lab: &Lab, service: &Service) -> Result<Self, LabError> {
        service.enroll(lab, &[]).await?;
        let plugin = Plugin::start(lab, None).await?;
        Ok(Self { agent: Agent::start(lab, None)?, plugin, socket: lab.plugin_socket() })
    }

    /// Signs somebody in, as `docker login` writes it down, and waits until their policy is in force.
    ///
    /// # Errors
    /// With what is in force instead.
    pub async fn sign_in(&self, lab: &Lab, service: &Service, user: &str, password: &str) -> Result<(), LabError> {
        let entry = json!({"auth": STANDARD.encode(format!("{user}:{password}"))});
        let config = json!({"auths": {service.address(): entry}});
        let path = lab.docker_config().join("config.json");
        fs::write(&path, config.to_string()).map_err(|source| LabError::File { action: "write", path, source })?;
        self.agent.signed_in(&self.plugin, user, SIGN_IN).await?;
        let in_force = |status: &StatusResponse| policy_generation(status) > 0;
        self.plugin.wait_for("a policy in force", SIGN_IN, in_force).await.map(|_| ())
    }

    /// Asks for a pull as the engine does. True: it is allowed.
    ///
    /// # Panics
    /// When the plugin does not answer as an engine understands it.
    pub async fn pull(&self, image: &str) -> bool {
        let target = format!("/v1.47/images/create?fromImage={image}&tag=latest");
        let message = json!({"RequestMethod": "POST", "RequestUri": target, "RequestHeaders": {"Content-Length": "0"}});
        let message = message.to_string();
        let request = format!(
            "POST {AUTHZ_REQ} HTTP/1.1\r\nHost: plugin\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{message}",
            message.len()
        );
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        answer["Allow"].as_bool().unwrap()
    }

    /// Waits until the service has this many decisions of the machine.
    ///
    /// # Errors
    /// With how many it has instead.
    pub async fn reported(&self, service: &Service, count: usize) -> Result<(), LabError> {
        wait_until("what the machine reports", SIGN_IN, || async {
            let records = service.administer(&["records"]).await.map_err(|error| error.to_string())?;
            let found = records.stdout.lines().count();
            if found >= count { Ok(()) } else { Err(format!("{found} of {count}")) }
        })
        .await
    }
}
