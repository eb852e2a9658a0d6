//! Every route of the Engine API, one row each: API 1.24 to 1.56 (moby `daemon/server/router`).
//! The table is also the documentation: `docs/reference/routes.md` is printed from it.
//!
//! A route that is not here is new to pullgate: reading it passes, writing is refused.

mod reading;

pub use reading::Reading;

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path template as moby writes it, without the version.
    pub template: &'static str,
    /// Stable word of the action.
    pub word: &'static str,
    /// How it is read, and so what it can do.
    pub reading: Reading,
}

/// The row for a request, and the last variable of its path; `path` is decoded and has no version prefix.
#[must_use]
pub fn find<'p>(method: &str, path: &'p str) -> Option<(&'static Route, &'p str)> {
    let of_method = ROUTES.iter().filter(|route| route.method == method);
    of_method.into_iter().find_map(|route| Some((route, variable(route.template, path)?)))
}

/// gorilla/mux: anchored; `{x:.*}` spans slashes, `{x}` does not; no variable holds a newline.
/// The last variable; empty where the template has none.
fn variable<'p>(template: &str, path: &'p str) -> Option<&'p str> {
    let Some((prefix, rest)) = template.split_once('{') else { return (template == path).then_some("") };
    let (path, (variable_, suffix)) = (path.strip_prefix(prefix)?, rest.split_once('}')?);
    if suffix.contains('{') {
        let value = path.split('/').next().unwrap_or_default();
        let behind = path.get(value.len()..).unwrap_or_default();
        return (!value.is_empty()).then(|| variable(suffix, behind))?;
    }
    let value = path.strip_suffix(suffix)?;
    let spans = match variable_.split_once(':') {
        Some((_, ".*")) => true,
        Some(_) => !value.is_empty(),
        None => !value.is_empty() && !value.contains('/'),
    };
    (spans && !value.contains('\n')).then_some(value)
}

const fn row(method: &'static str, template: &'static str, word: &'static str, reading: Reading) -> Route {
    Route { method, template, word, reading }
}

const fn pass(method: &'static str, template: &'static str, word: &'static str) -> Route {
    row(method, template, word, Reading::Nothing)
}

