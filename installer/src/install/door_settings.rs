//! The registry door's settings, where the engine's own proxy goes when the door takes its place.
//!
//! They may hold a password, and the door is no root: the file is root's, and the door's group reads it.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use proto::paths;
use serde_json::{Value, json};

use super::{
    files, layout,
    plan::{FileEdit, Whose},
    undo::below,
    upstream::Upstream,
};
use crate::engine_config;

/// As they are on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoorSettings {
    /// The file.
    pub file: Option<Vec<u8>>,
    /// Whether the door may not read it.
    pub closed: bool,
}

impl DoorSettings {
    /// Looks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(root: &Path) -> anyhow::Result<Self> {
        let path = below(root, Path::new(paths::DOOR_SETTINGS));
        let group = layout::group(root, layout::DOOR_USER);
        let readable = |it: fs::Metadata| it.mode() & 0o004 != 0 || (Some(it.gid()) == group && it.mode() & 0o040 != 0);
        let file = files::read(&path)?;
        let closed = file.is_some() && !fs::symlink_metadata(&path).is_ok_and(readable);
        Ok(Self { file, closed })
    }

    /// The way on that an administrator has set.
    #[must_use]
    pub fn upstream(&self) -> Option<String> {
        Some(self.value()["upstreamProxy"].as_str()?.to_owned())
    }

    fn value(&self) -> Value {
        self.file.as_deref().and_then(|file| serde_json::from_slice(file).ok()).unwrap_or_default()
    }

    /// The file with an engine's proxy in it, or as it is, for the door to read; none: nothing is to change. What an
    /// administrator has set there counts.
    ///
    /// # Errors
    /// When the file is to be left as it is, in words.
    pub fn edit(&self, moved: Option<&Upstream>) -> Result<Option<FileEdit>, String> {
        let mut after = self.file.clone();
        if let Some((proxy, direct)) = moved.and_then(|moved| Some((moved.proxy.as_ref()?, &moved.direct)))
            && self.upstream().is_none()
        {
            let mut settings = vec![("upstreamProxy", json!(proxy))];
            let mut all: Vec<Value> = self.value()["upstreamNoProxy"].as_array().cloned().unwrap_or_default();
            all.extend(direct.iter().map(|host| json!(host)).filter(|host| !all.contains(host)).collect::<Vec<_>>());
            if !all.is_empty() {
                settings.push(("upstreamNoProxy", Value::Array(all)));
            }
            let edited = engine_config::with(self.file.as_deref(), &settings);
            after = Some(edited.map_err(|refusal| format!("`{}` is left as it is: {refusal}", paths::DOOR_SETTINGS))?);
        }
        let is_needed = self.closed || after != self.file;
        let path = paths::DOOR_SETTINGS.into();
        Ok(is_needed.then(|| FileEdit { path, before: self.file.clone(), after, whose: Whose::Doors }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream() -> Upstream {
        let direct = vec!["reg.example".to_owned(), "10.0.0.0/8".to_owned()];
        Upstream { proxy: Some("http://me:geheim@p:1".to_owned()), direct, notes: Vec::new() }
    }

    fn edited(file: Option<&str>, moved: Option<&Upstream>) -> Option<String> {
        let settings = DoorSettings { file: file.map(|text| text.as_bytes().to_vec()), closed: false };
        settings.edit(moved).unwrap().map(|edit| String::from_utf8(edit.after.unwrap()).unwrap())
    }

    #[test]
    fn a_proxy_is_added_and_everything_else_stays() {
        let new = edited(None, Some(&upstream())).unwrap();
        assert_eq!(
            new,
            "{\n  \"upstreamProxy\": \"http://me:geheim@p:1\",\n  \"upstreamNoProxy\": [\"reg.example\",\"10.0.0.0/8\"]\n}\n"
        );
        let beside = "{\n\t\"mirrors\": [\"m\"],\n\t\"upstreamNoProxy\": [ \"10.0.0.0/8\" ]\n}";
        assert_eq!(
            edited(Some(beside), Some(&upstream())).unwrap(),
            "{\n\t\"mirrors\": [\"m\"],\n\t\"upstreamNoProxy\": [\"10.0.0.0/8\",\"reg.example\"],\n\t\"upstreamProxy\": \"http://me:geheim@p:1\"\n}"
        );
    }

    #[test]
    fn what_an_administrator_has_set_counts() {
        let set = r#"{"upstreamProxy": "http://other:1"}"#;
        assert_eq!(edited(Some(set), Some(&upstream())), None);
        assert_eq!(edited(Some("{}"), None), None);
        assert_eq!(edited(Some("{}"), Some(&Upstream::default())), None);
        let broken = DoorSettings { file: Some(b"{,".to_vec()), closed: false };
        let why = broken.edit(Some(&upstream())).unwrap_err();
        assert!(why.contains("is left as it is") && !why.contains("geheim"), "{why}");
    }

    #[test]
    fn a_file_that_the_door_cannot_read_is_opened_to_it() {
        let closed = DoorSettings { file: Some(b"{}".to_vec()), closed: true };
        let edit = closed.edit(None).unwrap().unwrap();
        assert_eq!((edit.before, edit.whose), (edit.after, Whose::Doors));
    }
}
