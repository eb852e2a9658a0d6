//! The steps: what is run, and what must come of it.

use std::time::{Duration, Instant};

use super::report::{Report, Step};
use crate::lab::{Account, LabError, Output, Workstation};

/// From `docker logout` to the end of the session.
const SIGN_OUT: Duration = Duration::from_secs(15);
const POLICY: [&str; 3] = ["policy", "set", Workstation::ORGANIZATION];

/// Repositories by kind, as a developer types them.
const OFFICIAL: &str = "hello";
const OWN: &str = "acme/app";
const PUBLISHER: &str = "verifiedco/tool";
const COMMUNITY: &str = "evil/miner";

/// Runs and checks all steps.
///
/// # Errors
/// When something in the laboratory broke, so that the rest would mean nothing.
pub(super) async fn tell(workstation: &Workstation, started: Instant, report: &mut Report) -> Result<(), LabError> {
    let mut story = Story { workstation, report };
    story.introduce(started)?;
    let request_url = "https://access.acme.example/requests/new";
    let settings = ["--enabled", "true", "--community", "false", "--request-url", request_url];
    story.prepare("the owner switches the policy on: no community images", &[&POLICY[..], &settings].concat()).await?;
    story.sign_in("a member signs in with `docker login`", &workstation.member).await?;
    story.pull("an official image comes in", OFFICIAL).await?;
    story.pull("the organization's own image comes in", OWN).await?;
    story.pull("a verified publisher's image comes in", PUBLISHER).await?;
    let refusal = ["docker.io/evil/miner:latest", "community image", "acme", "Ask for it: https://access.acme.example"];
    story.refused("a community image is refused", COMMUNITY, &refusal).await?;
    story.sign_in("an owner signs in", &workstation.owner).await?;
    story.pull("owners are never restricted", COMMUNITY).await?;
    story.sign_in("the member signs in again", &workstation.member).await?;
    story.refused("and is refused again", COMMUNITY, &refusal).await?;
    story.policy("the owner switches the policy off", &["--enabled", "false"]).await?;
    story.pull("the member pulls what was refused", COMMUNITY).await?;
    // The member uses by now what that takes away, and the owner says so.
    story.policy("the owner switches it on again", &["--enabled", "true", "--confirm", "1"]).await?;
    story.refused("it holds at once", COMMUNITY, &refusal).await?;
    let allow = ["allowlist", "add", Workstation::ORGANIZATION, COMMUNITY, "--reason", "reviewed"];
    story.change("the owner puts that one repository on the allowlist", &allow).await?;
    story.pull("the member pulls it", COMMUNITY).await?;
    story.sign_out("the member signs out").await?;
    let sign_in = ["signed in to acme", "docker login", &workstation.service.address()];
    for image in [OFFICIAL, OWN, PUBLISHER, COMMUNITY] {
        story.refused("without a sign-in every pull is refused", image, &sign_in).await?;
    }
    Ok(())
}

struct Story<'a> {
    workstation: &'a Workstation,
    report: &'a mut Report,
}

impl Story<'_> {
    fn introduce(&mut self, started: Instant) -> Result<(), LabError> {
        let Workstation { engine, registry, service, lab, .. } = self.workstation;
        let parts = [
            format!("policy service    {}, organization acme with an owner and a member", service.url()),
            format!("Docker Engine     {} behind the plugin, on {}", engine.version(), engine.socket().display()),
            format!("registry          {} in the place of Docker Hub", registry.url()),
            format!("enrollment        sign-in to acme is enforced, {}", lab.enrollment().display()),
        ];
        let step = Step {
            title: "everything starts: service, plugin, agent, an engine and a registry of its own",
            command: String::new(),
            exit_code: 0,
            output: parts.join("\n"),
            complaint: None,
            in_force: Some(started.elapsed()),
        };
        self.report.step(&step)
    }

    async fn sign_in(&mut self, title: &str, account: &Account) -> Result<(), LabError> {
        let Workstation { docker, service, .. } = self.workstation;
        let output = docker.login(&service.address(), account.name, &account.password).await?;
        let mut complaint = expect(&output, 0, &["Login Succeeded"]);
        let mut in_force = None;
        if complaint.is_none() {
            match self.workstation.signed_in(account.name).await {
                Ok(()) => in_force = Some(output.ended.elapsed()),
                Err(error) => complaint = Some(error.to_string()),
            }
        }
        self.tell(title, output, complaint, in_force)
    }

    async fn sign_out(&mut self, title: &str) -> Result<(), LabError> {
        let Workstation { docker, service, plugin, .. } = self.workstation;
        let output = docker.run(&["logout", &service.address()]).await?;
        let mut complaint = expect(&output, 0, &["Removing login credentials"]);
        let ended = plugin.wait_for("the end of the session", SIGN_OUT, |status| status.sessions.is_empty()).await;
        let in_force = output.ended.elapsed();
        if let Err(error) = ended {
            complaint.get_or_insert(error.to_string());
        }
        self.tell(title, output, complaint, Some(in_force))
    }

    async fn policy(&mut self, title: &str, settings: &[&str]) -> Result<(), LabError> {
        self.change(title, &[&POLICY[..], settings].concat()).await
    }

    /// A command of the administration while nobody is signed in: it reaches no machine yet.
    async fn prepare(&mut self, title: &str, args: &[&str]) -> Result<(), LabError> {
        let output = self.workstation.service.administer(args).await?;
        self.tell(title, output, None, None)
    }

    /// A command of the administration after which another policy must be in force.
    async fn change(&mut self, title: &str, args: &[&str]) -> Result<(), LabError> {
        let (output, in_force) = self.workstation.change_policy(args).await?;
        self.tell(title, output, None, Some(in_force))
    }

    /// A pull that must bring the image in from the registry.
    async fn pull(&mut self, title: &str, image: &str) -> Result<(), LabError> {
        let docker = &self.workstation.docker;
        let output = docker.run(&["pull", image]).await?;
        let complaint = expect(&output, 0, &["Downloaded newer image"]);
        if complaint.is_none() {
            docker.forget(image).await?;
        }
        self.tell(title, output, complaint, None)
    }

    /// A pull that must be refused in these words, before the registry is asked for anything.
    async fn refused(&mut self, title: &str, image: &str, words: &[&str]) -> Result<(), LabError> {
        let Workstation { docker, registry, .. } = self.workstation;
        let path = if image.contains('/') { image.to_owned() } else { format!("library/{image}") };
        let before = registry.reads(&path).len();
        let output = docker.run(&["pull", image]).await?;
        let mut complaint = expect(&output, 1, &["authorization denied by plugin pullgate"]);
        complaint = complaint.or_else(|| expect(&output, 1, words));
        if registry.reads(&path).len() != before {
            complaint.get_or_insert(format!("the registry was asked for `{path}`"));
        }
        self.tell(title, output, complaint, None)
    }

    fn tell(
        &mut self,
        title: &str,
        output: Output,
        complaint: Option<String>,
        in_force: Option<Duration>,
    ) -> Result<(), LabError> {
        let (exit_code, text) = (output.code(), output.text());
        self.report.step(&Step { title, command: output.command, exit_code, output: text, complaint, in_force })
    }
}

/// What is wrong with an answer, if anything.
fn expect(output: &Output, code: i32, words: &[&str]) -> Option<String> {
    if output.code() != code {
        return Some(format!("exit code {}, expected {code}", output.code()));
    }
    let text = output.text();
    words.iter().find(|word| !text.contains(**word)).map(|word| format!("the answer does not say `{word}`"))
}
