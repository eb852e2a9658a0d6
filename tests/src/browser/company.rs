//! A service with somebody of every role, and browsers to look at it.

use installer::lab::{Account, Lab, LabError, Service};

use super::{Driver, Scripting, Window, desk::Desk};
use crate::identity_provider::{Codes, IdentityProvider};

/// The organization.
pub const ORGANIZATION: &str = "acme";
/// Everybody's.
const PASSWORD: &str = "correct horse battery";
/// Its people: one of each role, by the role's first letter.
pub const PEOPLE: [(char, &str, &str); 4] =
    [('O', "olga", "owner"), ('A', "adam", "admin"), ('U', "audrey", "auditor"), ('M', "alice", "member")];

/// Everything, running. Ends from top to bottom when dropped.
pub struct Company {
    driver: Driver,
    desk: Option<Desk>,
    /// The policy service.
    pub service: Service,
    lab: Lab,
}

impl Company {
    /// Starts it. The organization has its people, and its policy is off; nothing else is there.
    ///
    /// # Panics
    /// When it does not come up: then nothing can be tested.
    pub async fn start() -> Self {
        Self::try_start().await.unwrap_or_else(|error| panic!("no company: {error}"))
    }

    async fn try_start() -> Result<Self, LabError> {
        let lab = Lab::new()?;
        let (service, driver) = tokio::try_join!(Service::start(&lab), Driver::start(&lab))?;
        service.administer(&["organization", "add", ORGANIZATION, "--namespace", ORGANIZATION]).await?;
        for (_, user, role) in PEOPLE {
            let args = ["member", "add", ORGANIZATION, user, "--role", role, "--password-stdin"];
            service.admin(&args).stdin(PASSWORD).run().await?.success()?;
        }
        Ok(Self { driver, desk: None, service, lab })
    }

