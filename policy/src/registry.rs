//! A request to a registry, read as registries act on it.
//!
//! The routes are those of the OCI distribution specification, and where that leaves room, of
//! docker/distribution's router (`registry/api/v2/descriptors.go`): names have any number of
//! components, so of several `manifests`, `blobs` or `tags` in a path the last one counts.
//!
//! What a more lenient server could take for one of these routes while it is spelled otherwise is
//! [`Asked::Unverifiable`]; engines never spell it so. Everything else on a registry's host (content of
//! delivery networks, search) is nothing that a policy could have a say in. Neither are tokens: the
//! server that gives them out serves other registries than itself, `auth.docker.io` for `docker.io`, so
//! that which images a token is for cannot be told from where it is asked for.

use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::{
    action::{Action, Ask, Governed, Unverifiable},
    engine::percent_decode,
    image::ImageRef,
};

mod lenient;
mod path;

pub use path::Part;

/// One request to a registry, as it is on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The registry, `host[:port]`, in any letter case.
    pub host: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
}

/// What a request asks of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing of a repository. The word says what it is: `ping`, `catalog`, `token` or `other`.
    Elsewhere(&'static str),
    /// Something of one repository.
    Repository(Repository),
    /// A server could act on it otherwise than it reads.
    Unverifiable(Unverifiable),
}

/// What is asked of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Host and path.
    pub name: ImageRef,
    /// Whose repositories it stands for, where this host is a mirror: containerd's `ns`, and what the host is a mirror
    /// of whatever is asked. All of them have to be allowed.
    pub mirrored: Vec<ImageRef>,
    /// Which part of it.
    pub part: Part,
    /// Whether it sends something there, instead of fetching it.
    pub pushes: bool,
    /// Whether only the head of the answer is asked for.
    pub only_head: bool,
}

/// Reads one request.
#[must_use]
pub fn read(request: &Request<'_>) -> Asked {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    let below = match path.strip_prefix("/v2") {
        Some("" | "/") => return Asked::Elsewhere("ping"),
        Some(below) if below.starts_with('/') && lenient::is_plain(path) => below.trim_start_matches('/'),
        _ if lenient::may_be_v2(path) => return trouble("unknown", PATH, SPELL_PATH),
        _ if asks_for_token(query) => return Asked::Elsewhere("token"),
        _ => return Asked::Elsewhere("other"),
    };
    match below {
        "_catalog" => return Asked::Elsewhere("catalog"),
        // Where quay.io, Gitea and others give tokens out.
        "auth" | "token" => return Asked::Elsewhere("token"),
        _ => {}
    }
    let pushes = match request.method {
        "GET" | "HEAD" => false,
        "PUT" | "POST" | "PATCH" | "DELETE" => true,
        _ => return trouble("unknown", "its method is none that registries know", USE_THE_ENGINE),
    };
    let Some((name, part)) = path::split(below, query, pushes) else {
        return trouble("unknown", "its path is none that registries know", USE_THE_ENGINE);
    };
    // What is read of an upload belongs to a push.
    let pushes = pushes || matches!(part, Part::Upload { .. });
    let word = if pushes { "push" } else { "fetch" };
    let Some(repository) = ImageRef::in_registry(request.host, name) else {
        return trouble(word, "its host or its repository is no name of one", SPELL_NAME);
    };
    let Some(mirrored) = mirrored(query, &repository) else {
        return trouble(word, "its parameter `ns` names no registry", USE_THE_ENGINE);
    };
    let mirrored = mirrored.into_iter().collect();
    Asked::Repository(Repository { name: repository, mirrored, part, pushes, only_head: request.method == "HEAD" })
}

const PATH: &str = "its path is spelled so that registries could read it differently";
const SPELL_PATH: &str =
    "Begin the path of a registry's API with `/v2/`, without `//`, `.`, `..`, `;`, `\\` or percent-encoding in it";
const SPELL_NAME: &str =
    "Write host and repository with letters, digits, `.`, `-` and `_` only, the repository in lower case";
const USE_THE_ENGINE: &str =
    "Use the docker command; if it was used, update pullgate, which does not know what this engine or registry does";

fn trouble(word: &'static str, part: &'static str, advice: &'static str) -> Asked {
    Asked::Unverifiable(Unverifiable { word, part, advice })
}

