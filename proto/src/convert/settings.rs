//! Everything in a policy beyond which images may be pulled.

use policy::{
    Pattern, Rule, RuleSet, Scope, Settings,
    settings::{Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests},
};

use super::{ConvertError, MAX_RULES, limit, quick};
use crate::document::{self, Protect, Push};

/// Reads the settings; a document without them means every default.
pub(super) fn read(document: Option<&document::Settings>) -> Result<Settings, ConvertError> {
    let Some(document) = document else { return Ok(Settings::default()) };
    Ok(Settings {
        local_content: local_content(document.local_content)?,
        run_unapproved: run_unapproved(document.run_unapproved)?,
        engine_plugins: engine_plugins(document.engine_plugins)?,
        swarm: swarm(document.swarm)?,
        builds: builds(document.builds)?,
        container_builders: container_builders(document.container_builders)?,
        unknown_requests: unknown_requests(document.unknown_requests)?,
        // Absent is not empty: an empty list is the strictest that there is.
        push: document.push.as_ref().map(|Push { patterns }| rules("push", patterns)).transpose()?,
        protect: document.protect.as_ref().map(|Protect { patterns }| rules("protect", patterns)).transpose()?,
    })
}

fn rules(setting: &'static str, patterns: &[String]) -> Result<RuleSet, ConvertError> {
    limit("patterns of a setting", patterns.len(), MAX_RULES)?;
    let rule = |text: &String| {
        let pattern = Pattern::parse(text).map_err(|source| ConvertError::Setting { setting, source })?;
        let id = pattern.as_str().to_owned();
        Ok::<_, ConvertError>(Rule { id, pattern, scope: Scope::Organization, expires_at: None, reason: String::new() })
    };
    quick(patterns.iter().map(rule).collect::<Result<_, _>>()?)
}

fn local_content(value: i32) -> Result<LocalContent, ConvertError> {
    use document::LocalContent as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(LocalContent::default()),
        Ok(Wire::Allow) => Ok(LocalContent::Allow),
        Ok(Wire::Deny) => Ok(LocalContent::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "local_content", value }),
    }
}

fn run_unapproved(value: i32) -> Result<RunUnapproved, ConvertError> {
    use document::RunUnapproved as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(RunUnapproved::default()),
        Ok(Wire::Allow) => Ok(RunUnapproved::Allow),
        Ok(Wire::Warn) => Ok(RunUnapproved::Warn),
        Ok(Wire::Deny) => Ok(RunUnapproved::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "run_unapproved", value }),
    }
}

fn engine_plugins(value: i32) -> Result<EnginePlugins, ConvertError> {
    use document::EnginePlugins as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(EnginePlugins::default()),
        Ok(Wire::AsImages) => Ok(EnginePlugins::AsImages),
        Ok(Wire::Deny) => Ok(EnginePlugins::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "engine_plugins", value }),
    }
}

fn swarm(value: i32) -> Result<SwarmUse, ConvertError> {
    use document::SwarmUse as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(SwarmUse::default()),
        Ok(Wire::Own) => Ok(SwarmUse::Own),
        Ok(Wire::Allow) => Ok(SwarmUse::Allow),
        Ok(Wire::Deny) => Ok(SwarmUse::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "swarm", value }),
    }
}

fn builds(value: i32) -> Result<Builds, ConvertError> {
    use document::Builds as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(Builds::default()),
        Ok(Wire::Allow) => Ok(Builds::Allow),
        Ok(Wire::Deny) => Ok(Builds::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "builds", value }),
    }
}

fn container_builders(value: i32) -> Result<ContainerBuilders, ConvertError> {
    use document::ContainerBuilders as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(ContainerBuilders::default()),
        Ok(Wire::Allow) => Ok(ContainerBuilders::Allow),
        Ok(Wire::Deny) => Ok(ContainerBuilders::Deny),
        Err(_) => Err(ConvertError::UnknownValue { field: "container_builders", value }),
    }
}

fn unknown_requests(value: i32) -> Result<UnknownRequests, ConvertError> {
    use document::UnknownRequests as Wire;
    match Wire::try_from(value) {
        Ok(Wire::Unspecified) => Ok(UnknownRequests::default()),
        Ok(Wire::Deny) => Ok(UnknownRequests::Deny),
        Ok(Wire::Allow) => Ok(UnknownRequests::Allow),
        Err(_) => Err(ConvertError::UnknownValue { field: "unknown_requests", value }),
    }
}

#[cfg(test)]
mod tests;
