//! What settings beyond pulls refuse.

use alloc::{
    format,
    string::{String, ToString as _},
};

use super::{ask, list, own_words, subject, whom};
use crate::{
    action::{Action, Ask, LocalImage, Swarm},
    decision::{Decision, Reason},
    image::ImageRef,
};

/// So many things that reach the host are told by name.
const TOLD: usize = 5;

/// The text for a refusal by one of the settings; empty for other reasons.
pub(super) fn explain(action: &Action, decision: &Decision<'_>, id: &str) -> String {
    let organization = decision.organization.unwrap_or("the policy");
    match decision.reason {
        Reason::RunUnapproved => run_unapproved(action, decision, id),
        Reason::LocalContent => {
            let what = match decision.ask {
                Some(Ask::LocalContent(what) | Ask::LocalPlugin(what)) => what,
                _ => "this request brings in content that no registry vouches for",
            };
            setting(
                &format!("{what}, and {organization} allows none."),
                "Pull from a registry instead, or ask",
                decision,
                id,
            )
        }
        Reason::EnginePlugins => {
            let what = match decision.ask {
                Some(Ask::LocalPlugin(what)) => (*what).to_string(),
                _ => format!("{} is an engine plugin", subject(action, decision)),
            };
            setting(&format!("{what}, and {organization} allows none."), "Ask", decision, id)
        }
        Reason::Swarm => {
            let what = match decision.ask {
                Some(Ask::Swarm(Swarm::Join)) => {
                    format!(
                        "Joining a swarm lets its managers start any image here, and {organization} does not allow it."
                    )
                }
                _ => format!("{organization} does not allow swarm on this machine."),
            };
            setting(&what, "Ask", decision, id)
        }
        Reason::Builds => {
            let what =
                format!("{organization} does not allow builds on this machine: what they fetch cannot be judged.");
            setting(&what, "Build in CI, or ask", decision, id)
        }
        Reason::ContainerBuilders => {
            let what = match decision.image() {
                Some(image) => format!("`{image}`"),
                None => "This container".to_string(),
            };
            let what = format!(
                "{what} is BuildKit: a builder in a container fetches images that nobody judges, and {organization} allows none."
            );
            setting(&what, "Build with the engine's own builder (`docker buildx use default`), or ask", decision, id)
        }
        Reason::CgroupParent => {
            let what = format!(
                "A control group of its own (`--cgroup-parent`) would take this container out of the one by which this \
                 machine keeps containers from registries, and {organization} does not allow that."
            );
            setting(&what, "Do without, or ask", decision, id)
        }
        Reason::Push => {
            let name = decision.image().map_or("", ImageRef::name);
            let what = format!("`{name}` is not where {organization} allows images to be pushed.");
            setting(&what, "Tag the image for a repository of your organization, or ask", decision, id)
        }
        Reason::Protect => protected(action, decision, id),
        Reason::UnknownRequest => {
            let what = "This engine can do something that this version of pullgate does not know, and what it does not know it refuses.";
            setting(what, "Update pullgate, or ask", decision, id)
        }
        _ => String::new(),
    }
}

/// What a setting refuses, and whom to ask.
pub(super) fn setting(what: &str, next: &str, decision: &Decision<'_>, id: &str) -> String {
    format!("{what}\n{next} {} (decision {id}){}", whom(decision), own_words(decision.policy))
}

/// An image that is here already.
fn run_unapproved(action: &Action, decision: &Decision<'_>, id: &str) -> String {
    let organization = decision.organization.unwrap_or("the policy");
    let Some(Ask::Start(start)) = decision.ask else { return String::new() };
    match (start.content(), &start.image) {
        (Some(image), named) => {
            let what = match named {
                LocalImage::Named(name) if name == image => {
                    format!("`{name}` may not start: {organization} would not allow it to be pulled today.")
                }
                _ => format!(
                    "`{named}` may not start: it was {}, and {organization} would not allow that to be pulled today.",
                    subject(action, decision)
                ),
            };
            let next = ask(decision, image, id);
            format!("{what}\n{next}{}", own_words(decision.policy))
        }
        (None, LocalImage::Named(name)) => setting(
            &format!(
                "`{name}` was given to content whose origin pullgate cannot tell, and {organization} lets only images start that it can."
            ),
            "Remove that name and pull it again, or ask",
            decision,
            id,
        ),
        (None, LocalImage::Empty) => setting(
            &format!(
                "This container starts empty, and {organization} lets only images start whose origin pullgate can tell."
            ),
            "Start it from an image, or ask",
            decision,
            id,
        ),
        (None, other) => setting(
            &format!(
                "`{other}` is the id of an image, which says nothing of where it came from, and {organization} lets only images start that it can tell."
            ),
            "Start it by its name, or ask",
            decision,
            id,
        ),
    }
}

fn protected(action: &Action, decision: &Decision<'_>, id: &str) -> String {
    let organization = decision.organization.unwrap_or("the policy");
    let what = match (action, decision.ask) {
        (_, Some(Ask::OwnName)) => {
            "This engine plugin would take the name of pullgate, and the engine would ask it instead.".to_string()
        }
        (Action::Governed(governed), _) => {
            let more = match governed.reach.len().saturating_sub(TOLD) {
                0 => String::new(),
                more => format!("{more} more"),
            };
            let parts = governed.reach.iter().take(TOLD).map(|reach| reach.what.as_str());
            format!(
                "This request reaches this machine beyond a container ({}), and {organization} protects it.",
                list(parts.chain([more.as_str()].into_iter().filter(|more| !more.is_empty())), "and")
            )
        }
        _ => format!("{organization} protects this machine from this request."),
    };
    setting(&what, "Do without, or ask", decision, id)
}
