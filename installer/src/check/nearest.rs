//! What somebody could take in place of a refused image: the official image of that name, other tags of the same
//! repository, a copy of the organization. Only what the plugin says it would allow.

use policy::ImageRef;
use proto::control::CheckedImage;

use super::official;

/// Why it is near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The Docker Official Image of that name.
    Official,
    /// A rule of the allowlist is for it: other tags or digests of the same repository.
    Rule,
    /// In a namespace of the organization, if it is there.
    Copy,
}

impl Kind {
    /// The stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Rule => "rule",
            Self::Copy => "copy",
        }
    }
}

/// Something that would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// As one would type it, or a rule's pattern.
    pub image: String,
    /// Why it is near.
    pub kind: Kind,
}

/// What the plugin has to be asked about.
pub fn candidates(checked: &CheckedImage) -> Vec<String> {
    let near = || near(checked);
    near().filter(|near| !is_pattern(near)).map(|near| near.image).collect()
}

/// What it said it would allow; `judged`: its answers, in any order.
pub fn nearest(checked: &CheckedImage, judged: &[CheckedImage]) -> Vec<Nearest> {
    let allowed = |image: &str| judged.iter().any(|one| one.input == image && one.allowed && !one.would_deny);
    near(checked).filter(|near| is_pattern(near) || allowed(&near.image)).collect()
}

fn near(checked: &CheckedImage) -> impl Iterator<Item = Nearest> {
    let rules = checked.nearby.iter().map(|near| Nearest {
        image: near.image.clone(),
        kind: if near.kind == "namespace" { Kind::Copy } else { Kind::Rule },
    });
    official(checked).into_iter().chain(rules)
}

/// With no tag: those of another build mean something else.
fn official(checked: &CheckedImage) -> Option<Nearest> {
    let image = ImageRef::parse(&checked.image).ok()?;
    let official = official::of(image.path())?;
    // An official image has no official image beside it.
    let is_it = image.place().is_hub() && image.place().path == format!("library/{official}");
    (!is_it).then(|| Nearest { image: official.to_owned(), kind: Kind::Official })
}

/// A rule with a wildcard is no image that could be asked about; it is in force, as the plugin says.
fn is_pattern(near: &Nearest) -> bool {
    near.kind == Kind::Rule && near.image.contains(['*', '?'])
}
