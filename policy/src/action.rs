//! What a request would make the engine do, as far as an image policy is concerned.

use alloc::{string::String, vec::Vec};

use crate::{guard::HostPath, image::ImageRef};

/// One request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A policy may have a say in it.
    Governed(Governed),
    /// Nothing that a policy could have a say in. The word says what it is.
    NotGoverned(&'static str),
    /// What the engine would do cannot be told from what the plugin is shown.
    Unverifiable(Unverifiable),
}

/// Everything about one request that a policy may refuse; each part must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Governed {
    /// Stable word of the action, for example `pull`.
    pub word: &'static str,
    /// What it asks for.
    pub asks: Vec<Ask>,
    /// What in it reaches the host beyond a container, for the tamper guard.
    pub reach: Vec<Reach>,
    /// Host paths it would open. Whether one leads to a control file by a symbolic link, the
    /// enforcer has to look up; see [`crate::guard`].
    pub paths: Vec<HostPath>,
}

/// One thing that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The engine fetches this image from a registry; without tag and digest: every tag.
    Fetch(ImageRef),
    /// The engine fetches this engine plugin from a registry.
    FetchPlugin(ImageRef),
    /// A container starts from an image that is here already.
    Start(Start),
    /// Content comes in that no registry vouches for. The text says how.
    LocalContent(&'static str),
    /// The same for an engine plugin.
    LocalPlugin(&'static str),
    /// An image comes in that the request does not name. The text says how.
    Unnamed(&'static str),
    /// A build: what it fetches is not in the request.
    Build,
    /// Swarm is used.
    Swarm(Swarm),
    /// Content leaves for this repository.
    Push(ImageRef),
    /// A name on this machine gets other content. Always allowed, and remembered.
    Rename(Rename),
    /// An engine plugin takes pullgate's own name: the engine would ask it instead of us.
    OwnName,
    /// The control group of a container is to be in another one than the engine's own choice.
    CgroupParent,
    /// A write that this version of pullgate does not know.
    Unknown,
}

/// An image that a container starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// As the request names it.
    pub image: LocalImage,
    /// What is known of the content behind it.
    pub origin: Origin,
}

/// How a request names an image that is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalImage {
    /// By name.
    Named(ImageRef),
    /// By a whole id, a digest, for example `sha256:` and 64 digits.
    Id(String),
    /// By hexadecimal digits: a name if there is such an image, else the start of an id.
    ShortId(String),
    /// Not at all: the container starts empty, and is filled by other means.
    Empty,
}

/// Where the content behind a local name came from, as far as the enforcer remembers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nothing else is known: it is what it is called.
    #[default]
    AsNamed,
    /// A pull of that very digest was permitted.
    PulledDigest,
    /// The name was given to what was then called so.
    Renamed(ImageRef),
    /// The name was given to something that cannot be told.
    Unknown,
}

/// How swarm is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swarm {
    /// This machine starts a swarm of its own.
    Init,
    /// This machine joins a swarm, whose managers then start any image here.
    Join,
    /// A service is created or changed here.
    Service,
}

/// A name on this machine gets other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The content, where it has a name; none: it is made here, or its name cannot be told.
    pub from: Option<LocalImage>,
    /// The name it gets.
    pub to: ImageRef,
}

/// Something that reaches the host beyond a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Stable word, for example `privileged` or `bind`.
    pub word: &'static str,
    /// What a developer reads, for example "`--privileged`".
    pub what: String,
}

/// A request that the plugin cannot read as the engine will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverifiable {
    /// Stable word of the action as far as it is known, else `unknown`.
    pub word: &'static str,
    /// Which part, and what about it.
    pub part: &'static str,
    /// How to ask properly.
    pub advice: &'static str,
}

impl Action {
    /// A request with one ask.
    #[must_use]
    pub fn one(word: &'static str, ask: Ask) -> Self {
        Self::Governed(Governed { word, asks: alloc::vec![ask], ..Governed::default() })
    }

    /// A pull of this image.
    #[must_use]
    pub fn pull(image: ImageRef) -> Self {
        Self::one("pull", Ask::Fetch(image))
    }

