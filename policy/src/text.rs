//! What a developer reads when an image is refused: one sentence what, one why, one next step.
//!
//! The engine puts `authorization denied by plugin pullgate: ` before it.

mod beyond;
mod sign_in;

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use crate::{
    action::{Action, Ask},
    decision::{Decision, Reason},
    enforced::Enforced,
    image::ImageRef,
    policy_::{Contact, Policy},
    time::Timestamp,
};

/// The text for a refusal, and for what monitor mode would have refused. Empty for plain permission.
///
/// `now` is the time that was decided for; `id` is the decision's id, under which the record is found.
#[must_use]
pub fn explain(enforced: &Enforced, action: &Action, decision: &Decision<'_>, now: Timestamp, id: &str) -> String {
    if decision.is_allowed() && !decision.would_deny {
        return String::new();
    }
    let why = match decision.reason {
        Reason::Unverifiable => return unverifiable(action, decision, id),
        Reason::SignInRequired => return sign_in::explain(enforced, now, id),
        Reason::PluginMissing => return plugin_missing(enforced, action, decision, id),
        Reason::Probe => return format!("{} is pullgate's own probe: the engine asks it", subject(action, decision)),
        Reason::PolicyMissing => {
            return format!(
                "{} is governed by {}, whose policy has not reached this machine.\n\
                 Check that the agent runs and reaches the policy service: `pullgate status` (decision {id})",
                subject(action, decision),
                decision.organization.unwrap_or("an organization"),
            );
        }
        Reason::PolicyExpired => {
            return format!(
                "{} cannot be judged: the policy of {} on this machine has expired, and it says to refuse then.\n\
                 Connect to the policy service; `pullgate status` shows what is missing (decision {id})",
                subject(action, decision),
                decision.organization.unwrap_or("an organization"),
            );
        }
        Reason::DenyRule => denied_by_rule(action, decision),
        Reason::Category => refused_category(action, decision),
        Reason::Registry => refused_registry(action, decision),
        Reason::LoopbackOpen => loopback_open(action, decision),
        Reason::RunUnapproved
        | Reason::LocalContent
        | Reason::EnginePlugins
        | Reason::Swarm
        | Reason::Builds
        | Reason::ContainerBuilders
        | Reason::CgroupParent
        | Reason::Push
        | Reason::Protect
        | Reason::UnknownRequest => return beyond::explain(action, decision, id),
        Reason::NotGoverned | Reason::NotCovered | Reason::Off | Reason::Owner | Reason::Allowlisted => {
            return String::new();
        }
    };
    let next = decision.image().map(|image| ask(decision, image, id)).unwrap_or_default();
    format!("{why}\n{next}{}", own_words(decision.policy))
}

fn unverifiable(action: &Action, decision: &Decision<'_>, id: &str) -> String {
    match (action, decision.ask) {
        (_, Some(Ask::Unnamed(what))) => beyond::setting(
            &format!(
                "{what}, and {} allows only images that it can tell by name.",
                decision.organization.unwrap_or("the policy")
            ),
            "Name the image, or ask",
            decision,
            id,
        ),
        (Action::Unverifiable(unverifiable), _) => format!(
            "pullgate cannot tell what this request would bring in: {}; what it cannot read it refuses.\n{} (decision {id})",
            unverifiable.part, unverifiable.advice,
        ),
        _ if decision.image().is_some_and(ImageRef::is_another_when_shortened) => format!(
            "{} is a name that engines shorten to that of another registry; what pullgate cannot judge it refuses.\n\
             Write the registry's name alone, without `docker.io/` before it (decision {id})",
            subject(action, decision),
        ),
        _ => format!(
            "{} names no registry host that could be judged; what pullgate cannot judge it refuses.\n\
             Write the registry's host name with letters, digits, `.` and `-` only (decision {id})",
            subject(action, decision),
        ),
    }
}

fn denied_by_rule(action: &Action, decision: &Decision<'_>) -> String {
    let (pattern, reason) = decision.rule.map_or(("", ""), |rule| (rule.pattern.as_str(), rule.reason.as_str()));
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!(
        "{} is refused: {} denies `{pattern}`{reason}.",
        subject(action, decision),
        decision.organization.unwrap_or("the policy"),
    )
}

fn refused_category(action: &Action, decision: &Decision<'_>) -> String {
    let noun = decision.category.map_or("an image", |category| category.noun());
    format!(
        "{} is {noun}, and {} allows only {}.",
        subject(action, decision),
        decision.organization.unwrap_or("the policy"),
        decision.policy.map(allowed_kinds).unwrap_or_default(),
    )
}