/// All routes. Rows that are asked for most come first; no two rows of a method overlap in what they do.
pub const ROUTES: &[Route] = &[
    row("POST", "/images/create", "pull", Reading::Pull),
    pass("HEAD", "/_ping", "ping"),
    pass("GET", "/_ping", "ping"),
    // Containers
    row("POST", "/containers/create", "create", Reading::Create),
    pass("GET", "/containers/json", "list"),
    pass("POST", "/containers/prune", "prune"),
    row("DELETE", "/containers/{name}/checkpoints/{checkpoint}", "checkpoint_remove", Reading::CheckpointRemove),
    pass("DELETE", "/containers/{name:.*}", "remove"),
    pass("GET", "/containers/{name:.*}/archive", "copy_from"),
    pass("HEAD", "/containers/{name:.*}/archive", "copy_stat"),
    pass("PUT", "/containers/{name:.*}/archive", "copy_to"),
    pass("POST", "/containers/{name:.*}/attach", "attach"),
    pass("GET", "/containers/{name:.*}/attach/ws", "attach"),
    pass("GET", "/containers/{name:.*}/changes", "inspect"),
    pass("GET", "/containers/{name:.*}/checkpoints", "list"),
    row("POST", "/containers/{name:.*}/checkpoints", "checkpoint_create", Reading::CheckpointCreate),
    pass("POST", "/containers/{name:.*}/copy", "copy_from"),
    row("POST", "/containers/{name:.*}/exec", "exec", Reading::Exec),
    pass("GET", "/containers/{name:.*}/export", "export"),
    pass("GET", "/containers/{name:.*}/json", "inspect"),
    pass("POST", "/containers/{name:.*}/kill", "kill"),
    pass("GET", "/containers/{name:.*}/logs", "logs"),
    pass("POST", "/containers/{name:.*}/pause", "pause"),
    pass("POST", "/containers/{name:.*}/rename", "rename"),
    pass("POST", "/containers/{name:.*}/resize", "resize"),
    pass("POST", "/containers/{name:.*}/restart", "restart"),
    row("POST", "/containers/{name:.*}/start", "start", Reading::Start),
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
    row("POST", "/images/load", "load", Reading::Load),
    pass("POST", "/images/prune", "prune"),
    pass("GET", "/images/search", "search"),
    pass("DELETE", "/images/{name:.*}", "remove"),
    pass("GET", "/images/{name:.*}/attestations", "inspect"),
    pass("GET", "/images/{name:.*}/get", "save"),
    pass("GET", "/images/{name:.*}/history", "inspect"),
    pass("GET", "/images/{name:.*}/json", "inspect"),
    row("POST", "/images/{name:.*}/push", "push", Reading::Push),
    row("POST", "/images/{name:.*}/tag", "tag", Reading::Tag),
    row("POST", "/commit", "commit", Reading::Commit),
    row("GET", "/distribution/{name:.*}/json", "distribution_inspect", Reading::Distribution),
    // Builds
    row("POST", "/build", "build", Reading::Build),
    row("POST", "/grpc", "build_grpc", Reading::Tunnel),
    row("POST", "/session", "build_session", Reading::Tunnel),
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
    row("POST", "/networks/create", "network_create", Reading::NetworkCreate),
    pass("POST", "/networks/prune", "prune"),
    pass("DELETE", "/networks/{id:.*}", "remove"),
    pass("POST", "/networks/{id:.*}/connect", "network_connect"),
    pass("POST", "/networks/{id:.*}/disconnect", "network_disconnect"),
    pass("GET", "/networks/{id:.+}", "inspect"),
    pass("GET", "/volumes", "list"),
    row("POST", "/volumes/create", "volume_create", Reading::VolumeCreate),
    pass("POST", "/volumes/prune", "prune"),
    pass("DELETE", "/volumes/{name:.*}", "remove"),
    pass("GET", "/volumes/{name:.*}", "inspect"),
    pass("PUT", "/volumes/{name:.*}", "volume_update"),
    // Engine plugins
    pass("GET", "/plugins", "list"),
    row("POST", "/plugins/create", "plugin_create", Reading::PluginCreate),
    row("GET", "/plugins/privileges", "plugin_privileges", Reading::PluginPrivileges),
    row("POST", "/plugins/pull", "plugin_pull", Reading::PluginPull),
    row("POST", "/plugins/{name:.*}/upgrade", "plugin_upgrade", Reading::PluginUpgrade),
    pass("DELETE", "/plugins/{name:.*}", "plugin_remove"),
    pass("POST", "/plugins/{name:.*}/disable", "plugin_disable"),
    row("POST", "/plugins/{name:.*}/enable", "plugin_enable", Reading::PluginEnable),
    pass("GET", "/plugins/{name:.*}/json", "inspect"),
    row("POST", "/plugins/{name:.*}/push", "push", Reading::PluginPush),
    row("POST", "/plugins/{name:.*}/set", "plugin_set", Reading::PluginSet),
    // Swarm
    pass("GET", "/swarm", "inspect"),
    row("POST", "/swarm/init", "swarm_init", Reading::SwarmInit),
    row("POST", "/swarm/join", "swarm_join", Reading::SwarmJoin),
    pass("POST", "/swarm/leave", "swarm_leave"),
    pass("POST", "/swarm/unlock", "swarm_unlock"),
    pass("GET", "/swarm/unlockkey", "inspect"),
    pass("POST", "/swarm/update", "swarm_update"),
    pass("GET", "/nodes", "list"),
    pass("DELETE", "/nodes/{id}", "remove"),
    pass("GET", "/nodes/{id}", "inspect"),
    pass("POST", "/nodes/{id}/update", "node_update"),
    pass("GET", "/services", "list"),
    row("POST", "/services/create", "service_create", Reading::ServiceCreate),
    pass("DELETE", "/services/{id}", "remove"),
    pass("GET", "/services/{id}", "inspect"),
    pass("GET", "/services/{id}/logs", "logs"),
    row("POST", "/services/{id}/update", "service_update", Reading::ServiceUpdate),
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
        find(method, path).map(|(route, _)| route.word)
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
            let (found, _) = find(route.method, &sample).expect("a row finds itself");
            assert_eq!(found.reading, route.reading, "row {number}: {} {}", route.method, route.template);
        }
    }
}
