//! What the registries have: made once, read by all.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use installer::lab::{
    Image, Lab, LabError, Registry,
    image::{MANIFEST, architecture, digest},
};
use policy::ImageRef;
use serde_json::json;

const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Behind a name without a tag there are these.
const TAGS: [&str; 2] = ["latest", "1"];

/// What a registry has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ware {
    /// An image that is fetched and not run.
    Bare,
    /// An image with a shell.
    Runnable,
    /// An image of so many layers, each of so many bytes.
    Layers(usize, usize),
    /// An engine plugin.
    Plugin,
}

/// A registry's content. Every image is a list with one image, as on Docker Hub.
pub struct Stock {
    storage: PathBuf,
    digests: BTreeMap<(String, String), [String; 2]>,
    _lab: Lab,
}

impl Stock {
    /// Makes an image for each of these names, whichever registry they are of: all registries
    /// have the same. Each image has content of its own.
    ///
    /// # Errors
    /// When the registry does not take one.
    pub async fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, LabError> {
        Self::with(names.into_iter().map(|name| (name, Ware::Bare))).await
    }

    /// The same for more than images that are only fetched.
    ///
    /// # Errors
    /// When the registry does not take one.
    pub async fn with<'a>(wares: impl IntoIterator<Item = (&'a str, Ware)>) -> Result<Self, LabError> {
        let lab = Lab::new()?;
        let registry = Registry::start(&lab).await?;
        let mut wanted = BTreeMap::new();
        for (name, ware) in wares {
            let Ok(image) = ImageRef::parse(name.trim_end_matches(":*")) else { continue };
            // A digest that a vector names is one that no image has.
            let tags = image.tag().map_or(TAGS.to_vec(), |tag| vec![tag]);
            wanted.extend(tags.into_iter().map(|tag| ((image.path().to_owned(), tag.to_owned()), ware)));
        }
        let mut digests = BTreeMap::new();
        for ((repository, tag), ware) in wanted {
            let marker = format!("{repository}:{tag}\n");
            let image = match ware {
                Ware::Bare => Image::bare(&marker),
                Ware::Runnable => Image::build(&marker),
                Ware::Layers(layers, bytes) => Image::layered(&marker, layers, bytes),
                Ware::Plugin => Image::plugin(&marker),
            }?;
            let child = digest(&image.manifest);
            if ware == Ware::Plugin {
                // Engines do not look for one in a list.
                registry.push(&repository, &tag, &image).await?;
                digests.insert((repository, tag), [child.clone(), child]);
                continue;
            }
            let list = list(&image);
            registry.push(&repository, &child, &image).await?;
            registry.push_manifest(&repository, &tag, LIST, &list).await?;
            digests.insert((repository, tag), [digest(&list), child]);
        }
        let storage = lab.path("registry/data");
        Ok(Self { storage, digests, _lab: lab })
    }

    /// Its directory.
    #[must_use]
    pub fn storage(&self) -> &Path {
        &self.storage
    }

    /// The digest of the list behind a tag, which is what `repository@digest` is pulled by.
    ///
    /// # Panics
    /// When there is no such tag.
    #[must_use]
    pub fn digest(&self, repository: &str, tag: &str) -> &str {
        let found = self.digests.get(&(repository.to_owned(), tag.to_owned()));
        &found.unwrap_or_else(|| panic!("`{repository}:{tag}` is not in stock"))[0]
    }

    /// Whether a fetch of `digest` is a part of fetching what is meant by `tag`; of any tag if none is given.
    #[must_use]
    pub fn is_part(&self, repository: &str, tag: Option<&str>, digest: &str) -> bool {
        let here = |(key, digests): (&(String, String), &[String; 2])| {
            key.0 == repository && tag.is_none_or(|tag| key.1 == tag) && digests.iter().any(|known| known == digest)
        };
        self.digests.iter().any(here)
    }

    /// Whether `child` is in the list with the digest `list`.
    #[must_use]
    pub fn is_child(&self, repository: &str, list: &str, child: &str) -> bool {
        self.digests.iter().any(|(key, digests)| key.0 == repository && digests[0] == list && digests[1] == child)
    }
}

fn list(image: &Image) -> Bytes {
    let list = json!({
        "schemaVersion": 2,
        "mediaType": LIST,
        "manifests": [{
            "mediaType": MANIFEST,
            "size": image.manifest.len(),
            "digest": digest(&image.manifest),
            "platform": {"architecture": architecture(), "os": "linux"},
        }],
    });
    list.to_string().into()
}
