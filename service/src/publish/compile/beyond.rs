//! The settings beyond which images may be pulled, as the document says them.

use proto::document;

use crate::model::{
    Beyond, Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests,
};

/// None for the defaults: a policy that was published before there were settings keeps its bytes and
/// its generation.
pub(super) fn settings(beyond: Beyond) -> Option<document::Settings> {
    // While the guard is off, nobody asks what it would leave alone.
    let beyond = if beyond.protect { beyond } else { Beyond { protect_allow: Vec::new(), ..beyond } };
    (beyond != Beyond::default()).then(|| document::Settings {
        local_content: match beyond.local_content {
            LocalContent::Allow => document::LocalContent::Allow,
            LocalContent::Deny => document::LocalContent::Deny,
        }
        .into(),
        run_unapproved: match beyond.run_unapproved {
            RunUnapproved::Allow => document::RunUnapproved::Allow,
            RunUnapproved::Warn => document::RunUnapproved::Warn,
            RunUnapproved::Deny => document::RunUnapproved::Deny,
        }
        .into(),
        engine_plugins: match beyond.engine_plugins {
            EnginePlugins::AsImages => document::EnginePlugins::AsImages,
            EnginePlugins::Deny => document::EnginePlugins::Deny,
        }
        .into(),
        swarm: match beyond.swarm {
            SwarmUse::Own => document::SwarmUse::Own,
            SwarmUse::Allow => document::SwarmUse::Allow,
            SwarmUse::Deny => document::SwarmUse::Deny,
        }
        .into(),
        builds: match beyond.builds {
            Builds::Allow => document::Builds::Allow,
            Builds::Deny => document::Builds::Deny,
        }
        .into(),
        container_builders: match beyond.container_builders {
            ContainerBuilders::Allow => document::ContainerBuilders::Allow,
            ContainerBuilders::Deny => document::ContainerBuilders::Deny,
        }
        .into(),
        unknown_requests: match beyond.unknown_requests {
            UnknownRequests::Deny => document::UnknownRequests::Deny,
            UnknownRequests::Allow => document::UnknownRequests::Allow,
        }
        .into(),
        push: beyond.push.map(|patterns| document::Push { patterns }),
        protect: beyond.protect.then_some(document::Protect { patterns: beyond.protect_allow }),
    })
}

#[cfg(test)]
mod tests;
