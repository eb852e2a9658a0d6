//! One browser. Whatever is named on a page is named as people see it: by its label, its text, its heading.

use std::{path::Path, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    elements::Element,
    error::CmdError,
    wd::{Capabilities, WebDriverCompatibleCommand},
};
use hyper_util::client::legacy::connect::HttpConnector;
use installer::lab::wait_until;
use serde_json::{Value, json};

/// Longest wait for a page, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether pages may run their script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripting {
    /// As browsers have it.
    On,
    /// As careful people set it.
    Off,
}

/// A browser with one page open. It ends with its driver, or by [`Window::close`].
pub struct Window {
    client: Client,
    site: String,
}

impl Window {
    pub(super) async fn open_at(
        driver: &str,
        browser: &Path,
        site: &str,
        scripting: Scripting,
        downloads: &Path,
    ) -> Self {
        let mut options = json!({
            "binary": browser,
            "args": [
                "--headless=new",
                // A laboratory is root's, and as root Chromium does not start with its sandbox.
                "--no-sandbox",
                // Of a container it may be too small.
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--no-proxy-server",
                "--window-size=1280,900",
            ],
            "prefs": {"download.default_directory": downloads},
        });
        if scripting == Scripting::Off {
            options["prefs"]["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let capabilities = Capabilities::from_iter([
            // The service's certificate is of its own making.
            ("acceptInsecureCerts".to_owned(), json!(true)),
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
            // The guard of a changed form is a dialog; a test that meets one says so.
            ("unhandledPromptBehavior".to_owned(), json!("dismiss and notify")),
        ]);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(driver).await;
        let client = client.unwrap_or_else(|error| panic!("no browser: {error}"));
        Self { client, site: site.to_owned() }
    }

    /// Ends the browser.
    ///
    /// # Panics
    /// When it is gone already.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// Opens a page of the site by its path, or any by its whole address.
    ///
    /// # Panics
    /// When nothing answers.
    pub async fn open(&self, path: &str) {
        let address = if path.starts_with('/') { format!("{}{path}", self.site) } else { path.to_owned() };
        self.client.goto(&address).await.unwrap_or_else(|error| panic!("`{address}`: {error}"));
    }

    /// Signs in on the page that is shown.
    ///
    /// # Panics
    /// When that page stays.
    pub async fn sign_in(&self, user: &str, password: &str) {
        self.fill("User name", user).await;
        self.fill("Password", password).await;
        self.press("Sign in").await;
        assert_ne!(self.heading().await, "Sign in", "{}", self.text().await);
    }