    /// The stable word for records and `--json` output.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Governed(governed) => governed.word,
            Self::NotGoverned(word) => word,
            Self::Unverifiable(unverifiable) => unverifiable.word,
        }
    }

    /// What it asks for.
    #[must_use]
    pub fn asks(&self) -> &[Ask] {
        match self {
            Self::Governed(governed) => &governed.asks,
            Self::NotGoverned(_) | Self::Unverifiable(_) => &[],
        }
    }

    /// The same, where what is fetched turned out to be an engine plugin.
    #[must_use]
    pub fn of_plugin(mut self) -> Self {
        if let Self::Governed(governed) = &mut self {
            for ask in &mut governed.asks {
                if let Ask::Fetch(image) = ask {
                    *ask = Ask::FetchPlugin(image.clone());
                }
            }
        }
        self
    }

    /// The images that the engine would fetch by name.
    pub fn fetched(&self) -> impl Iterator<Item = &ImageRef> {
        self.asks().iter().filter_map(|ask| match ask {
            Ask::Fetch(image) | Ask::FetchPlugin(image) => Some(image),
            _ => None,
        })
    }

    /// The images on this machine that a container would start from, without a fetch before.
    pub fn started(&self) -> impl Iterator<Item = &Start> {
        let fetches = self.fetched().next().is_some();
        self.asks().iter().filter_map(move |ask| match ask {
            Ask::Start(start) => match &start.image {
                LocalImage::Empty => None,
                LocalImage::Named(image) if fetches && self.fetched().any(|fetched| fetched == image) => None,
                _ => Some(start),
            },
            _ => None,
        })
    }

    /// `understood` (names all that it brings in), `not_governed` (brings nothing in) or `unverifiable`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Unverifiable(_) => "unverifiable",
            _ if self.asks().iter().any(Ask::is_blind) => "unverifiable",
            _ if self.fetched().next().is_some() => "understood",
            _ => "not_governed",
        }
    }
}

impl Ask {
    /// Whether something may come in that the request does not name.
    const fn is_blind(&self) -> bool {
        matches!(
            self,
            Self::LocalContent(_)
                | Self::LocalPlugin(_)
                | Self::Unnamed(_)
                | Self::Build
                | Self::Swarm(Swarm::Join)
                | Self::Unknown
        )
    }

    /// The name that is fetched, started, pushed or given, if one is.
    #[must_use]
    pub const fn name(&self) -> Option<&ImageRef> {
        match self {
            Self::Fetch(image) | Self::FetchPlugin(image) | Self::Push(image) => Some(image),
            Self::Start(Start { image: LocalImage::Named(image), .. }) => Some(image),
            Self::Rename(rename) => Some(&rename.to),
            _ => None,
        }
    }

    /// Whether its name has no place that could be judged: a fetch that names no host, or a name
    /// that engines take for another.
    pub(crate) fn names_nowhere(&self) -> bool {
        let fetched = matches!(self, Self::Fetch(_) | Self::FetchPlugin(_));
        self.name().is_some_and(|name| (fetched && name.host().is_empty()) || name.is_another_when_shortened())
    }

    /// Whether something comes onto this machine.
    #[must_use]
    pub const fn brings_in(&self) -> bool {
        matches!(self, Self::Fetch(_) | Self::FetchPlugin(_)) || self.is_blind()
    }
}

impl Start {
    /// What was fetched once, as far as that is known; none: an id, or content that cannot be told.
    #[must_use]
    pub const fn content(&self) -> Option<&ImageRef> {
        match (&self.origin, &self.image) {
            (Origin::Renamed(image), _) | (Origin::AsNamed | Origin::PulledDigest, LocalImage::Named(image)) => {
                Some(image)
            }
            (Origin::Unknown, _) | (_, LocalImage::Id(_) | LocalImage::ShortId(_) | LocalImage::Empty) => None,
        }
    }

    /// Whether it is an image of BuildKit, as far as that is known: where the content cannot be told,
    /// its name counts.
    pub(crate) fn is_builder(&self) -> bool {
        let named = match &self.image {
            LocalImage::Named(image) => Some(image),
            _ => None,
        };
        self.content().or(named).is_some_and(ImageRef::is_builder)
    }

    /// What the content is known by: `digest`, `name`, `renamed` or `nothing`.
    #[must_use]
    pub const fn evidence(&self) -> &'static str {
        match (&self.origin, self.content()) {
            (_, None) => "nothing",
            (Origin::PulledDigest, _) => "digest",
            (Origin::Renamed(_), _) => "renamed",
            _ => "name",
        }
    }
}

impl LocalImage {
    /// Reads the `Image` of a container as the engine does: an id, a name, or what may be either.
    ///
    /// # Errors
    /// What is neither; the engine refuses it too.
    pub fn parse(text: &str) -> Result<Self, crate::RefError> {
        let hex = |digits: &str| {
            !digits.is_empty() && digits.len() <= 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if ImageRef::is_digest(text) {
            return Ok(Self::Id(text.into()));
        }
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        match digits.len() {
            64 if hex(digits) => Ok(Self::Id(alloc::format!("sha256:{digits}"))),
            _ if hex(digits) => Ok(Self::ShortId(digits.into())),
            _ => ImageRef::parse(text).map(|image| Self::Named(image.or_latest())),
        }
    }
}

impl core::fmt::Display for LocalImage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Named(image) => f.write_str(image.as_str()),
            Self::Id(id) => f.write_str(id),
            Self::ShortId(digits) => write!(f, "id:{digits}"),
            Self::Empty => f.write_str("no image"),
        }
    }
}
