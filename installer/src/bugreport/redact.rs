//! Leaves secrets out. Two nets: of settings only what is known to be none is kept, and of every text what looks like
//! one is crossed out.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// What stands where something was left out.
pub const LEFT_OUT: &str = "(left out)";

/// Keys of settings whose values tell nothing secret, in the files that go into a report.
const KEPT: [&str; 55] = [
    "adminEmail",
    "adminName",
    "adminURL",
    "allowedOrgs",
    "answerSeconds",
    "authorization-plugins",
    "bridge",
    "builder",
    "by",
    "caFile",
    "certsDir",
    "cgroup-parent",
    "cgroup",
    "chains",
    "confined",
    "containerCgroup",
    "containerd",
    "containerd-snapshotter",
    "data-root",
    "debug",
    "default-runtime",
    "dockerHubCredentials",
    "door",
    "enabled",
    "exceptions",
    "exec-opts",
    "experimental",
    "features",
    "hosts",
    "http-proxy",
    "https-proxy",
    "insecure-registries",
    "insecureRegistries",
    "live-restore",
    "log-driver",
    "loopbackTunnel",
    "min-api-version",
    "mirrors",
    "no-proxy",
    "proxies",
    "pushAnswerSeconds",
    "reason",
    "registry-mirrors",
    "registryDoor",
    "rules",
    "runtimes",
    "service",
    "since_ms",
    "storage-driver",
    "trustKeys",
    "tunnel",
    "until_ms",
    "upstreamCa",
    "upstreamNoProxy",
    "userns-remap",
];

/// What begins a secret, whatever surrounds it: tokens of this product, of Docker Hub, of GitHub, and a JWT.
const BEGINNINGS: [&str; 9] =
    ["pg_pat_", "pg_oat_", "dckr_pat_", "dckr_oat_", "ghp_", "github_pat_", "glpat-", "AKIA", "eyJ"];
/// What is said before a secret, in lower case.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "proxy-authorization",
    "auth",
    "api_key",
    "apikey",
    "api-key",
    "credential",
    "cookie",
    "private_key",
];

/// Settings in JSON: keys that are not known lose their values, and texts are crossed out as everywhere. What is no
/// JSON is left out as a whole.
pub fn settings(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => format!("{:#}", known(&value, true)),
        Err(error) => format!(
            "{LEFT_OUT}: it is no JSON ({} bytes; {:?} error at line {})",
            text.len(),
            error.classify(),
            error.line()
        ),
    }
}

fn known(value: &Value, kept: bool) -> Value {
    match value {
        Value::Object(object) => {
            let entry =
                |(key, value): (&String, &Value)| (key.clone(), known(value, kept && KEPT.contains(&key.as_str())));
            Value::Object(object.iter().map(entry).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| known(item, kept)).collect()),
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) if kept => value.clone(),
        Value::String(text) if kept => Value::String(self::text(text)),
        Value::Number(_) | Value::String(_) => left_out(),
    }
}

/// Any JSON of ours: its texts are crossed out, one by one, so that it stays JSON.
pub fn json(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let entry = |(key, value): (&String, &Value)| {
                (key.clone(), if names_a_secret(key, value) { left_out() } else { json(value) })
            };
            Value::Object(object.iter().map(entry).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::String(text) => Value::String(self::text(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn left_out() -> Value {
    Value::String(LEFT_OUT.to_owned())
}

/// `"Password": "…"`: a text under such a key, whoever calls it so.
fn names_a_secret(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    value.is_string() && NAMES.iter().any(|name| key.contains(name))
}

/// Any text, line by line.
pub fn text(text: &str) -> String {
    let mut in_key = false;
    let lines = text.lines().map(|line| {
        if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
            in_key = true;
        }
        let redacted = if in_key { LEFT_OUT.to_owned() } else { self::line(line) };
        if line.contains("-----END") {
            in_key = false;
        }
        redacted
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
    let mut out = user_info(line);
    for beginning in BEGINNINGS {
        out = from(&out, beginning);
    }
    out = behind_names(&out);
    home(&out)
}

/// `scheme://user:password@host`: nothing of the user is kept.
fn user_info(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        out.push_str(before);
        let end = behind
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>'))
            .unwrap_or(behind.len());
        // A password may hold a slash or an `@`: the last `@` of the word counts.
        let word =
            behind.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).unwrap_or(behind.len());
        let at_sign = behind[..word].rfind('@').filter(|at| *at < end || behind[..*at].contains(':'));
        rest = match at_sign {
            Some(at) => {
                out.push_str(LEFT_OUT);
                &behind[at..]
            }
            None => behind,
        };
    }
    out.push_str(rest);
    out
}

/// From a beginning that only a secret has to the end of its letters.
fn from(line: &str, beginning: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(beginning) {
        let (before, secret) = rest.split_at(at);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '=');
        let end = secret.find(|c| !is_letter(c)).unwrap_or(secret.len());
        out.push_str(before);
        // A short word that begins alike is none.
        out.push_str(if end >= 16 { LEFT_OUT } else { &secret[..end] });
        rest = &secret[end..];
    }
    out.push_str(rest);
    out
}

/// `password=…`, `"auth": "…"`, `Authorization: Bearer …`: what is behind the name, to the end of the line where it
/// cannot be told where it ends.
fn behind_names(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let ends = NAMES.iter().flat_map(|name| lower.match_indices(name).map(|(at, found)| at + found.len()));
    let secret = ends.filter_map(|end| {
        let behind = line.get(end..)?;
        // The name may go on (`tokens`, `auth_key`), and a quote may end it.
        let named =
            behind.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '"' | '\''));
        let value = named.trim_start();
        let sign = value.chars().next().filter(|c| matches!(c, '=' | ':'))?;
        let value = value[sign.len_utf8()..].trim_start();
        (!value.is_empty()).then(|| line.len() - value.len())
    });
    match secret.min() {
        Some(start) => format!("{}{LEFT_OUT}", &line[..start]),
        None => line.to_owned(),
    }
}

/// The home directory of whoever makes the report names them.
fn home(line: &str) -> String {
    static HOME: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("HOME").ok().filter(|home| home.len() > 5 && home.starts_with('/')));
    HOME.as_ref().map_or_else(|| line.to_owned(), |home| line.replace(home, "~"))
}

#[cfg(test)]
mod tests;
