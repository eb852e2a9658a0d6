//! Every route of the Engine API, one row each: API 1.24 to 1.56 (moby `daemon/server/router`).
//!
//! A route that is not here is new to pullgate: reading it passes, writing is refused.

/// What a route can do to the images on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Brings nothing in.
    Nothing,
    /// Brings nothing in, but what it starts is in a JSON body that must be shown.
    NeedsBody,
    /// Fetches from a registry by a name in the request.
    Pull,
    /// Brings content in whose name is not known here; the text says how.
    BringsIn(&'static str),
    /// Starts a build, whose images are not in the request.
    Builds,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path template as moby writes it, without the version.
    pub template: &'static str,
    /// Stable word of the action.
    pub word: &'static str,
    /// What it can do.
    pub effect: Effect,
}

/// The row for a request; `path` is decoded and has no version prefix.
#[must_use]
pub fn find(method: &str, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.method == method && matches(route.template, path))
}

/// gorilla/mux: anchored; `{x:.*}` spans slashes, `{x}` does not; no variable holds a newline.
fn matches(template: &str, path: &str) -> bool {
    let Some((prefix, rest)) = template.split_once('{') else { return template == path };
    let (Some(path), Some((variable, suffix))) = (path.strip_prefix(prefix), rest.split_once('}')) else {
        return false;
    };
    if suffix.contains('{') {
        let value = path.split('/').next().unwrap_or_default();
        let behind = path.get(value.len()..).unwrap_or_default();
        return !value.is_empty() && matches(suffix, behind);
    }
    let Some(value) = path.strip_suffix(suffix) else { return false };
    !value.contains('\n')
        && match variable.split_once(':') {
            Some((_, ".*")) => true,
            Some(_) => !value.is_empty(),
            None => !value.is_empty() && !value.contains('/'),
        }
}

const fn row(method: &'static str, template: &'static str, word: &'static str, effect: Effect) -> Route {
    Route { method, template, word, effect }
}

const fn pass(method: &'static str, template: &'static str, word: &'static str) -> Route {
    row(method, template, word, Effect::Nothing)
}

