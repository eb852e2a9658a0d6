//! The names under which sign-ins are kept, as the Docker CLI makes and compares them.

/// The names under which `docker login` stores a sign-in to the service at `url`, best first.
///
/// `https://host:8443` is stored as `host:8443`; for the default port both spellings exist.
#[must_use]
pub fn of_service(url: &str) -> Vec<String> {
    let (default_port, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (if scheme.eq_ignore_ascii_case("http") { "80" } else { "443" }, rest),
        None => ("443", url),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if authority.is_empty() {
        return Vec::new();
    }
    // The colon of `host:port`, not one inside the brackets of an IPv6 address.
    let port = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
    match port {
        None => vec![authority.clone(), format!("{authority}:{default_port}")],
        Some((host, port)) if port == default_port => vec![host.to_owned(), authority.clone()],
        Some(_) => vec![authority],
    }
}

/// Under this key the Docker CLI keeps the sign-in to Docker Hub, and under no other: what the web login
/// keeps beside it (`.../access-token`, `.../refresh-token`) is not the person's to show.
pub const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The key that the CLI looks for when somebody names this registry (docker/cli `getAuthConfigKey`).
#[must_use]
pub fn of_registry(name: &str) -> String {
    if matches!(name, "docker.io" | "index.docker.io") { DOCKER_HUB.to_owned() } else { name.to_owned() }
}

/// Whether [`find`](super::identity::find) could choose the entry `known` for one of `keys`.
pub(super) fn may_be_meant(known: &str, keys: &[String]) -> bool {
    keys.iter().any(|key| known == key || hostname(known).eq_ignore_ascii_case(key))
}

/// `ConvertToHostname` of the CLI: the host and port of a URL, or what stands before the first slash.
pub(super) fn hostname(key: &str) -> &str {
    let rest = match key.split_once("://") {
        Some((_, rest)) => rest.rsplit_once('@').map_or(rest, |(_, host)| host),
        None => key,
    };
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_service_are_what_docker_login_stores() {
        let check = |url: &str, expected: &[&str]| assert_eq!(of_service(url), expected, "{url}");
        check("https://Gate.example:8443", &["gate.example:8443"]);
        check("https://gate.example", &["gate.example", "gate.example:443"]);
        check("https://gate.example:443/", &["gate.example", "gate.example:443"]);
        check("http://127.0.0.1:9000", &["127.0.0.1:9000"]);
        check("http://localhost", &["localhost", "localhost:80"]);
        check("https://[::1]:8443", &["[::1]:8443"]);
        check("https://[::1]", &["[::1]", "[::1]:443"]);
        check("https://", &[]);
    }
}
