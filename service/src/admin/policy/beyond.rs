//! The part of `policy` beyond which images may be pulled.

use crate::{
    acts::policy::PolicyChange,
    cli::BeyondOptions,
    model::{Beyond, Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests},
};

/// The change, with what is given of it.
pub(super) fn change(options: BeyondOptions, change: PolicyChange) -> PolicyChange {
    PolicyChange {
        local_content: options.local_content,
        run_unapproved: options.run_unapproved,
        engine_plugins: options.engine_plugins,
        swarm: options.swarm,
        builds: options.builds,
        container_builders: options.container_builders,
        unknown_requests: options.unknown_requests,
        push: match (options.push, options.push_anywhere, options.push_nowhere) {
            (patterns, ..) if !patterns.is_empty() => Some(Some(patterns)),
            (_, true, _) => Some(None),
            (_, _, true) => Some(Some(Vec::new())),
            _ => None,
        },
        protect: options.protect,
        protect_allow: (options.no_protect_allow || !options.protect_allow.is_empty()).then_some(options.protect_allow),
        ..change
    }
}

/// A line for each setting.
pub(super) fn lines(beyond: &Beyond) -> Vec<String> {
    let list = |patterns: &[String]| patterns.join(", ");
    let push = match beyond.push.as_deref() {
        None => "anywhere".to_owned(),
        Some([]) => "nowhere".to_owned(),
        Some(patterns) => list(patterns),
    };
    let protect = match (beyond.protect, beyond.protect_allow.as_slice()) {
        (false, []) => "off".to_owned(),
        (false, images) => format!("off; once it is on, except {}", list(images)),
        (true, []) => "on, without exception".to_owned(),
        (true, images) => format!("on, except {}", list(images)),
    };
    let words = [
        (
            "local content",
            match beyond.local_content {
                LocalContent::Allow => "allowed",
                LocalContent::Deny => "refused",
            },
        ),
        (
            "unapproved starts",
            match beyond.run_unapproved {
                RunUnapproved::Allow => "allowed",
                RunUnapproved::Warn => "allowed and recorded",
                RunUnapproved::Deny => "refused",
            },
        ),
        (
            "engine plugins",
            match beyond.engine_plugins {
                EnginePlugins::AsImages => "judged as images are",
                EnginePlugins::Deny => "refused",
            },
        ),
        (
            "swarm",
            match beyond.swarm {
                SwarmUse::Own => "own swarms; joining another is refused",
                SwarmUse::Allow => "allowed",
                SwarmUse::Deny => "refused",
            },
        ),
        (
            "builds",
            match beyond.builds {
                Builds::Allow => "allowed",
                Builds::Deny => "refused",
            },
        ),
        (
            "container builders",
            match beyond.container_builders {
                ContainerBuilders::Allow => "allowed",
                ContainerBuilders::Deny => "refused",
            },
        ),
        (
            "unknown requests",
            match beyond.unknown_requests {
                UnknownRequests::Deny => "refused",
                UnknownRequests::Allow => "allowed",
            },
        ),
        ("pushes", push.as_str()),
        ("tamper guard", protect.as_str()),
    ];
    words.iter().map(|(what, value)| format!("{what:<20} {value}")).collect()
}