/// All routes. Rows that are asked for most come first; no two rows of a method overlap in what they do.
pub const ROUTES: &[Route] = &[
    row("POST", "/images/create", "pull", Effect::Pull),
    pass("HEAD", "/_ping", "ping"),
    pass("GET", "/_ping", "ping"),
    // Containers
    row("POST", "/containers/create", "create", Effect::NeedsBody),
    pass("GET", "/containers/json", "list"),
    pass("POST", "/containers/prune", "prune"),
    pass("DELETE", "/containers/{name}/checkpoints/{checkpoint}", "checkpoint_remove"),
    pass("DELETE", "/containers/{name:.*}", "remove"),
    pass("GET", "/containers/{name:.*}/archive", "copy_from"),
    pass("HEAD", "/containers/{name:.*}/archive", "copy_stat"),
    pass("PUT", "/containers/{name:.*}/archive", "copy_to"),
    pass("POST", "/containers/{name:.*}/attach", "attach"),
    pass("GET", "/containers/{name:.*}/attach/ws", "attach"),
    pass("GET", "/containers/{name:.*}/changes", "inspect"),
    pass("GET", "/containers/{name:.*}/checkpoints", "list"),
    pass("POST", "/containers/{name:.*}/checkpoints", "checkpoint_create"),
    pass("POST", "/containers/{name:.*}/copy", "copy_from"),
    pass("POST", "/containers/{name:.*}/exec", "exec"),
    pass("GET", "/containers/{name:.*}/export", "export"),
    pass("GET", "/containers/{name:.*}/json", "inspect"),
    pass("POST", "/containers/{name:.*}/kill", "kill"),
    pass("GET", "/containers/{name:.*}/logs", "logs"),
    pass("POST", "/containers/{name:.*}/pause", "pause"),
    pass("POST", "/containers/{name:.*}/rename", "rename"),
    pass("POST", "/containers/{name:.*}/resize", "resize"),
    pass("POST", "/containers/{name:.*}/restart", "restart"),
    pass("POST", "/containers/{name:.*}/start", "start"),
    pass("GET", "/containers/{name:.*}/stats", "stats"),
    pass("POST", "/containers/{name:.*}/stop", "stop"),
    pass("GET", "/containers/{name:.*}/top", "top"),
    pass("POST", "/containers/{name:.*}/unpause", "unpause"),
    pass("POST", "/containers/{name:.*}/update", "update"),
    pass("POST", "/containers/{name:.*}/wait", "wait"),
    pass("GET", "/exec/{id:.*}/json", "inspect"),
    pass("POST", "/exec/{name:.*}/resize", "resize"),
    pass("POST", "/exec/{name:.*}/start", "exec"),
    // Images
    pass("GET", "/images/get", "save"),
    pass("GET", "/images/json", "list"),
    row("POST", "/images/load", "load", Effect::BringsIn("`docker load` brings in images from a file")),
    pass("POST", "/images/prune", "prune"),
    pass("GET", "/images/search", "search"),
    pass("DELETE", "/images/{name:.*}", "remove"),
    pass("GET", "/images/{name:.*}/attestations", "inspect"),
    pass("GET", "/images/{name:.*}/get", "save"),
    pass("GET", "/images/{name:.*}/history", "inspect"),
    pass("GET", "/images/{name:.*}/json", "inspect"),
    pass("POST", "/images/{name:.*}/push", "push"),
    pass("POST", "/images/{name:.*}/tag", "tag"),
    pass("POST", "/commit", "commit"),
    pass("GET", "/distribution/{name:.*}/json", "distribution_inspect"),
    // Builds
    row("POST", "/build", "build", Effect::Builds),
    row("POST", "/grpc", "build_grpc", Effect::Builds),
    row("POST", "/session", "build_session", Effect::Builds),
    pass("POST", "/build/cancel", "build_cancel"),
    pass("POST", "/build/prune", "prune"),
    // The engine itself
    pass("POST", "/auth", "login"),
    pass("GET", "/events", "events"),
    pass("GET", "/info", "info"),
    pass("GET", "/version", "version"),
    pass("GET", "/system/df", "disk_usage"),
    pass("GET", "/debug/pprof/", "debug"),
    pass("GET", "/debug/pprof/{name}", "debug"),
    pass("GET", "/debug/vars", "debug"),
    // Networks and volumes
    pass("GET", "/networks", "list"),
    pass("GET", "/networks/", "list"),
    pass("POST", "/networks/create", "network_create"),
    pass("POST", "/networks/prune", "prune"),
    pass("DELETE", "/networks/{id:.*}", "remove"),
    pass("POST", "/networks/{id:.*}/connect", "network_connect"),
    pass("POST", "/networks/{id:.*}/disconnect", "network_disconnect"),
    pass("GET", "/networks/{id:.+}", "inspect"),
    pass("GET", "/volumes", "list"),
    pass("POST", "/volumes/create", "volume_create"),
    pass("POST", "/volumes/prune", "prune"),
    pass("DELETE", "/volumes/{name:.*}", "remove"),
    pass("GET", "/volumes/{name:.*}", "inspect"),
    pass("PUT", "/volumes/{name:.*}", "volume_update"),
    // Engine plugins
    pass("GET", "/plugins", "list"),
    row(
        "POST",
        "/plugins/create",
        "plugin_create",
        Effect::BringsIn("`docker plugin create` brings in an engine plugin from files"),
    ),
    pass("GET", "/plugins/privileges", "plugin_inspect"),
    row(
        "POST",
        "/plugins/pull",
        "plugin_pull",
        Effect::BringsIn("`docker plugin install` brings in an engine plugin, which pullgate does not judge yet"),
    ),
    row(
        "POST",
        "/plugins/{name:.*}/upgrade",
        "plugin_upgrade",
        Effect::BringsIn("`docker plugin upgrade` brings in an engine plugin, which pullgate does not judge yet"),
    ),
    pass("DELETE", "/plugins/{name:.*}", "plugin_remove"),
    pass("POST", "/plugins/{name:.*}/disable", "plugin_disable"),
    pass("POST", "/plugins/{name:.*}/enable", "plugin_enable"),
    pass("GET", "/plugins/{name:.*}/json", "inspect"),
    pass("POST", "/plugins/{name:.*}/push", "push"),
    pass("POST", "/plugins/{name:.*}/set", "plugin_set"),
    // Swarm
    pass("GET", "/swarm", "inspect"),
    pass("POST", "/swarm/init", "swarm_init"),
    row(
        "POST",
        "/swarm/join",
        "swarm_join",
        Effect::BringsIn("`docker swarm join` lets another machine start any image here"),
    ),
    pass("POST", "/swarm/leave", "swarm_leave"),
    pass("POST", "/swarm/unlock", "swarm_unlock"),
    pass("GET", "/swarm/unlockkey", "inspect"),
    pass("POST", "/swarm/update", "swarm_update"),
    pass("GET", "/nodes", "list"),
    pass("DELETE", "/nodes/{id}", "remove"),
    pass("GET", "/nodes/{id}", "inspect"),
    pass("POST", "/nodes/{id}/update", "node_update"),
    pass("GET", "/services", "list"),
    row(
        "POST",
        "/services/create",
        "service_create",
        Effect::BringsIn("`docker service create` lets swarm pull an image, which pullgate does not judge yet"),
    ),
    pass("DELETE", "/services/{id}", "remove"),
    pass("GET", "/services/{id}", "inspect"),
    pass("GET", "/services/{id}/logs", "logs"),
    row(
        "POST",
        "/services/{id}/update",
        "service_update",
        Effect::BringsIn("`docker service update` lets swarm pull an image, which pullgate does not judge yet"),
    ),
    pass("GET", "/tasks", "list"),
    pass("GET", "/tasks/{id}", "inspect"),
    pass("GET", "/tasks/{id}/logs", "logs"),
    pass("GET", "/secrets", "list"),
    pass("POST", "/secrets/create", "secret_create"),
    pass("DELETE", "/secrets/{id}", "remove"),
    pass("GET", "/secrets/{id}", "inspect"),
    pass("POST", "/secrets/{id}/update", "secret_update"),
    pass("GET", "/configs", "list"),
    pass("POST", "/configs/create", "config_create"),
    pass("DELETE", "/configs/{id}", "remove"),
    pass("GET", "/configs/{id}", "inspect"),
    pass("POST", "/configs/{id}/update", "config_update"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn word(method: &str, path: &str) -> Option<&'static str> {
        find(method, path).map(|route| route.word)
    }

    #[test]
    fn templates_match_as_the_engine_routes() {
        assert_eq!(word("POST", "/images/create"), Some("pull"));
        assert_eq!(word("POST", "/images/create/push"), Some("push"));
        assert_eq!(word("POST", "/images/a/b:c/tag"), Some("tag"));
        assert_eq!(word("DELETE", "/images/create"), Some("remove"));
        assert_eq!(word("GET", "/images/json"), Some("list"));
        assert_eq!(word("GET", "/images/docker.io/a/b:1/json"), Some("inspect"));
        assert_eq!(word("DELETE", "/containers/a/checkpoints/b"), Some("checkpoint_remove"));
        assert_eq!(word("POST", "/services/web/update"), Some("service_update"));
        assert_eq!(word("POST", "/services/a/b/update"), None);
        assert_eq!(word("PUT", "/images/create"), None);
        assert_eq!(word("post", "/images/create"), None);
        assert_eq!(word("POST", "/Images/create"), None);
        assert_eq!(word("POST", "/images/create/"), None);
        assert_eq!(word("POST", "/images/a\n/tag"), None);
    }

    #[test]
    fn no_row_shadows_another_with_another_effect() {
        for (number, route) in ROUTES.iter().enumerate() {
            let sample = route.template.replace("{name:.*}", "x").replace("{id:.*}", "x").replace("{id:.+}", "x");
            let sample = sample.replace("{name}", "x").replace("{id}", "x").replace("{checkpoint}", "x");
            let found = find(route.method, &sample).expect("a row finds itself");
            assert_eq!(found.effect, route.effect, "row {number}: {} {}", route.method, route.template);
        }
    }
}