    /// Path and query of the page that is shown.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn path(&self) -> String {
        let address = self.client.current_url().await.unwrap().to_string();
        address.strip_prefix(&self.site).unwrap_or(&address).to_owned()
    }

    /// The HTTP status with which the page came.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn status(&self) -> u64 {
        self.run("return performance.getEntriesByType('navigation')[0].responseStatus")
            .await
            .as_u64()
            .unwrap_or_default()
    }

    /// The page's heading.
    ///
    /// # Panics
    /// When it has none, or several.
    pub async fn heading(&self) -> String {
        let all = self.client.find_all(Locator::Css("h1")).await.unwrap();
        assert_eq!(all.len(), 1, "headings of {}", self.path().await);
        all[0].text().await.unwrap()
    }

    /// What people read on the page.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn text(&self) -> String {
        self.find(Locator::Css("main"), "main part").await.text().await.unwrap()
    }

    /// The page must say this.
    ///
    /// # Panics
    /// With what it says instead.
    pub async fn says(&self, words: &str) {
        let text = self.text().await;
        assert!(text.contains(words), "{} does not say `{words}`:\n{text}", self.path().await);
    }

    /// The page must not say this.
    ///
    /// # Panics
    /// With what it says.
    pub async fn says_not(&self, words: &str) {
        let text = self.text().await;
        assert!(!text.contains(words), "{} says `{words}`:\n{text}", self.path().await);
    }

    /// Types into the field with this label, in the place of what stands there.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What stands in the field with this label.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn value(&self, label: &str) -> String {
        self.field(label).await.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Chooses from the list with this label.
    ///
    /// # Panics
    /// When there is no such list or choice.
    pub async fn choose(&self, label: &str, choice: &str) {
        let chosen = self.field(label).await.select_by_label(choice).await;
        chosen.unwrap_or_else(|error| panic!("`{label}`, `{choice}`: {error}"));
    }

    /// The same where several lists have one label: by its id.
    ///
    /// # Panics
    /// When there is no such list or choice.
    pub async fn choose_at(&self, id: &str, choice: &str) {
        let list = self.find(Locator::Id(id), &format!("list `{id}`")).await;
        list.select_by_label(choice).await.unwrap_or_else(|error| panic!("`{id}`, `{choice}`: {error}"));
    }

    /// Clicks at a box, a switch or one of several, by its label.
    ///
    /// # Panics
    /// When there is no such thing.
    pub async fn tick(&self, label: &str) {
        let field = self.field(label).await;
        // As people scroll: out from below what sticks to the window's end.
        let there = vec![serde_json::to_value(&field).unwrap()];
        self.client.execute("arguments[0].scrollIntoView({block: 'center'})", there).await.unwrap();
        field.click().await.unwrap();
    }

    /// Whether it is chosen.
    ///
    /// # Panics
    /// When there is no such thing.
    pub async fn is_ticked(&self, label: &str) -> bool {
        self.field(label).await.is_selected().await.unwrap()
    }

    /// Presses a button, and waits for the page that comes of it.
    ///
    /// # Panics
    /// When there is no such button, or no page.
    pub async fn press(&self, name: &str) {
        let button = self.named("button", name).await;
        self.turns(async || button.click().await, &format!("the button `{name}`")).await;
    }

    /// Follows a link, and waits for the page behind it.
    ///
    /// # Panics
    /// When there is no such link, or no page.
    pub async fn follow(&self, name: &str) {
        let link = self.named("a", name).await;
        self.turns(async || link.click().await, &format!("the link `{name}`")).await;
    }

    /// Clicks at a link that leads to a file.
    ///
    /// # Panics
    /// When there is no such link.
    pub async fn click(&self, name: &str) {
        self.named("a", name).await.click().await.unwrap();
    }

    /// Unfolds what is folded away under these words.
    ///
    /// # Panics
    /// When there is nothing of the kind.
    pub async fn unfold(&self, name: &str) {
        self.named("summary", name).await.click().await.unwrap();
    }

    /// Types at whatever has the focus: text, or a key of [`fantoccini::key::Key`].
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn keys(&self, keys: &str) {
        self.strike(keys).await.unwrap();
    }

    /// Types a key, and waits for the page that comes of it.
    ///
    /// # Panics
    /// When none comes.
    pub async fn keys_that_turn(&self, keys: &str) {
        self.turns(async || self.strike(keys).await, "the key").await;
    }

    /// Asks for the page again until it says this.
    ///
    /// # Panics
    /// With what it says instead, when it does not come.
    pub async fn comes_to_say(&self, words: &str) {
        let awaited = format!("a page that says `{words}`");
        let said = wait_until(&awaited, PATIENCE, || async {
            self.client.refresh().await.map_err(|error| error.to_string())?;
            let text = self.text().await;
            if text.contains(words) { Ok(()) } else { Err(text) }
        });
        said.await.unwrap();
    }

    /// Runs a script, as whoever looks at the page with a developer's tools.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("`{script:.200}`: {error}"))
    }

    /// Runs a script that leads to another page, and waits for that.
    ///
    /// # Panics
    /// When it fails, or no page comes.
    pub async fn run_that_turns(&self, script: &str) {
        let run = async || self.client.execute(script, Vec::new()).await.map(|_| ());
        self.turns(run, "the script").await;
    }

    pub(super) async fn run_async(&self, script: &str, argument: Value) -> Value {
        self.client.execute_async(script, vec![argument]).await.unwrap()
    }

    /// A command of Chromium's own protocol.
    pub(super) async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.chromium("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    /// What the browser wrote into its console since the last call.
    pub(super) async fn console(&self) -> Vec<Value> {
        let entries = self.chromium("se/log", json!({"type": "browser"})).await;
        entries.as_array().cloned().unwrap_or_default()
    }

    async fn chromium(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Chromium { path, body }).await.unwrap()
    }

    /// Key by key, wherever the focus is: what is typed at an element moves it.
    async fn strike(&self, keys: &str) -> Result<(), CmdError> {
        let strikes = keys.chars().fold(KeyActions::new("keyboard".to_owned()), |strikes, value| {
            strikes.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(strikes).await
    }

    /// Does something of which a new page must come.
    async fn turns(&self, act: impl AsyncFnOnce() -> Result<(), CmdError>, what: &str) {
        self.run("window.before = true").await;
        act().await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let there = "return !window.before && document.readyState === 'complete' || \
                     `${window.before ? 'still' : 'not whole:'} ${location}`";
        let awaited = format!("a page after {what}");
        let turned = wait_until(&awaited, PATIENCE, || async {
            match self.client.execute(there, Vec::new()).await {
                Ok(Value::Bool(true)) => Ok(()),
                Ok(instead) => Err(instead.to_string()),
                // Between two pages.
                Err(error) => Err(error.to_string()),
            }
        });
        turned.await.unwrap();
    }

    /// The one field with this label that is in sight.
    async fn field(&self, label: &str) -> Element {
        let labelled = format!("//*[@id=//label[normalize-space()={}]/@for]", quoted(label));
        self.find(Locator::XPath(&labelled), &format!("field `{label}`")).await
    }

    /// The one element of a kind with this accessible name or text that is in sight.
    async fn named(&self, kind: &str, name: &str) -> Element {
        let name_is = quoted(name);
        let path = format!("//{kind}[@aria-label={name_is} or (not(@aria-label) and normalize-space()={name_is})]");
        self.find(Locator::XPath(&path), &format!("{kind} `{name}`")).await
    }

    async fn find(&self, locator: Locator<'_>, what: &str) -> Element {
        let mut shown = Vec::new();
        for element in self.client.find_all(locator).await.unwrap() {
            if element.is_displayed().await.unwrap() {
                shown.push(element);
            }
        }
        assert_eq!(shown.len(), 1, "{what} on {}", self.path().await);
        shown.remove(0)
    }
}

/// As XPath has a string; no label has both kinds of quotation marks.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct Chromium {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Chromium {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
