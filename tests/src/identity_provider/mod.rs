//! A real identity provider: Glewlwyd, an OpenID Connect server with the device authorization
//! grant (RFC 8628), on loopback, with everything of its own in the lab's directory.
//!
//! `tests/identity-provider` unpacks it. [`IdentityProvider::approve`] and
//! [`IdentityProvider::refuse`] do over HTTP what a person does in the browser.

mod browser;
mod server;
mod setup;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use installer::lab::{Account, Command, Lab, LabError, Process};
use serde_json::{Value, json};

use self::{browser::Browser, server::Server};

/// A running identity provider with one client, `pullgate`, that knows its secret.
pub struct IdentityProvider {
    process: Process,
    server: Server,
    admin: Browser,
    client_secret: String,
}

/// What differs between two providers.
#[derive(Debug, Clone, Copy)]
pub struct Codes {
    /// How long a person has to type a code, in seconds.
    pub expire_after: u32,
    /// The least time between two questions of the one who waits, in seconds.
    pub interval: u32,
}

impl Default for Codes {
    fn default() -> Self {
        Self { expire_after: 120, interval: 1 }
    }
}

impl IdentityProvider {
    /// The client's id.
    pub const CLIENT: &str = "pullgate";

    /// Starts it on a free port. ID tokens say `groups`, and with the scope `profile` the
    /// `preferred_username`.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(lab: &Lab, codes: Codes) -> Result<Self, LabError> {
        let (server, process) = Server::start(lab).await?;
        let client_secret = Account::new(Self::CLIENT)?.password;
        let admin = setup::prepare(&server, codes, &client_secret).await?;
        Ok(Self { process, server, admin, client_secret })
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`], at the same address.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn restart(&mut self, lab: &Lab) -> Result<(), LabError> {
        self.process = self.server.run(lab).await?;
        Ok(())
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What tells it apart from every other provider, and where its discovery document is.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.server.issuer()
    }

    /// Writes the file that tells pullgate's service about it, and the client's secret beside it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn describe(&self, lab: &Lab) -> Result<PathBuf, LabError> {
        self.describe_with(lab, json!({}))
    }

    /// The same, and people can sign in to the console at `console` with it; the provider sends browsers back there.
    ///
    /// # Errors
    /// When the file system or the provider refuses.
    pub async fn describe_for_console(&self, lab: &Lab, console: &str) -> Result<PathBuf, LabError> {
        setup::send_back_to(&self.admin, &self.client_secret, &format!("{console}/sign-in/callback")).await?;
        self.describe_with(lab, json!({ "consoleUrl": console }))
    }

    fn describe_with(&self, lab: &Lab, more: Value) -> Result<PathBuf, LabError> {
        let secret = lab.write("oidc-secret", format!("{}\n", self.client_secret))?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).map_err(|source| LabError::File {
            action: "protect",
            path: secret.clone(),
            source,
        })?;
        let mut description = json!({
            "issuer": self.issuer(),
            "clientId": Self::CLIENT,
            "clientSecretFile": secret,
            "groupsClaim": "groups",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            description[name] = value.clone();
        }
        lab.write("oidc.json", description.to_string())
    }

    /// The secret of the client.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Knows a person from now on, or knows other groups of theirs.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn set_person(&self, person: &Account, groups: &[&str]) -> Result<(), LabError> {
        setup::set_person(&self.admin, person, groups).await
    }

    /// Knows this person no more.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn remove_person(&self, person: &Account) -> Result<(), LabError> {
        self.admin.call("DELETE", &format!("/api/user/{}", person.name), None).await?.is_ok()
    }

    /// The script with which a browser that stands at the provider's sign-in page does what that page does once a
    /// person typed their name and password there and let the client know who they are.
    #[must_use]
    pub fn page_script(person: &Account) -> String {
        let login = json!({"username": person.name, "password": person.password});
        let send = |method: &str, path: &str, body: &Value| {
            format!(
                "await fetch('{path}', {{method: '{method}', headers: {{'content-type': 'application/json'}}, body: {}}});",
                json!(body.to_string())
            )
        };
        let grant = send("PUT", &format!("/api/auth/grant/{}/", Self::CLIENT), &json!({"scope": "openid profile"}));
        format!(
            "return (async () => {{ {} {grant} const back = new URLSearchParams(location.search).get('callback_url'); \
             location.href = back + '&g_continue'; }})();",
            send("POST", "/api/auth/", &login)
        )
    }

    /// A person opens the page of a device's code, signs in and lets the client know who they are.
    ///
    /// # Errors
    /// When a step does not lead to the next, for example because the code is not known (any more).
    pub async fn approve(&self, person: &Account, page: &str) -> Result<(), LabError> {
        let mut browser = Browser::at(self.server.address());
        let asked = browser.get(page).await?;
        asked.leads_to(&format!("client_id={}", Self::CLIENT))?;
        let login = json!({"username": person.name, "password": person.password});
        browser.send("POST", "/api/auth/", &login).await?.is_ok()?;
        let grant = format!("/api/auth/grant/{}/", Self::CLIENT);
        browser.send("PUT", &grant, &json!({"scope": "openid profile"})).await?.is_ok()?;
        browser.get(&format!("{page}&g_continue")).await?.leads_to("prompt=deviceComplete")
    }

    /// Refuses every code that nobody has approved yet. This provider has no button for it: its
    /// database gets what its own code reads as refused.
    ///
    /// # Errors
    /// When its database cannot be written.
    pub async fn refuse(&self) -> Result<(), LabError> {
        const REFUSED: u8 = 3;
        let change = format!("UPDATE gpo_device_authorization SET gpoda_status = {REFUSED} WHERE gpoda_status = 0;");
        let sqlite = Command::new(&server::launcher()?, "sqlite3").args(["sqlite3", "-cmd", ".timeout 5000"]);
        let database = self.server.database().display().to_string();
        sqlite.args([database.as_str(), &change]).run().await?.success().map(|_| ())
    }
}
