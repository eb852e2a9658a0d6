//! The memory on disk: `origins.json` in the state directory.
//!
//! What cannot be read is taken for a memory that forgot: names are of unknown origin then.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use policy::ImageRef;
use serde::{Deserialize, Serialize};

use super::{
    content::Content,
    digests::{Digests, MAX_DIGESTS},
    names::{Known, MAX_NAME_BYTES, MAX_NAMES, Names, Renaming},
};
use crate::state::{StateError, read_bounded, replace_file};

/// The file in the state directory.
pub const FILE: &str = "origins.json";
const VERSION: u32 = 1;
/// All names and digests at their longest, five names each.
const MAX_FILE_BYTES: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    version: u32,
    overflowed: bool,
    untracked: bool,
    /// The references under which the content may have been fetched; null: unknown.
    names: BTreeMap<String, Option<Vec<String>>>,
    /// Changes that the engine was at: from where, to which name.
    running: Vec<(Option<String>, String)>,
    /// `name@digest`, the oldest first.
    digests: Vec<String>,
}

/// What was on disk.
pub(super) enum Found {
    /// Nothing yet.
    Nothing,
    Read(Names),
    /// Something that is not ours.
    Damaged(String),
}

pub(super) fn path(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

pub(super) fn read(path: &Path) -> Found {
    let bytes = match read_bounded(path, MAX_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return Found::Damaged(error.to_string()),
    };
    match serde_json::from_slice::<File>(&bytes) {
        Ok(file) if file.version != VERSION => Found::Damaged(format!("of version {}", file.version)),
        Ok(file) if file.names.len() > MAX_NAMES || file.digests.len() > MAX_DIGESTS => {
            Found::Damaged("more than is ever remembered".to_owned())
        }
        Ok(file) => Found::Read(file.into()),
        Err(error) => Found::Damaged(error.to_string()),
    }
}

pub(super) fn write(path: &Path, file: &File) -> Result<(), StateError> {
    let json = serde_json::to_vec(file).map_err(|_| StateError::Damaged(path.to_owned()))?;
    replace_file(path, &json)
}

impl From<&Names> for File {
    fn from(names: &Names) -> Self {
        let content = |content: &Content| match content {
            Content::AnyOf(images) => Some(images.iter().map(ToString::to_string).collect()),
            Content::Unknown => None,
        };
        let running = |running: &Renaming| (running.from.as_ref().map(ToString::to_string), running.to.to_string());
        Self {
            version: VERSION,
            overflowed: names.overflowed,
            untracked: names.untracked,
            names: names.names.iter().map(|(name, known)| (name.clone(), content(&known.content))).collect(),
            running: names.renamings.iter().map(running).collect(),
            digests: names.digests.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<File> for Names {
    fn from(file: File) -> Self {
        let content = |images: Option<Vec<String>>| {
            let images = images.and_then(|images| images.iter().map(|text| exactly(text)).collect());
            images.map_or(Content::Unknown, Content::any_of)
        };
        let mut digests = Digests::default();
        file.digests.iter().filter_map(|text| exactly(text)).for_each(|image| digests.remember(&image));
        let names = file.names.into_iter().map(|(name, images)| (name, Known::new(content(images)))).collect();
        let mut untracked = file.untracked;
        let mut running = Vec::new();
        for (from, to) in &file.running {
            match (from.as_deref().map(exactly), exactly(to)) {
                (Some(None), _) | (_, None) => untracked = true,
                (from, Some(to)) => running.push(Renaming::interrupted(from.flatten(), to)),
            }
        }
        Self::restored(names, digests, running, (file.overflowed, untracked))
    }
}

/// A reference in its normal form; not every name that the engine takes reads back as itself.
fn exactly(text: &str) -> Option<ImageRef> {
    let fits = text.len() <= MAX_NAME_BYTES.saturating_mul(8);
    ImageRef::parse(text).ok().filter(|image| fits && image.as_str() == text)
}
