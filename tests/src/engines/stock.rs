//! What the registries have: made once, read by all.

use std::{
    collections::{BTreeMap, BTreeSet},
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
        let lab = Lab::new()?;
        let registry = Registry::start(&lab).await?;
        let mut wanted = BTreeSet::new();
        for name in names {
            let Ok(image) = ImageRef::parse(name.trim_end_matches(":*")) else { continue };
            // A digest that a vector names is one that no image has.
            let tags = image.tag().map_or(TAGS.to_vec(), |tag| vec![tag]);
            wanted.extend(tags.into_iter().map(|tag| (image.path().to_owned(), tag.to_owned())));
        }
        let mut digests = BTreeMap::new();
        for (repository, tag) in wanted {
            let image = Image::bare(&format!("{repository}:{tag}\n"))?;
            let child = digest(&image.manifest);
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