/// The repository that a mirror is asked for in another registry's name; the outer none: not to be told.
///
/// containerd and BuildKit add `ns=docker.io` to what they ask of another host than the image's own
/// (containerd `core/remotes/docker/resolver.go`).
#[expect(clippy::option_option, reason = "what cannot be told is not what is absent")]
fn mirrored(query: &str, repository: &ImageRef) -> Option<Option<ImageRef>> {
    let mut found: Option<ImageRef> = None;
    for (key, value) in pairs(query) {
        if key? != "ns" {
            continue;
        }
        let named = ImageRef::in_registry(&value?, repository.path())?;
        if found.as_ref().is_some_and(|found| *found != named) {
            return None;
        }
        found = Some(named);
    }
    Some(found.filter(|named| named.place() != repository.place()))
}

/// Whether a token for repositories is asked for, wherever that is (distribution, `docs/spec/auth/token.md`). With
/// OAuth 2 the scope is in the body, beside the password.
fn asks_for_token(query: &str) -> bool {
    pairs(query).any(|(key, value)| {
        key.is_some_and(|key| key == "scope") && value.is_some_and(|scope| scope.starts_with("repository"))
    })
}

/// Keys and values of a query, decoded; none in the place of what has a bad percent-encoding.
fn pairs(query: &str) -> impl Iterator<Item = (Option<Cow<'_, str>>, Option<Cow<'_, str>>)> {
    query.split('&').map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(key, true), percent_decode(value, true))
    })
}

impl Repository {
    /// Asked of a mirror, which stands for this registry whatever else the request says: who asks chooses `ns`, and
    /// the mirror need not heed it.
    #[must_use]
    pub fn mirroring(mut self, host: &str) -> Self {
        let known =
            |name: &ImageRef| core::iter::once(&self.name).chain(&self.mirrored).any(|n| n.place() == name.place());
        let mirrored = ImageRef::in_registry(host, self.name.path()).filter(|name| !known(name));
        self.mirrored.extend(mirrored);
        self
    }

    /// The image, as far as the request names one: by tag, by digest, or with neither.
    #[must_use]
    pub fn image(&self) -> ImageRef {
        self.part.of(&self.name)
    }

    /// What a policy decides on.
    #[must_use]
    pub fn action(&self) -> Action {
        if self.pushes {
            return Action::one("push", Ask::Push(self.name.clone()));
        }
        let mut asks: Vec<Ask> = alloc::vec![Ask::Fetch(self.image())];
        asks.extend(self.mirrored.iter().map(|name| Ask::Fetch(self.part.of(name))));
        Action::Governed(Governed { word: "fetch", asks, ..Governed::default() })
    }

    /// A fetch from here of what is reached through another name of this repository.
    #[must_use]
    pub fn fetch_through(&self, image: ImageRef) -> Action {
        let in_mirrored = |name: &ImageRef| {
            let name = name.repository();
            match (image.tag(), image.digest()) {
                (_, Some(digest)) => name.at_digest(digest).unwrap_or(name),
                (Some(tag), None) => name.with_tag(tag).unwrap_or(name),
                (None, None) => name,
            }
        };
        let mirrored: Vec<ImageRef> = self.mirrored.iter().map(in_mirrored).collect();
        let mut asks: Vec<Ask> = alloc::vec![Ask::Fetch(image)];
        asks.extend(mirrored.into_iter().map(Ask::Fetch));
        Action::Governed(Governed { word: "fetch", asks, ..Governed::default() })
    }

    /// A key for what is known of this repository: the same for every spelling of its host, and
    /// another for each registry that a mirror stands for.
    #[must_use]
    pub fn key(&self) -> String {
        core::iter::once(&self.name).chain(&self.mirrored).fold(String::new(), |key, name| {
            let place = name.place();
            alloc::format!("{key} {}/{}", place.host, place.path)
        })
    }
}

impl Asked {
    /// What a policy decides on.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Elsewhere(word) => Action::NotGoverned(word),
            Self::Repository(repository) => repository.action(),
            Self::Unverifiable(unverifiable) => Action::Unverifiable(*unverifiable),
        }
    }
}

#[cfg(test)]
mod tests;
