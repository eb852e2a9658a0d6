//! What is wrong with the page that is shown, and pictures of it.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{target, window::Window};

/// How a page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// On a desk, by day.
    Light,
    /// On a desk, by night.
    Dark,
    /// On the smallest phone that is still sold.
    Phone,
}

impl Look {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::Phone];

    fn scheme(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light | Self::Phone => "light",
        }
    }

    /// Width and height, in CSS pixels.
    fn size(self) -> [u64; 2] {
        match self {
            Self::Light | Self::Dark => [1280, 900],
            Self::Phone => [360, 740],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Phone => "phone",
        }
    }
}

/// Which rules of accessibility a page is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Every one.
    All,
    /// Those that colours can break.
    Colours,
}

impl Window {
    /// Looks at the page in another way.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn look(&self, look: Look) {
        self.resize(look, look.size()[1]).await;
        let features = json!([
            {"name": "prefers-color-scheme", "value": look.scheme()},
            // What moves is seen at its end.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    async fn resize(&self, look: Look, height: u64) {
        let metrics = json!({
            "width": look.size()[0], "height": height, "deviceScaleFactor": 1, "mobile": look == Look::Phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What axe-core finds of serious and critical impact, a line for each rule.
    ///
    /// # Panics
    /// When axe-core is not there, or does not run.
    pub async fn accessibility(&self, rules: Rules) -> Vec<String> {
        let path = target().join("tools/axe-core/axe.min.js");
        let axe = fs::read_to_string(&path);
        let axe =
            axe.unwrap_or_else(|_| panic!("`{}` is not there: run `tests/accessibility-checker`", path.display()));
        let only = match rules {
            Rules::All => json!({}),
            Rules::Colours => json!({"runOnly": ["color-contrast", "link-in-text-block"]}),
        };
        let script = format!(
            "{axe};\nconst [options, done] = arguments;\n\
             axe.run(document, {{...options, preload: false, resultTypes: ['violations']}}).then(done, e => done(String(e)));"
        );
        let found = self.run_async(&script, only).await;
        let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe-core: {found}"));
        violations.iter().filter(|violation| is_serious(violation)).map(told).collect()
    }

    /// What the browser complained of since the last call: scripts that failed, content that the page's policy forbids.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.console().await;
        let messages = entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default());
        // A page that comes with a status of 400 and above is one for the browser, whatever it says.
        messages
            .filter(|message| !message.contains("the server responded with a status of"))
            .map(str::to_owned)
            .collect()
    }

    /// By how many pixels the page is wider than the window, and what is.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn overflow(&self) -> Option<String> {
        let script = "
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return null;
            const wide = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width);
            return `${document.documentElement.scrollWidth - width} px: ${wide.map(e => e.outerHTML.slice(0, 80)).slice(-3)}`";
        self.run(script).await.as_str().map(str::to_owned)
    }

    /// Keeps a picture of the whole page, as it is looked at.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn picture(&self, directory: &Path, name: &str, look: Look) {
        let height = self.run("return document.documentElement.scrollHeight").await.as_u64().unwrap();
        // As high as the page: what sticks to the window's end is at the page's end.
        self.resize(look, height.max(look.size()[1])).await;
        let picture = self.devtools("Page.captureScreenshot", json!({"format": "png"})).await;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::write(directory.join(format!("{name}.{}.png", look.name())), bytes).unwrap();
    }

    /// Where the focus is, and what is wrong with how that is shown.
    ///
    /// # Panics
    /// When the browser is gone.
    pub async fn focus(&self) -> Focus {
        let script = "
            const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
            const inside = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return {
                id: at.id, name: at.getAttribute('aria-label') || at.innerText || '', html: at.outerHTML.slice(0, 100),
                outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                covered: !(inside && (at.contains(inside) || inside.contains(at))),
            }";
        let found = self.run(script).await;
        let text = |key: &str| found[key].as_str().unwrap_or_default().trim().to_owned();
        let is = |key: &str| found[key].as_bool().unwrap_or_default();
        Focus { id: text("id"), name: text("name"), html: text("html"), seen: is("outlined") && !is("covered") }
    }
}

/// What has the focus.
#[derive(Clone, Debug)]
pub struct Focus {
    /// Its id; empty: none.
    pub id: String,
    /// Its words.
    pub name: String,
    /// How it begins.
    pub html: String,
    /// It has a ring around it, and nothing covers it.
    pub seen: bool,
}

fn is_serious(violation: &Value) -> bool {
    matches!(violation["impact"].as_str(), Some("serious" | "critical"))
}

/// The rule, its first element, and what is wrong there.
fn told(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().map_or(0, Vec::len);
    let first = &violation["nodes"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " ");
    format!("{} ({nodes}): {} {}", text(&violation["id"]), text(&first["html"]), text(&first["failureSummary"]))
}
