//! What a record tells of an action: enough to decide on it again.

use policy::{Action, Ask, Governed, ImageRef, LocalImage, Origin, Start, Swarm};

/// What is known of a recorded action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// Can be decided on again.
    Readable(Action),
    /// A policy may have a say in it, and the record does not name what it was about.
    Unreadable,
    /// No policy has a say in it.
    NotGoverned,
}

/// Reads one. What else a request asked for (what it would reach on the host, for example) no record says.
pub(super) fn read(word: &str, image: &str) -> Recorded {
    // As records write a pull of every tag.
    let named = || ImageRef::parse(image.strip_suffix(":*").unwrap_or(image)).ok();
    let fetch = || named().map(Ask::Fetch);
    let ask = match word {
        "pull" | "fetch" | "distribution_inspect" => fetch(),
        "plugin_pull" | "plugin_upgrade" | "plugin_privileges" => named().map(Ask::FetchPlugin),
        "create" => start(image).map(Ask::Start),
        "push" => named().map(Ask::Push),
        "build" | "build_grpc" | "build_session" => Some(Ask::Build),
        "load" | "import" => Some(Ask::LocalContent("")),
        "plugin_create" => Some(Ask::LocalPlugin("")),
        "swarm_init" => Some(Ask::Swarm(Swarm::Init)),
        "swarm_join" => Some(Ask::Swarm(Swarm::Join)),
        "service_create" | "service_update" | "service_rollback" => Some(Ask::Swarm(Swarm::Service)),
        "unknown" => Some(Ask::Unknown),
        _ => return Recorded::NotGoverned,
    };
    let Some(ask) = ask else { return Recorded::Unreadable };
    // What a build or a service names beside what it is, it fetches.
    let beside = match ask {
        Ask::Build | Ask::Swarm(Swarm::Service) => fetch(),
        _ => None,
    };
    let asks = std::iter::once(ask).chain(beside).collect();
    Recorded::Readable(Action::Governed(Governed { word: "recorded", asks, ..Governed::default() }))
}

/// As records write what a container starts from: a name, an id, the digits of one, or nothing.
fn start(image: &str) -> Option<Start> {
    let local = match image {
        "no image" => LocalImage::Empty,
        _ => match image.strip_prefix("id:") {
            Some(digits) => LocalImage::ShortId(digits.to_owned()),
            None => LocalImage::parse(image).ok()?,
        },
    };
    Some(Start { image: local, origin: Origin::AsNamed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_was_asked_for() {
        let image = |text: &str| ImageRef::parse(text).unwrap();
        let start = |image| Ask::Start(Start { image, origin: Origin::AsNamed });
        let id = format!("sha256:{}", "a".repeat(64));
        let cases: [(&str, &str, Vec<Ask>); 12] = [
            ("pull", "docker.io/a/b:1", vec![Ask::Fetch(image("a/b:1"))]),
            ("pull", "docker.io/a/b:*", vec![Ask::Fetch(image("a/b"))]),
            ("fetch", "ghcr.io/a/b:1", vec![Ask::Fetch(image("ghcr.io/a/b:1"))]),
            ("plugin_pull", "docker.io/a/p:1", vec![Ask::FetchPlugin(image("a/p:1"))]),
            ("create", "docker.io/a/b:1", vec![start(LocalImage::Named(image("a/b:1")))]),
            ("create", &id, vec![start(LocalImage::Id(id.clone()))]),
            ("create", "id:abc", vec![start(LocalImage::ShortId("abc".to_owned()))]),
            ("create", "no image", vec![start(LocalImage::Empty)]),
            ("push", "docker.io/a/b", vec![Ask::Push(image("a/b"))]),
            ("build", "", vec![Ask::Build]),
            ("build", "docker.io/a/cache:1", vec![Ask::Build, Ask::Fetch(image("a/cache:1"))]),
            ("service_create", "docker.io/a/b:1", vec![Ask::Swarm(Swarm::Service), Ask::Fetch(image("a/b:1"))]),
        ];
        for (word, text, asks) in cases {
            let Recorded::Readable(action) = read(word, text) else { panic!("{word} {text}") };
            assert_eq!(action.asks(), asks, "{word} {text}");
        }
        for (word, text) in [("pull", ""), ("pull", "Not/An Image"), ("push", ""), ("create", "a//b")] {
            assert_eq!(read(word, text), Recorded::Unreadable, "{word} {text}");
        }
        for word in ["list", "ping", "", "made_up"] {
            assert_eq!(read(word, "docker.io/a/b:1"), Recorded::NotGoverned, "{word}");
        }
    }
}
