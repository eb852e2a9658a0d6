//! Names of images, by the regular expressions of `distribution/reference` v0.6.

use std::sync::LazyLock;

use regex_lite::Regex;

static DOMAIN: LazyLock<String> = LazyLock::new(|| {
    let component = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
    format!(r"(?:{component}(?:\.{component})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?")
});
const COMPONENT: &str = "[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*";
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let name = format!("(?:{}/)?{COMPONENT}(?:/{COMPONENT})*", *DOMAIN);
    let digest = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][0-9A-Fa-f]{32,}";
    Regex::new(&format!(r"^({name})(?:[:]([0-9A-Za-z_][0-9A-Za-z_.-]{{0,127}}))?(?:[@]({digest}))?$")).expect("fixed")
});
static PARTS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("^(?:({})/)?({COMPONENT}(?:/{COMPONENT})*)$", *DOMAIN)).expect("fixed"));
static TAG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$").expect("fixed"));
static DIGEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$").expect("fixed"));
static HEX: LazyLock<Regex> = LazyLock::new(|| Regex::new("^[a-f0-9]{1,64}$").expect("fixed"));

/// Longest text that is tried, in bytes; the readers take no longer one.
const LONGEST: usize = 4096;

/// A name, its tag and its digest.
#[derive(Clone, Debug)]
pub struct Named {
    /// Host and path.
    pub name: String,
    /// Tag.
    pub tag: Option<String>,
    /// Digest.
    pub digest: Option<String>,
}

impl Named {
    /// `ParseNormalizedNamed`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST || (text.len() == 64 && HEX.is_match(text)) {
            return None;
        }
        let hub = "docker.io";
        let (domain, rest) = match text.split_once('/') {
            None => (hub, text),
            Some((first, rest)) => match first {
                "index.docker.io" => (hub, rest),
                "localhost" => (first, rest),
                _ if first.contains(['.', ':']) || first.to_lowercase() != first => (first, rest),
                _ => (hub, text),
            },
        };
        let official = if domain == hub && !rest.contains('/') { "library/" } else { "" };
        let remote = rest.split(':').next().unwrap_or_default();
        if remote.to_lowercase() != remote {
            return None;
        }
        let full = format!("{domain}/{official}{rest}");
        let found = NAMED.captures(&full)?;
        let part = |number: usize| found.get(number).map(|part| part.as_str().to_owned());
        let named = Self { name: part(1)?, tag: part(2), digest: part(3) };
        let path = PARTS.captures(&named.name)?.get(2)?.len();
        let digest_is_good = named.digest.as_deref().is_none_or(is_digest);
        (path <= 255 && digest_is_good).then_some(named)
    }

    /// `WithDigest(TrimNamed)` for a tag that is a digest, else `WithTag`.
    #[must_use]
    pub fn with(mut self, tag: &str) -> Option<Self> {
        if is_digest(tag) {
            (self.tag, self.digest) = (None, Some(tag.to_owned()));
        } else if TAG.is_match(tag) {
            self.tag = Some(tag.to_owned());
        } else {
            return None;
        }
        Some(self)
    }

    /// `TagNameOnly`.
    #[must_use]
    pub fn or_latest(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some("latest".into());
        }
        self
    }

    /// Whether it is the reserved name.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        self.name == "docker.io/library/scratch"
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// `digest.Parse`.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    DIGEST.is_match(text)
}

/// What a container starts from: a whole id, what may be the start of one, or a name.
#[must_use]
pub fn local(text: &str) -> Option<String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    match digits.len() {
        _ if is_digest(text) => Some(text.to_owned()),
        64 if HEX.is_match(digits) => Some(format!("sha256:{digits}")),
        _ if HEX.is_match(digits) => Some(format!("id:{digits}")),
        _ => Named::parse(text).map(|named| named.or_latest().to_string()),
    }
}
