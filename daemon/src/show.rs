//! `pullgated credentials` and `pullgated reach`: whom the Docker credentials name, and whether the service answers,
//! said once. Never a secret.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    config::{Config, Credentials},
    credentials::{Credential, Realm, Source, Wanted, helper::Helpers, keys, place::Place, printable, read},
    enrolled::{DockerHub, Enrolled},
    service,
};

/// Reads the credentials once and prints what they say.
///
/// # Errors
/// When there is no home directory, or standard output is gone.
pub async fn credentials(config: &Config, args: &Credentials) -> anyhow::Result<()> {
    use std::io::Write as _;
    let paths = config.paths()?;
    let enrolled = Enrolled::read(&paths.enrollment);
    let (place, wanted) = match (&args.key, enrolled.wanted()) {
        // Whoever asks for a key asks about the Docker credentials.
        (Some(key), _) => (config.docker_credentials()?, vec![named(key)]),
        (None, wanted) if wanted.is_empty() => (paths.credentials, vec![named(keys::DOCKER_HUB)]),
        (None, wanted) => (paths.credentials, wanted),
    };
    let found = read(&place, &wanted, &Helpers::from_environment()).await;
    let line = if args.json { object(&found).to_string() } else { text(&found, &wanted, &place) };
    if args.key.is_none() && !args.json && enrolled.docker_hub() == DockerHub::PlainHttp {
        writeln!(std::io::stderr(), "{}", DockerHub::PLAIN_HTTP)?;
    }
    writeln!(std::io::stdout(), "{line}")?;
    if !args.json && !place.is_token_file() {
        notes(&place).try_for_each(|note| writeln!(std::io::stdout(), "note: {note}"))?;
    }
    Ok(())
}

/// Looks once whether the service can be reached, and prints one JSON object.
///
/// # Errors
/// When this machine is not enrolled, or standard output is gone.
pub async fn reach(config: &Config) -> anyhow::Result<()> {
    use std::io::Write as _;
    let enrollment = proto::enrollment::read(&config.paths()?.enrollment)?;
    let reached = match service::reach(&enrollment).await {
        Ok(reached) => reached,
        Err(unusable) => service::Reached { error: Some(unusable.to_string()), ..service::Reached::default() },
    };
    let object = json!({
        "service": enrollment.service,
        "certificate": reached.certificate.map(|der| STANDARD.encode(der)),
        "date": reached.date,
        "took_ms": u64::try_from(reached.took.as_millis()).unwrap_or(u64::MAX),
        "error": reached.error,
    });
    Ok(writeln!(std::io::stdout(), "{object}")?)
}

/// Whose realm a key of somebody's choice is, is not known; nothing is sent anywhere.
fn named(key: &str) -> Wanted {
    Wanted { realm: Realm::Service, keys: vec![keys::of_registry(key)] }
}

/// What could make a person think that somebody else is signed in.
fn notes(place: &Place) -> impl Iterator<Item = String> {
    let variable = std::env::var_os("DOCKER_AUTH_CONFIG").filter(|value| !value.is_empty()).map(|_| {
        "`DOCKER_AUTH_CONFIG` is set here; docker commands of this shell use it (since 28.3), and the agent does not: \
         it is in no file. Sign in with `docker login`, or give the agent a file"
            .to_owned()
    });
    let other = place.passed_over().map(|other| {
        let (other, now) = (other.display(), place.now().display());
        format!("`{other}` does not count, since `{now}` is there; `--config-dir` names another directory")
    });
    variable.into_iter().chain(other)
}

fn object(found: &Credential) -> Value {
    match found {
        Credential::SignedIn(account) => {
            let source = &account.source;
            json!({ "user": account.user, "key": account.key, "source": source.kind(), "helper": source.helper() })
        }
        Credential::SignedOut => json!({}),
        Credential::Unreadable(why) => json!({ "error": why.class.code(), "detail": why.detail }),
    }
}

fn text(found: &Credential, wanted: &[Wanted], place: &Place) -> String {
    let path = place.now().display();
    match found {
        Credential::SignedIn(account) if account.source == Source::TokenFile => {
            format!("signed in with the access token in `{}`", account.key)
        }
        Credential::SignedIn(account) => {
            let realm = if account.realm == Realm::DockerHub { " at Docker Hub" } else { "" };
            let source = printable(&account.source.to_string());
            let (user, key) = (&account.user, printable(&account.key));
            format!("signed in as {user}{realm} (`{key}` in `{path}`, {source})")
        }
        Credential::SignedOut => {
            let keys: Vec<String> =
                wanted.iter().filter_map(|one| one.keys.first()).map(|key| format!("`{key}`")).collect();
            format!("nobody is signed in to {} (`{path}`)", keys.join(" or "))
        }
        Credential::Unreadable(why) => {
            format!("`{path}` cannot be used, and nobody counts as signed in: {} ({})", why.detail, why.class)
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::secret::Secret;

    use super::*;
    use crate::credentials::Account;

    #[test]
    fn what_somebody_wrote_into_the_file_moves_no_cursor() {
        let (user, secret) = ("alice".to_owned(), Secret::new("pw".to_owned()));
        let key = "https://\u{1b}[2J\u{9b}\u{7}@gate.example/".to_owned();
        let account =
            Account { realm: Realm::Service, user, secret, key, source: Source::Store("p\u{1b}c".to_owned()) };
        let text = text(&Credential::SignedIn(account), &[], &Place::in_directory(std::path::Path::new("/x")));
        assert!(text.contains("gate.example") && !text.chars().any(char::is_control), "{text:?}");
    }
}