fn allowed_kinds(policy: &Policy) -> String {
    let kinds = [
        (true, "its own"),
        (policy.categories.official, "official"),
        (policy.categories.verified_publisher, "verified publisher"),
        (policy.categories.community, "community"),
    ];
    format!("{} images", list(kinds.into_iter().filter_map(|(allowed, kind)| allowed.then_some(kind)), "and"))
}

fn refused_registry(action: &Action, decision: &Decision<'_>) -> String {
    let host = decision.image().map(|image| image.place().host.into_owned()).unwrap_or_default();
    let others = decision.policy.map_or(0, |policy| policy.registries.hosts.len());
    let allowed = match others {
        0 => "images of Docker Hub only".to_string(),
        1 => "images of Docker Hub and of one other registry only".to_string(),
        others => format!("images of Docker Hub and of {others} other registries only"),
    };
    format!(
        "{} is in the registry `{host}`, and {} allows {allowed}.",
        subject(action, decision),
        decision.organization.unwrap_or("the policy"),
    )
}

/// This enforcer waits for the plugin, and does not guess.
fn plugin_missing(enforced: &Enforced, action: &Action, decision: &Decision<'_>, id: &str) -> String {
    if !enforced.fault.is_empty() {
        return format!(
            "{} cannot be judged, since pullgate's plugin cannot start: {}.\n\
             `pullgate doctor` says what to do, and {} can help; with `pullgate disable --for 1h` root lets Docker go on \
             without it (decision {id})",
            subject(action, decision),
            enforced.fault,
            administrator(&enforced.admin),
        );
    }
    format!(
        "{} cannot be judged: pullgate's registry door has not heard from the plugin what is in force.\n\
         Run the command again in a moment; if it fails again, `pullgate doctor` says why, and {} can help (decision {id})",
        subject(action, decision),
        administrator(&enforced.admin),
    )
}

fn loopback_open(action: &Action, decision: &Decision<'_>) -> String {
    format!(
        "{} is in a registry on this machine, the firewall rule that leads such requests to pullgate is not in place \
         (`pullgate status`), and {} then allows only what a rule of its allowlist names.",
        subject(action, decision),
        decision.organization.unwrap_or("the policy"),
    )
}

/// The image in normal form, in backticks; every tag is said in words.
fn subject(action: &Action, decision: &Decision<'_>) -> String {
    match decision.image() {
        Some(image) if image.is_all_tags() => format!("`{image}` (every tag)"),
        Some(image) => format!("`{image}`"),
        None => format!("This request ({})", action.word()),
    }
}

fn ask(decision: &Decision<'_>, image: &ImageRef, id: &str) -> String {
    let trailer = format!("(decision {id}; `pullgate check {}` explains)", image.familiar_name());
    match decision.policy.and_then(|policy| request_url(&policy.contact, image)) {
        Some(url) => format!("Ask for it: {url} {trailer}"),
        None => format!("Ask {} for it {trailer}", whom(decision)),
    }
}

/// Where access is asked for, with the image filled in.
pub(crate) fn request_url(contact: &Contact, image: &ImageRef) -> Option<String> {
    let url = contact.request_url.as_str();
    let sign = if url.contains('?') { '&' } else { '?' };
    (!url.is_empty()).then(|| format!("{url}{sign}image={}", in_query(image.name())))
}

fn whom(decision: &Decision<'_>) -> String {
    match decision.policy.map(|policy| policy.contact.email.as_str()) {
        Some(email) if !email.is_empty() => email.to_string(),
        _ => format!("an owner of {}", decision.organization.unwrap_or("your organization")),
    }
}

fn own_words(policy: Option<&Policy>) -> String {
    match policy.map(|policy| policy.contact.message.as_str()) {
        Some(message) if !message.is_empty() => format!("\n{message}"),
        _ => String::new(),
    }
}

fn administrator(admin: &Contact) -> String {
    let parts: Vec<&str> = [&admin.message, &admin.email, &admin.request_url]
        .into_iter()
        .map(String::as_str)
        .filter(|s| !s.is_empty())
        .collect();
    if parts.is_empty() { "your administrator".to_string() } else { parts.join(", ") }
}

/// "a", "a and b", "a, b and c".
fn list<'a>(items: impl Iterator<Item = &'a str>, joint: &str) -> String {
    let items: Vec<&str> = items.collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_string(),
        Some((last, rest)) => format!("{} {joint} {last}", rest.join(", ")),
    }
}

/// Percent-encodes what a query value may not hold; `/` and `:` stay readable.
fn in_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b':' | b'.' | b'-' | b'_' | b'@') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
