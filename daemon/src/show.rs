//! `pullgated credentials`: whom the Docker credentials name, said once. Never a secret.

use serde_json::{Value, json};

use crate::{
    config::{Config, Credentials},
    credentials::{Credential, Source, helper::Helpers, identity, load},
    enrolled::Enrolled,
};

/// Under this key the Docker CLI keeps the sign-in to Docker Hub (docker/cli `cli/config`, `getAuthConfigKey`).
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Reads the credentials once and prints what they say.
///
/// # Errors
/// When there is no home directory, or standard output is gone.
pub async fn credentials(config: &Config, args: &Credentials) -> anyhow::Result<()> {
    use std::io::Write as _;
    let paths = config.paths()?;
    let keys = match &args.key {
        Some(key) => vec![key.clone()],
        None => match Enrolled::read(&paths.enrollment).service() {
            Some(service) => identity::keys_of_service(service),
            None => vec![DOCKER_HUB.to_owned()],
        },
    };
    let found = load(paths.credentials.now(), &keys, &Helpers::from_environment()).await;
    let line = if args.json { object(&found).to_string() } else { text(&found, &keys, paths.credentials.now()) };
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn object(found: &Credential) -> Value {
    match found {
        Credential::SignedIn(account) => {
            let source = match account.source {
                Source::File => "file",
                Source::Store(_) => "store",
                Source::Helper(_) => "helper",
            };
            json!({ "user": account.user, "key": account.key, "source": source, "helper": account.source.helper() })
        }
        Credential::SignedOut => json!({}),
        Credential::Unreadable(why) => json!({ "error": why.class.code(), "detail": why.detail }),
    }
}

fn text(found: &Credential, keys: &[String], path: &std::path::Path) -> String {
    let path = path.display();
    match found {
        Credential::SignedIn(account) => {
            format!("signed in as {} (`{}` in `{path}`, {})", account.user, account.key, account.source)
        }
        Credential::SignedOut => {
            let key = keys.first().map(String::as_str).unwrap_or_default();
            format!("nobody is signed in to `{key}` (`{path}`)")
        }
        Credential::Unreadable(why) => {
            format!("`{path}` cannot be used, and nobody counts as signed in: {} ({})", why.detail, why.class)
        }
    }
}
