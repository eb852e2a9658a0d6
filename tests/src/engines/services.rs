//! Swarm services around one request: what it needs to be more than an error, and the end of
//! what it has started.

use std::time::Duration;

use installer::lab::wait_until;
use serde_json::{Value, json};

use super::{Answer, Site, Vector};

/// From a service's creation to the end of what its first task fetches.
const TASK: Duration = Duration::from_secs(20);
/// The states of a task in which its image may still have to be fetched.
const BEFORE_FETCHED: [&str; 6] = ["new", "allocated", "pending", "assigned", "accepted", "preparing"];

impl Site {
    /// A swarm, and the service that an update is about, without a task; `image` must be allowed.
    /// Gives the request with that service's version, the one part of a vector that cannot be
    /// known before it is sent.
    ///
    /// # Errors
    /// With the engine's answer, when it does not do its part.
    pub async fn prepare_services(&self, vector: &Vector, image: &str) -> Result<Vector, String> {
        if self.call("GET", "/swarm", None).await?.status() != 200 {
            let here = json!({"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"});
            done(200, &self.call("POST", "/swarm/init", Some(here)).await?)?;
        }
        let path = vector.path();
        let name = path.split_once("/services/").and_then(|(_, rest)| rest.strip_suffix("/update"));
        let Some(name) = name.filter(|name| !name.contains('/')) else { return Ok(vector.clone()) };
        let service = format!("/services/{name}");
        if self.call("GET", &service, None).await?.status() != 200 {
            let task = json!({"ContainerSpec": {"Image": image}});
            let none = json!({"Name": name, "TaskTemplate": task, "Mode": {"Replicated": {"Replicas": 0}}});
            done(201, &self.call("POST", "/services/create", Some(none)).await?)?;
        }
        let version = self.call("GET", &service, None).await?.json()["Version"]["Index"].to_string();
        let mut vector = vector.clone();
        if let Some((before, after)) = vector.uri.split_once("version=") {
            let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
            vector.uri = format!("{before}version={version}{after}");
        }
        Ok(vector)
    }

    /// Waits until every service that is to run has a task that has fetched its image or failed
    /// to, and removes the services.
    ///
    /// # Errors
    /// With the tasks, when that takes too long.
    pub async fn end_services(&self) -> Result<(), String> {
        let services = self.call("GET", "/services", None).await?.json();
        let services = services.as_array().map(Vec::as_slice).unwrap_or_default();
        let runs = |service: &&Value| service["Spec"]["Mode"]["Replicated"]["Replicas"] != 0;
        let fetched = || async {
            let tasks = self.call("GET", "/tasks", None).await?.json();
            let tasks = tasks.as_array().map(Vec::as_slice).unwrap_or_default();
            let is_past =
                |task: &&Value| !BEFORE_FETCHED.contains(&task["Status"]["State"].as_str().unwrap_or_default());
            let has_one = |service: &Value| tasks.iter().filter(is_past).any(|task| task["ServiceID"] == service["ID"]);
            if services.iter().filter(runs).all(has_one) { Ok(()) } else { Err(json!(tasks).to_string()) }
        };
        let ended = wait_until("the end of a task's fetch", TASK, fetched).await;
        for service in services {
            let id = service["ID"].as_str().unwrap_or_default();
            self.call("DELETE", &format!("/services/{id}"), None).await?;
        }
        ended.map_err(|error| error.to_string())
    }

    /// A call of the test's own.
    async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Result<Answer, String> {
        Vector::own(method, target, body).send(self.engine.socket()).await
    }
}

fn done(expected: u16, answer: &Answer) -> Result<(), String> {
    if answer.status() == expected { Ok(()) } else { Err(format!("it answered {}", answer.text())) }
}
