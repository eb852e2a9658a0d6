//! The part of `policy` beyond which images may be pulled.

use anyhow::Context as _;

use crate::{
    check,
    cli::BeyondOptions,
    model::{Beyond, Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests},
};

/// What was set, with what is given in its place.
///
/// # Errors
/// When a pattern is none.
pub(super) fn merged(before: &Beyond, options: &BeyondOptions) -> anyhow::Result<Beyond> {
    Ok(Beyond {
        local_content: options.local_content.unwrap_or(before.local_content),
        run_unapproved: options.run_unapproved.unwrap_or(before.run_unapproved),
        engine_plugins: options.engine_plugins.unwrap_or(before.engine_plugins),
        swarm: options.swarm.unwrap_or(before.swarm),
        builds: options.builds.unwrap_or(before.builds),
        container_builders: options.container_builders.unwrap_or(before.container_builders),
        unknown_requests: options.unknown_requests.unwrap_or(before.unknown_requests),
        push: match patterns("--push", &options.push)? {
            Some(patterns) => Some(patterns),
            None if options.push_anywhere => None,
            None if options.push_nowhere => Some(Vec::new()),
            None => before.push.clone(),
        },
        protect: options.protect.unwrap_or(before.protect),
        protect_allow: match patterns("--protect-allow", &options.protect_allow)? {
            Some(patterns) => patterns,
            None if options.no_protect_allow => Vec::new(),
            None => before.protect_allow.clone(),
        },
    })
}

/// Sorted, each once; none when the flag was not given.
fn patterns(flag: &str, given: &[String]) -> anyhow::Result<Option<Vec<String>>> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut patterns = Vec::with_capacity(given.len());
    for text in given {
        check::pattern(text).with_context(|| format!("`{flag} {text}` is no pattern"))?;
        patterns.push(text.trim().to_owned());
    }
    patterns.sort_unstable();
    patterns.dedup();
    Ok(Some(patterns))
}

pub(super) fn nothing_given(options: &BeyondOptions) -> bool {
    let BeyondOptions {
        local_content: None,
        run_unapproved: None,
        engine_plugins: None,
        swarm: None,
        builds: None,
        container_builders: None,
        unknown_requests: None,
        push,
        push_anywhere: false,
        push_nowhere: false,
        protect: None,
        protect_allow,
        no_protect_allow: false,
    } = options
    else {
        return false;
    };
    push.is_empty() && protect_allow.is_empty()
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
