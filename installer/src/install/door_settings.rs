//! The registry door's settings, where the engine's own proxy goes when the door takes its place.
//!
//! They may hold a password, and the door is no root: the file is root's, and the door's group reads it.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use proto::paths;
use serde_json::{Value, json};

use super::{
    files::{self, FileError, Owned},
    layout,
    lists::Lists,
    obstacle::Obstacle,
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
    /// Whether not everybody may.
    pub private: bool,
}

impl DoorSettings {
    /// Looks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(root: &Path) -> Result<Self, FileError> {
        let path = below(root, Path::new(paths::DOOR_SETTINGS));
        let group = layout::group(root, layout::DOOR_USER);
        let readable = |it: fs::Metadata| it.mode() & 0o004 != 0 || (Some(it.gid()) == group && it.mode() & 0o040 != 0);
        let file = files::read(&path)?;
        let found = fs::symlink_metadata(&path).ok();
        let private = found.as_ref().is_some_and(|it| it.mode() & 0o004 == 0);
        let closed = file.is_some() && !found.is_some_and(readable);
        Ok(Self { file, closed, private })
    }

    /// The way on that an administrator has set.
    #[must_use]
    pub fn upstream(&self) -> Option<String> {
        Some(value(self.file.as_deref())["upstreamProxy"].as_str()?.to_owned())
    }

    /// The file with what engines had of their own, or as it is, for the door to read; none: nothing is to change. What
    /// an administrator has set there counts.
    ///
    /// # Errors
    /// When the file is to be left as it is.
    pub fn edit(&self, moved: Option<&Upstream>, lists: &[&Lists]) -> Result<Option<FileEdit>, Obstacle> {
        let mut settings = Vec::new();
        let proxy = moved.and_then(|moved| Some((moved.proxy.as_ref()?, &moved.direct)));
        if let (Some((proxy, direct)), None) = (proxy, self.upstream()) {
            settings.push(("upstreamProxy", json!(proxy)));
            settings.extend(self.with("upstreamNoProxy", direct.iter()));
        }
        settings.extend(self.with("insecureRegistries", lists.iter().flat_map(|lists| &lists.insecure)));
        settings.extend(self.with("mirrors", lists.iter().flat_map(|lists| &lists.mirrors)));
        let after = if settings.is_empty() {
            self.file.clone()
        } else {
            let edited = engine_config::with(self.file.as_deref(), &settings);
            Some(edited.map_err(|refusal| Obstacle::FileLeft { path: paths::DOOR_SETTINGS.into(), refusal })?)
        };
        let is_needed = self.closed || after != self.file;
        let path = paths::DOOR_SETTINGS.into();
        // What is no secret is for `status` to read in whoever's name.
        let private =
            self.private || value(after.as_deref())["upstreamProxy"].as_str().is_some_and(|it| it.contains('@'));
        let whose = if private { Whose::Doors } else { Whose::Ours(Owned::root(0o644)) };
        Ok(is_needed.then(|| FileEdit { path, before: self.file.clone(), after, whose }))
    }

    /// A list with what is missing in it; none: nothing is.
    fn with<'a>(&self, key: &'static str, wanted: impl Iterator<Item = &'a String>) -> Option<(&'static str, Value)> {
        let mut all: Vec<Value> = value(self.file.as_deref())[key].as_array().cloned().unwrap_or_default();
        let there = all.len();
        for host in wanted {
            if !all.iter().any(|it| it.as_str().is_some_and(|it| it.eq_ignore_ascii_case(host))) {
                all.push(json!(host));
            }
        }
        (all.len() > there).then_some((key, Value::Array(all)))
    }
}

fn value(file: Option<&[u8]>) -> Value {
    file.and_then(|file| serde_json::from_slice(file).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream() -> Upstream {
        let direct = vec!["reg.example".to_owned(), "10.0.0.0/8".to_owned()];
        Upstream { proxy: Some("http://me:geheim@p:1".to_owned()), direct, notes: Vec::new() }
    }

    fn edited(file: Option<&str>, moved: Option<&Upstream>) -> Option<String> {
        let settings = DoorSettings { file: file.map(|text| text.as_bytes().to_vec()), ..DoorSettings::default() };
        settings.edit(moved, &[]).unwrap().map(|edit| String::from_utf8(edit.after.unwrap()).unwrap())
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
        let broken = DoorSettings { file: Some(b"{,".to_vec()), ..DoorSettings::default() };
        let why = broken.edit(Some(&upstream()), &[]).unwrap_err();
        let why = why.to_string();
        assert!(why.contains("is left as it is") && !why.contains("geheim"), "{why}");
    }

    #[test]
    fn registries_are_added_that_are_missing() {
        let list = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect();
        let lists = Lists { insecure: list(&["a:1", "B:2"]), mirrors: list(&["m"]), notes: Vec::new() };
        let file = DoorSettings {
            file: Some(br#"{"insecureRegistries": ["b:2"], "mirrors": ["M"]}"#.to_vec()),
            ..DoorSettings::default()
        };
        let edit = file.edit(None, &[&lists, &lists]).unwrap().unwrap();
        assert_eq!(edit.whose, Whose::Ours(Owned::root(0o644)), "there is no secret in it");
        assert_eq!(edit.after.unwrap(), br#"{"insecureRegistries": ["b:2","a:1"], "mirrors": ["M"]}"#);
    }

    #[test]
    fn a_file_that_the_door_cannot_read_is_opened_to_it() {
        let closed = DoorSettings { file: Some(b"{}".to_vec()), closed: true, private: true };
        let edit = closed.edit(None, &[]).unwrap().unwrap();
        assert_eq!((edit.before, edit.whose), (edit.after, Whose::Doors));
    }
}
