//! The `settings` of a policy file.

use anyhow::bail;
use proto::document::{
    Builds, ContainerBuilders, EnginePlugins, LocalContent, Protect, Push, RunUnapproved, Settings, SwarmUse,
    UnknownRequests,
};
use serde::Deserialize;

/// What is absent has its default.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SettingsFile {
    local_content: Option<String>,
    run_unapproved: Option<String>,
    engine_plugins: Option<String>,
    swarm: Option<String>,
    builds: Option<String>,
    container_builders: Option<String>,
    unknown_requests: Option<String>,
    /// Patterns of repositories that may be pushed to; empty: none may, absent: all.
    push: Option<Vec<String>>,
    /// The tamper guard: patterns of images that it leaves alone; absent: off.
    protect: Option<Vec<String>>,
}

impl SettingsFile {
    pub(super) fn into_document(self) -> anyhow::Result<Settings> {
        Ok(Settings {
            local_content: match self.local_content.as_deref() {
                None => LocalContent::Unspecified,
                Some("allow") => LocalContent::Allow,
                Some("deny") => LocalContent::Deny,
                Some(other) => bail!("`local_content` is `{other}`; write allow or deny"),
            }
            .into(),
            run_unapproved: match self.run_unapproved.as_deref() {
                None => RunUnapproved::Unspecified,
                Some("allow") => RunUnapproved::Allow,
                Some("warn") => RunUnapproved::Warn,
                Some("deny") => RunUnapproved::Deny,
                Some(other) => bail!("`run_unapproved` is `{other}`; write allow, warn or deny"),
            }
            .into(),
            engine_plugins: match self.engine_plugins.as_deref() {
                None => EnginePlugins::Unspecified,
                Some("as_images") => EnginePlugins::AsImages,
                Some("deny") => EnginePlugins::Deny,
                Some(other) => bail!("`engine_plugins` is `{other}`; write as_images or deny"),
            }
            .into(),
            swarm: match self.swarm.as_deref() {
                None => SwarmUse::Unspecified,
                Some("own") => SwarmUse::Own,
                Some("allow") => SwarmUse::Allow,
                Some("deny") => SwarmUse::Deny,
                Some(other) => bail!("`swarm` is `{other}`; write own, allow or deny"),
            }
            .into(),
            builds: match self.builds.as_deref() {
                None => Builds::Unspecified,
                Some("allow") => Builds::Allow,
                Some("deny") => Builds::Deny,
                Some(other) => bail!("`builds` is `{other}`; write allow or deny"),
            }
            .into(),
            container_builders: match self.container_builders.as_deref() {
                None => ContainerBuilders::Unspecified,
                Some("allow") => ContainerBuilders::Allow,
                Some("deny") => ContainerBuilders::Deny,
                Some(other) => bail!("`container_builders` is `{other}`; write allow or deny"),
            }
            .into(),
            unknown_requests: match self.unknown_requests.as_deref() {
                None => UnknownRequests::Unspecified,
                Some("deny") => UnknownRequests::Deny,
                Some("allow") => UnknownRequests::Allow,
                Some(other) => bail!("`unknown_requests` is `{other}`; write deny or allow"),
            }
            .into(),
            push: self.push.map(|patterns| Push { patterns }),
            protect: self.protect.map(|patterns| Protect { patterns }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> anyhow::Result<Settings> {
        serde_json::from_str::<SettingsFile>(json)?.into_document()
    }

    #[test]
    fn words_and_lists_are_the_documents() {
        assert_eq!(read("{}").expect("settings"), Settings::default());
        let strict = r#"{"local_content": "deny", "run_unapproved": "warn", "engine_plugins": "as_images",
                         "swarm": "own", "builds": "deny", "container_builders": "deny", "unknown_requests": "allow", "push": [], "protect": ["a/b"]}"#;
        let expected = Settings {
            local_content: LocalContent::Deny.into(),
            run_unapproved: RunUnapproved::Warn.into(),
            engine_plugins: EnginePlugins::AsImages.into(),
            swarm: SwarmUse::Own.into(),
            builds: Builds::Deny.into(),
            container_builders: ContainerBuilders::Deny.into(),
            unknown_requests: UnknownRequests::Allow.into(),
            push: Some(Push { patterns: vec![] }),
            protect: Some(Protect { patterns: vec!["a/b".to_owned()] }),
        };
        assert_eq!(read(strict).expect("settings"), expected);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let check = |json: &str, part: &str| {
            let error = read(json).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
        };
        check(r#"{"locale_content": "deny"}"#, "unknown field `locale_content`");
        check(r#"{"local_content": "no"}"#, "write allow or deny");
        check(r#"{"engine_plugins": "as-images"}"#, "write as_images or deny");
        check(r#"{"protect": true}"#, "invalid type");
    }
}
