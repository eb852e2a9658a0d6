//! As much of a browser as a sign-in page needs: it keeps cookies and follows no redirection.

use std::collections::BTreeMap;

use bytes::Bytes;
use installer::lab::{LabError, http};
use serde_json::Value;

/// One person's browser, or the administrator's.
pub(super) struct Browser {
    address: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Without cookies. `address` is `host:port`.
    pub(super) fn at(address: &str) -> Self {
        Self { address: address.to_owned(), cookies: BTreeMap::new() }
    }

    /// Opens a page: an URL of this server, or a path.
    pub(super) async fn get(&mut self, page: &str) -> Result<Page, LabError> {
        let page = self.exchange("GET", page, Bytes::new()).await?;
        self.keep_cookies(&page);
        Ok(page)
    }

    /// What a script of a page sends.
    pub(super) async fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<Page, LabError> {
        let page = self.exchange(method, path, Bytes::from(body.to_string())).await?;
        self.keep_cookies(&page);
        Ok(page)
    }

    /// The same for one whose cookies stay as they are.
    pub(super) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Page, LabError> {
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        self.exchange(method, path, body).await
    }

    async fn exchange(&self, method: &str, url: &str, body: Bytes) -> Result<Page, LabError> {
        let target = url.strip_prefix(&format!("http://{}", self.address)).unwrap_or(url);
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let headers = [("content-type", "application/json"), ("cookie", cookies.as_str())];
        let answer = http::tcp(&self.address, method, target, &headers, body).await?;
        Ok(Page { asked: format!("{method} {target}"), answer })
    }

    fn keep_cookies(&mut self, page: &Page) {
        for cookie in page.answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap_or_default();
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What the server answered.
pub(super) struct Page {
    asked: String,
    answer: http::Answer,
}

impl Page {
    /// It must be 200.
    pub(super) fn is_ok(&self) -> Result<(), LabError> {
        if self.answer.status == 200 { Ok(()) } else { Err(self.unexpected("200")) }
    }

    /// It must be a redirection to a place with `part` in it.
    pub(super) fn leads_to(&self, part: &str) -> Result<(), LabError> {
        let location = self.answer.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if self.answer.status == 302 && location.contains(part) {
            return Ok(());
        }
        Err(self.unexpected(&format!("302 to `{part}`, it leads to `{location}`")))
    }

    /// Its JSON.
    pub(super) fn json(&self) -> Result<Value, LabError> {
        self.is_ok()?;
        serde_json::from_slice(&self.answer.body).map_err(|_| self.unexpected("JSON"))
    }

    fn unexpected(&self, expected: &str) -> LabError {
        let why = format!("expected {expected}; {}: {}", self.answer.status, self.answer.text());
        LabError::Http { request: self.asked.clone(), why }
    }
}
