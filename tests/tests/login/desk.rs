//! A developer's desk: the identity provider, the policy service that asks it, the plugin and the
//! agent. No engine: what is in force is asked at the plugin.

use std::{path::PathBuf, time::Duration};

use installer::lab::{Account, Agent, Docker, Lab, Plugin, Service, wait_until};
use proto::control::StatusResponse;
use tests::{Codes, IdentityProvider, SETTLE};

use crate::login::Login;

/// Everything, running. Ends from top to bottom when dropped.
pub struct Desk {
    pub agent: Agent,
    pub plugin: Plugin,
    pub service: Service,
    pub provider: IdentityProvider,
    pub docker: Docker,
    pub lab: Lab,
}

impl Desk {
    /// The organization.
    pub const ORGANIZATION: &str = "acme";

    /// The machine is enrolled, `acme` has an owner and no policy that is switched on.
    pub async fn new() -> Self {
        Self::with(Codes::default()).await
    }

    /// The same, with other codes at the provider.
    pub async fn with(codes: Codes) -> Self {
        Self::of(codes, true).await
    }

    /// The service does not know of the provider.
    pub async fn without_provider() -> Self {
        Self::of(Codes::default(), false).await
    }

    async fn of(codes: Codes, known: bool) -> Self {
        let lab = Lab::new().unwrap();
        lab.make_dir("bin").unwrap();
        let docker = Docker::without_engine(&lab).unwrap();
        let provider = IdentityProvider::start(&lab, codes).await.unwrap();
        let description = provider.describe(&lab).unwrap().display().to_string();
        let oidc = ["--oidc", description.as_str()];
        let service = Service::start_with(&lab, if known { &oidc } else { &[] }).await.unwrap();
        service.administer(&["organization", "add", Self::ORGANIZATION]).await.unwrap();
        service.enroll(&lab, &[Self::ORGANIZATION]).await.unwrap();
        let plugin = Plugin::start(&lab, None).await.unwrap();
        let agent = Agent::start(&lab, None).unwrap();
        Self { agent, plugin, service, provider, docker, lab }
    }

    /// Somebody whom the provider knows, and who has an account of its kind here.
    pub async fn member(&self, name: &'static str) -> Account {
        let person = self.person(name, &[]).await;
        self.service
            .administer(&["member", "add", Self::ORGANIZATION, name, "--role", "member", "--oidc"])
            .await
            .unwrap();
        person
    }

    /// Somebody whom the provider knows, and nobody else.
    pub async fn person(&self, name: &'static str, groups: &[&str]) -> Account {
        let person = Account::new(name).unwrap();
        self.provider.set_person(&person, groups).await.unwrap();
        person
    }

    /// `pullgated login`, which now waits for the person.
    pub fn login(&self) -> Login {
        Login::begin(&self.lab)
    }

    /// `pullgated login`, approved by this person.
    pub async fn login_as(&self, person: &Account) -> String {
        let mut login = self.login();
        let page = login.page().await;
        self.provider.approve(person, &page).await.unwrap();
        login.succeeds().await
    }

    /// Waits until exactly this user has a session, in exactly these organizations.
    pub async fn signed_in(&self, user: &str, organizations: &[&str]) {
        let is = |status: &StatusResponse| matches!(status.sessions.as_slice(), [session] if session.user == user && session.organizations == organizations);
        self.wait(&format!("a session of `{user}` in {organizations:?}"), is).await;
    }

    /// Waits until nobody has a session.
    pub async fn signed_out(&self) {
        self.wait("no session", |status| status.sessions.is_empty()).await;
    }

    /// Waits until the policy's answer to a pull of `image` is this.
    pub async fn decides(&self, image: &str, allowed: bool, bound: Duration) {
        let what = format!("`{image}` allowed: {allowed}");
        let answer = wait_until(&what, bound, || async {
            let checked = self.plugin.check(&[image]).await.map_err(|error| error.to_string())?;
            if checked[0].allowed == allowed { Ok(()) } else { Err(format!("{:?}", checked[0])) }
        });
        answer.await.unwrap();
    }

    /// The logs of all processes and the files of the service that hold `secret`.
    pub fn files_with(&self, secret: &str) -> Vec<String> {
        let directories = [self.lab.path("log"), self.service.data().to_owned(), self.lab.path("agent")];
        let files = directories.iter().flat_map(|directory| std::fs::read_dir(directory).unwrap());
        let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let holds = |path: &PathBuf| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(secret);
        files.filter(holds).map(|path| path.display().to_string()).collect()
    }

    /// Docker's `config.json`.
    pub fn config(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.config_path()).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Where it is.
    pub fn config_path(&self) -> PathBuf {
        self.lab.docker_config().join("config.json")
    }

    async fn wait(&self, what: &str, state: impl Fn(&StatusResponse) -> bool) {
        if let Err(error) = self.plugin.wait_for(what, SETTLE, state).await {
            panic!("{error}\n--- agent\n{}", tail(&std::fs::read_to_string(self.lab.path("log/agent.log")).unwrap()));
        }
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

impl Drop for Desk {
    /// A test that failed shows what the service and the agent said.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for part in ["service", "agent"] {
                let log = std::fs::read_to_string(self.lab.path(&format!("log/{part}.log"))).unwrap_or_default();
                println!("--- {part}\n{}", tail(&log));
            }
        }
    }
}
