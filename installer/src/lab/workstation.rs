//! One developer's machine and what it needs around it: the policy service with the
//! organization `acme`, a registry in the place of Docker Hub, the plugin, an engine, the agent.

use std::{fs::File, io::Read as _, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::control::{PolicyInForce, StatusResponse};

use super::{Agent, Clock, Docker, Engine, Image, Lab, LabError, Output, Plugin, Registry, Service, error::file};

/// From a changed credentials file to a session in force.
const SIGN_IN: Duration = Duration::from_secs(15);

/// An account of the lab's service.
pub struct Account {
    /// Its name.
    pub name: &'static str,
    /// Its random password.
    pub password: String,
}

impl Account {
    /// With a new password; not known to any service yet.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new(name: &'static str) -> Result<Self, LabError> {
        Ok(Self { name, password: random_password()? })
    }
}

/// What may differ between two workstations.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `dockerd` to run; the one on `PATH` unless given.
    pub dockerd: Option<PathBuf>,
    /// Enforces sign-in to `acme` (`allowedOrgs` in the enrollment file).
    pub enforce_sign_in: bool,
    /// Gives plugin and agent a clock that can be moved.
    pub movable_clock: bool,
    /// Holds the plugin's sockets, so that they outlive its processes. Not with a movable clock.
    pub held: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { dockerd: None, enforce_sign_in: true, movable_clock: false, held: false }
    }
}

/// Everything, running. Ends from top to bottom when dropped.
pub struct Workstation {
    /// The user's agent.
    pub agent: Agent,
    /// The `docker` command.
    pub docker: Docker,
    /// The engine.
    pub engine: Engine,
    /// The plugin in front of it.
    pub plugin: Plugin,
    /// The policy service.
    pub service: Service,
    /// In the place of Docker Hub.
    pub registry: Registry,
    /// An owner of `acme`.
    pub owner: Account,
    /// A member of `acme`.
    pub member: Account,
    /// The clock of plugin and agent, if it can be moved.
    pub clock: Option<Clock>,
    /// The directory; last, because the others live in it.
    pub lab: Lab,
}

impl Workstation {
    /// The organization.
    pub const ORGANIZATION: &str = "acme";
    /// The repositories on the registry, one of each category: official, the organization's
    /// own, a verified publisher's, community.
    pub const IMAGES: [&str; 4] = ["library/hello", "acme/app", "verifiedco/tool", "evil/miner"];

    /// Starts everything. The policy of `acme` exists and is switched off; nobody is signed in.
    ///
    /// # Errors
    /// The first part that does not come up.
    pub async fn start(options: &Options) -> Result<Self, LabError> {
        let lab = Lab::new()?;
        let owner = Account::new("owner")?;
        let member = Account::new("member")?;
        let (registry, service) = tokio::try_join!(stocked_registry(&lab), staffed_service(&lab, &owner, &member))?;
        let allowed: &[&str] = if options.enforce_sign_in { &[Self::ORGANIZATION] } else { &[] };
        service.enroll(&lab, allowed).await?;
        let clock = options.movable_clock.then(|| Clock::new(&lab)).transpose()?;
        let plugin = match options.held {
            true => Plugin::start_held(&lab).await?,
            false => Plugin::start(&lab, clock.clone()).await?,
        };
        let engine = Engine::start(&lab, &registry, options.dockerd.as_deref()).await?;
        let docker = Docker::new(&lab, &engine)?;
        let agent = Agent::start(&lab, clock.clone())?;
        Ok(Self { agent, docker, engine, plugin, service, registry, owner, member, clock, lab })
    }

    /// `docker login` with an account; returns once its session and the policy are in force.
    ///
    /// # Errors
    /// When the command fails or no session follows.
    pub async fn sign_in(&self, account: &Account) -> Result<Output, LabError> {
        let output = self.docker.login(&self.service.address(), account.name, &account.password).await?.success()?;
        self.signed_in(account.name).await?;
        Ok(output)
    }

    /// Waits until exactly `user` has a session and the policy of `acme` is in force.
    ///
    /// # Errors
    /// With what is in force instead, when that takes too long.
    pub async fn signed_in(&self, user: &str) -> Result<(), LabError> {
        self.agent.signed_in(&self.plugin, user, SIGN_IN).await?;
        let policy = |status: &StatusResponse| policy_generation(status) > 0;
        self.plugin.wait_for("a policy in force", SIGN_IN, policy).await.map(|_| ())
    }

    /// The generation of `acme`'s policy in force; 0: none.
    ///
    /// # Errors
    /// When the plugin does not answer.
    pub async fn generation(&self) -> Result<u64, LabError> {
        Ok(policy_generation(&self.plugin.status().await?))
    }

    /// Runs one administration command that changes the policy and waits until that change is
    /// in force at the plugin. Says how long after the end of the command that was.
    ///
    /// # Errors
    /// When the command fails or the change does not arrive.
    pub async fn change_policy(&self, args: &[&str]) -> Result<(Output, Duration), LabError> {
        let before = self.generation().await?;
        let output = self.service.administer(args).await?;
        let arrived = |status: &StatusResponse| policy_generation(status) > before;
        self.plugin.wait_for("the changed policy in force", SIGN_IN, arrived).await?;
        let took = output.ended.elapsed();
        Ok((output, took))
    }
}

/// The generation of `acme`'s policy in force; 0: none.
#[must_use]
pub fn policy_generation(status: &StatusResponse) -> u64 {
    let acme = |policy: &&PolicyInForce| policy.organization == Workstation::ORGANIZATION;
    status.policies.iter().find(acme).map_or(0, |policy| policy.generation)
}

async fn stocked_registry(lab: &Lab) -> Result<Registry, LabError> {
    let registry = Registry::start(lab).await?;
    for repository in Workstation::IMAGES {
        registry.push(repository, "latest", &Image::build(&format!("{repository}\n"))?).await?;
    }
    Ok(registry)
}

async fn staffed_service(lab: &Lab, owner: &Account, member: &Account) -> Result<Service, LabError> {
    let organization = Workstation::ORGANIZATION;
    let service = Service::start(lab).await?;
    service.administer(&["organization", "add", organization, "--namespace", organization]).await?;
    for (account, role) in [(owner, "owner"), (member, "member")] {
        let args = ["member", "add", organization, account.name, "--role", role, "--password-stdin"];
        service.admin(&args).stdin(&account.password).run().await?.success()?;
    }
    service.administer(&["publisher", "set", "verifiedco", "verified-publisher"]).await?;
    Ok(service)
}

/// 18 random bytes as text.
fn random_password() -> Result<String, LabError> {
    let source = "/dev/urandom";
    let mut bytes = [0; 18];
    File::open(source).and_then(|mut random| random.read_exact(&mut bytes)).map_err(file("read", source))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
