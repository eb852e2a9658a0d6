//! The service's sign-in counts; Docker Hub's only where nobody is signed in to the service.

use super::{unix::install, *};
use crate::credentials::{Realm, Wanted, keys::DOCKER_HUB, search};

fn wanted() -> [Wanted; 2] {
    [
        Wanted { realm: Realm::Service, keys: vec![KEY.to_owned()] },
        Wanted { realm: Realm::DockerHub, keys: vec![DOCKER_HUB.to_owned()] },
    ]
}

fn found(credential: &Credential) -> String {
    match credential {
        Credential::SignedIn(account) => format!("{} {}", account.realm.code(), account.user),
        other => told(other),
    }
}

async fn first(auths: &str, more: &str) -> String {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("config.json");
    fs::write(&path, format!(r#"{{"auths":{{{auths}}}{more}}}"#)).expect("write");
    // Answers for Docker Hub, knows nothing of the service.
    let script = format!(
        "#!/bin/sh\nif [ \"$(cat)\" = {DOCKER_HUB} ]; then echo '{{\"Username\":\"carol\",\"Secret\":\"x\"}}'\n\
         else echo credentials not found in native keychain; exit 1; fi\n"
    );
    install(directory.path(), "docker-credential-fx", &script);
    install(directory.path(), "docker-credential-broken", "#!/bin/sh\nexit 1\n");
    found(&search(&path, &wanted(), &helpers(directory.path(), Duration::from_secs(5))).await)
}

#[tokio::test]
async fn docker_hub_counts_only_where_nobody_is_signed_in_to_the_service() {
    let service = format!(r#""{KEY}":{{"auth":"{AUTH}"}}"#);
    let hub = format!(r#""{DOCKER_HUB}":{{"auth":"Ym9iOng="}}"#);
    let cases: &[(&str, &str, String, &str)] = &[
        ("service alice", "both", format!("{hub},{service}"), ""),
        ("service alice", "the service only", service, ""),
        ("docker-hub bob", "Hub only", hub.clone(), ""),
        ("docker-hub bob", "signed out of the service", format!(r#""{KEY}":{{}},{hub}"#), ""),
        ("none", "neither", String::new(), ""),
        ("error:bad-auth", "unreadable is nobody", format!(r#""{KEY}":{{"auth":"!"}},{hub}"#), ""),
        ("error:token-no-username", "a token of nobody", format!(r#""{KEY}":{{"identitytoken":"x"}},{hub}"#), ""),
        ("docker-hub carol", "in a store", hub.clone(), r#","credsStore":"fx""#),
        ("error:helper-failed", "the service's helper fails", hub, &format!(r#","credHelpers":{{"{KEY}":"broken"}}"#)),
    ];
    for (expected, name, auths, more) in cases {
        assert_eq!(first(auths, more).await, *expected, "{name}");
    }
}

/// What the web login keeps beside the sign-in, and names that the Docker CLI does not look under.
#[tokio::test]
async fn only_the_key_that_the_docker_command_looks_under_is_docker_hub() {
    let keys = [
        "https://index.docker.io/v1/access-token",
        "https://index.docker.io/v1/refresh-token",
        "https://index.docker.io/v1",
        "https://INDEX.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "registry-1.docker.io",
        "https://hub.docker.com",
    ];
    for key in keys {
        assert_eq!(first(&format!(r#""{key}":{{"auth":"Ym9iOng="}}"#), "").await, "none", "{key}");
    }
}
