//! The authorization plugin of a lab, seen from its control socket.

use std::{path::PathBuf, time::Duration};

use proto::control::{CheckRequest, CheckedImage, StatusRequest, StatusResponse, control_client::ControlClient};
use tonic::transport::Channel;

use super::{Clock, Held, Lab, LabError, Process, clock, programs, wait_until};

const PROGRAM: &str = "pullgate-plugin";
/// For one call on the control socket.
const CALL: Duration = Duration::from_secs(5);

/// A running plugin.
pub struct Plugin {
    process: Process,
    program: PathBuf,
    clock: Option<Clock>,
    held: Option<Held>,
    channel: Channel,
}

impl Plugin {
    /// Starts it on the lab's sockets, with the real clock unless one is given.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(lab: &Lab, clock: Option<Clock>) -> Result<Self, LabError> {
        let program = programs::own(PROGRAM)?;
        lab.make_dir("plugin")?;
        let channel = proto::local::connect_lazy(&lab.control_socket());
        let process = run(lab, &program, clock.as_ref(), None, &channel).await?;
        Ok(Self { process, program, clock, held: None, channel })
    }

    /// Starts it on sockets that the lab holds, before and after each of its processes.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start_held(lab: &Lab) -> Result<Self, LabError> {
        let program = programs::own(PROGRAM)?;
        lab.make_dir("plugin")?;
        let mut held = Held::default();
        held.unix("engine", &lab.plugin_socket(), 0o600)?;
        held.unix("control", &lab.control_socket(), 0o666)?;
        let channel = proto::local::connect_lazy(&lab.control_socket());
        let process = run(lab, &program, None, Some(&held), &channel).await?;
        Ok(Self { process, program, clock: None, held: Some(held), channel })
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`], on the same state.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn restart(&mut self, lab: &Lab) -> Result<(), LabError> {
        self.process = run(lab, &self.program, self.clock.as_ref(), self.held.as_ref(), &self.channel).await?;
        Ok(())
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What it enforces now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self) -> Result<StatusResponse, LabError> {
        status(&self.channel).await.map_err(|why| LabError::Control { call: "Status", why })
    }

    /// What it would decide for these images now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn check(&self, images: &[&str]) -> Result<Vec<CheckedImage>, LabError> {
        let images = images.iter().map(|&image| image.to_owned()).collect();
        let answer = ControlClient::new(self.channel.clone()).check(deadline(CheckRequest { images })).await;
        let answer = answer.map_err(|status| LabError::Control { call: "Check", why: status.message().to_owned() })?;
        Ok(answer.into_inner().images)
    }

    /// Waits until `state` holds for what it enforces.
    ///
    /// # Errors
    /// With the last state that was seen.
    pub async fn wait_for(
        &self,
        what: &str,
        bound: Duration,
        state: impl Fn(&StatusResponse) -> bool,
    ) -> Result<StatusResponse, LabError> {
        let state = &state;
        wait_until(what, bound, || async move {
            let status = status(&self.channel).await?;
            if state(&status) { Ok(status) } else { Err(summary(&status)) }
        })
        .await
    }

    /// Waits until these images are decided so: true for allowed.
    ///
    /// # Errors
    /// With the last decisions that were seen.
    pub async fn wait_for_check<const N: usize>(
        &self,
        images: &[&str; N],
        allowed: [bool; N],
        bound: Duration,
    ) -> Result<(), LabError> {
        let allowed = &allowed;
        wait_until(&format!("{images:?} allowed: {allowed:?}"), bound, || async move {
            let decided = self.check(images).await.map_err(|error| error.to_string())?;
            if decided.iter().map(|image| &image.allowed).eq(allowed) { Ok(()) } else { Err(texts(&decided)) }
        })
        .await
    }

    /// Waits until an image is refused in these words.
    ///
    /// # Errors
    /// With the last words that were seen.
    pub async fn wait_for_text(&self, image: &str, words: &str, bound: Duration) -> Result<(), LabError> {
        wait_until(&format!("`{image}` refused: {words}"), bound, || async move {
            let decided = self.check(&[image]).await.map_err(|error| error.to_string())?;
            let refused = decided.iter().any(|image| !image.allowed && image.text.contains(words));
            if refused { Ok(()) } else { Err(texts(&decided)) }
        })
        .await
    }
}

/// What was decided, for a message.
fn texts(decided: &[CheckedImage]) -> String {
    let each: Vec<String> = decided
        .iter()
        .map(|image| format!("{} {}: {}", image.input, if image.allowed { "allowed" } else { "refused" }, image.text))
        .collect();
    each.join("; ")
}

async fn run(
    lab: &Lab,
    program: &std::path::Path,
    clock: Option<&Clock>,
    held: Option<&Held>,
    channel: &Channel,
) -> Result<Process, LabError> {
    let mut command = clock::under(clock, program);
    command
        .arg("--socket")
        .arg(lab.plugin_socket())
        .arg("--control-socket")
        .arg(lab.control_socket())
        .arg("--state-dir")
        .arg(lab.path("plugin"))
        .arg("--enrollment")
        .arg(lab.enrollment())
        .arg("--registry-json")
        .arg(lab.registry_json())
        .arg("--egress-file")
        .arg(lab.path("egress.json"));
    let socket = lab.plugin_socket();
    let mut process = match held {
        Some(held) => Process::start_held(lab, "plugin", command, held)?,
        None => Process::start(lab, "plugin", command)?,
    };
    process
        .ready(Duration::from_secs(10), || async {
            tokio::net::UnixStream::connect(&socket).await.map_err(|error| format!("plugin socket: {error}"))?;
            status(channel).await.map(|_| ())
        })
        .await?;
    Ok(process)
}

async fn status(channel: &Channel) -> Result<StatusResponse, String> {
    let answer = ControlClient::new(channel.clone()).status(deadline(StatusRequest {})).await;
    answer.map(tonic::Response::into_inner).map_err(|status| format!("{}: {}", status.code(), status.message()))
}

fn deadline<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(CALL);
    request
}

/// Users and policies in force, for a message.
fn summary(status: &StatusResponse) -> String {
    let sessions: Vec<&str> = status.sessions.iter().map(|session| session.user.as_str()).collect();
    let policy = |policy: &proto::control::PolicyInForce| {
        let switch = if policy.enabled { "on" } else { "off" };
        format!("{} generation {} {switch} {}", policy.organization, policy.generation, policy.age)
    };
    let policies: Vec<String> = status.policies.iter().map(policy).collect();
    let none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    format!("sessions: {}; policies: {}", none(sessions.join(", ")), none(policies.join(", ")))
}