    /// The same, with a policy in force and something to see on every page.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn busy() -> Self {
        let mut company = Self::start().await;
        company.fill().await.unwrap_or_else(|error| panic!("an empty company: {error}"));
        company
    }

    /// Lets people sign in with an identity provider, which knows `dana`: a member here by its group.
    ///
    /// # Panics
    /// When that is not reached.
    pub async fn with_provider(&mut self) -> (IdentityProvider, Account) {
        self.try_with_provider().await.unwrap_or_else(|error| panic!("no identity provider: {error}"))
    }

    async fn try_with_provider(&mut self) -> Result<(IdentityProvider, Account), LabError> {
        let provider = IdentityProvider::start(&self.lab, Codes::default()).await?;
        let dana = Account::new("dana")?;
        provider.set_person(&dana, &[ORGANIZATION]).await?;
        self.service.administer(&["organization", "link", ORGANIZATION, "--oidc-groups"]).await?;
        let described = provider.describe_for_console(&self.lab, &self.service.url()).await?;
        self.service.restart_with(&self.lab, &["--oidc", &described.display().to_string()]).await?;
        Ok((provider, dana))
    }

    async fn fill(&mut self) -> Result<(), LabError> {
        let ask = format!("{}/requests/new", self.service.url());
        #[rustfmt::skip]
        let acts: [&[&str]; 13] = [
            &["policy", "set", ORGANIZATION, "--enabled", "true", "--mode", "enforce", "--community", "false",
              "--registry-control", "true", "--registry", "ghcr.io", "--registry", "*.corp.example", "--request-url", &ask,
              "--message", "We pull from publishers that we know.", "--email", "platform@acme.example"],
            &["member", "add", ORGANIZATION, "alice", "--role", "member", "--team", "web", "--team", "data"],
            &["member", "add", ORGANIZATION, "adam", "--role", "admin", "--team", "platform"],
            &["allowlist", "add", ORGANIZATION, "grafana/grafana:11.*", "--reason", "dashboards of the platform team"],
            &["allowlist", "add", ORGANIZATION, "jupyter/*", "--team", "data", "--expires", "2099-12-31T00:00:00Z",
              "--reason", "notebooks until the move to our own images"],
            &["allowlist", "add", ORGANIZATION, "mailhog/mailhog", "--user", "alice"],
            &["denylist", "add", ORGANIZATION, "docker.io/library/alpine:3.4", "--reason", "no security updates since 2019"],
            &["publisher", "set", "grafana", "verified-publisher"],
            &["publisher", "set", "bitnami", "verified-publisher"],
            &["publisher", "set", "traefik", "sponsored-open-source"],
            &["organization", "token", "create", ORGANIZATION, "--name", "ci", "--team", "platform", "--scope", "sign-in"],
            &["token", "create", "olga", "--name", "terraform", "--scope", "org:read", "--scope", "org:write"],
            &["token", "create", "alice", "--name", "laptop", "--scope", "sign-in"],
        ];
        for act in acts {
            self.service.administer(act).await?;
        }
        let desk = Desk::start(&self.lab, &self.service).await?;
        let mut pulls = 0;
        for (user, images) in [
            (
                "alice",
                &["evil/miner", "evil/miner", "alpine", "cryptojack/xmrig", "quay.io/coreos/etcd", "evil/miner"][..],
            ),
            ("adam", &["someone/jq", "evil/miner", "postgres", "acme/app"][..]),
        ] {
            desk.sign_in(&self.lab, &self.service, user, PASSWORD).await?;
            for image in images {
                pulls += usize::from(!desk.pull(image).await);
            }
        }
        desk.reported(&self.service, pulls).await?;
        self.desk = Some(desk);
        self.ask_and_invite().await
    }

    /// What people do in the console.
    async fn ask_and_invite(&self) -> Result<(), LabError> {
        let alice = self.window('M').await;
        for (image, reason) in [
            ("evil/miner", "The load test of the new cluster needs it."),
            ("someone/jq", "Our release script calls it.\nUntil we build our own."),
        ] {
            alice.open(&format!("/requests/new?image={image}")).await;
            alice.fill("Why do you need it?", reason).await;
            alice.press("Ask").await;
        }
        alice.close().await;
        let request = self.request("docker.io/someone/jq").await?;
        self.service
            .administer(&["requests", "approve", &request, "--for", "30d", "--note", "for the release"])
            .await?;
        let olga = self.window('O').await;
        olga.open(&format!("/orgs/{ORGANIZATION}/members")).await;
        olga.fill("Name", "ivan").await;
        olga.press("Invite").await;
        olga.close().await;
        Ok(())
    }

    /// The id of the newest request for an image.
    ///
    /// # Errors
    /// When there is none.
    pub async fn request(&self, image: &str) -> Result<String, LabError> {
        let listed = self.service.administer(&["requests", "list", "--json"]).await?;
        let all = listed.stdout.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let id = all.filter(|request| request["image"] == image).find_map(|one| Some(one["id"].as_str()?.to_owned()));
        id.ok_or_else(|| LabError::Http { request: format!("a request for `{image}`"), why: listed.stdout })
    }

    /// A browser in which somebody of this role is signed in; `n`: nobody.
    ///
    /// # Panics
    /// When that is not reached.
    pub async fn window(&self, role: char) -> Window {
        self.window_with(role, Scripting::On).await
    }

    /// The same, and whether pages may run their script there.
    ///
    /// # Panics
    /// When that is not reached.
    pub async fn window_with(&self, role: char, scripting: Scripting) -> Window {
        let window = self.driver.window(&self.service.url(), scripting).await;
        if let Some((_, user, _)) = PEOPLE.into_iter().find(|(letter, ..)| *letter == role) {
            window.open("/sign-in").await;
            window.sign_in(user, PASSWORD).await;
        }
        window
    }

    /// What somebody types who signs in.
    #[must_use]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// A file that a browser downloaded, once it is whole.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn downloaded(&self, name: &str) -> String {
        self.driver.downloaded(name).await
    }
}
