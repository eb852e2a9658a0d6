//! An engine's `daemon.json`: what pullgate changes in it, and when it leaves it alone.
//!
//! It is edited as text: only the bytes that must change do. [`add`], [`remove`] and [`undo`] are pure.
//! Whether an engine takes a file is its own affair and differs between releases: [`judge()`] asks
//! its program where it can tell, and else goes by what is known of releases 20.10 to 29.

mod command;
mod document;
mod edit;
pub mod flags;
mod judge;
mod outcome;
mod plugins;
mod proxies;
mod settings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use command::{Args, run};
pub use document::MAX_BYTES;
pub use judge::{Judge, dockerd_on_path, judge};
pub use outcome::{Class, Edit, Edited, Moved, OldProxies, Position, Refusal, Warning};

use self::document::Document;

/// What an engine's file should say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Name of the authorization plugin.
    pub plugin: &'a str,
    /// Where the engine finds the registry door, as `http://127.0.0.1:857`; both proxies are set, or none.
    pub proxies: Option<&'a str>,
    /// The engine's arguments, without its program.
    pub unit_flags: &'a [String],
    /// Take other proxies out of the file, and hand them over in [`Moved`]; else they are a refusal.
    pub move_proxies: bool,
    /// Take plugins of flags over into the file; else they are a refusal. The caller takes the flags away.
    pub move_plugin_flags: bool,
}

/// The file with what is wanted. `None` is a file that is not there.
///
/// What it comes to is not judged: [`judge()`] does that.
///
/// # Errors
/// When the file is to be left as it is.
pub fn add(file: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edited, Refusal> {
    let bytes = file.unwrap_or_default();
    let document = Document::read(bytes)?;
    settings::refuse_other_spellings(&document)?;
    let plugin_flags = flags::values(wanted.unit_flags, "authorization-plugin");
    if !plugin_flags.is_empty() && !wanted.move_plugin_flags {
        return Err(plugins::by_flag(&plugin_flags));
    }

    let mut moved = Moved { proxies: None, plugin_flags };
    let mut text = Cow::Borrowed(document.text);
    let mut names: Vec<&str> = moved.plugin_flags.iter().map(String::as_str).collect();
    names.push(wanted.plugin);
    if let Some(next) = plugins::add(&document, &names)? {
        text = Cow::Owned(next);
    }
    if let Some(door) = wanted.proxies {
        proxies::refuse_flags(wanted.unit_flags)?;
        let (next, old) = proxies::add(&Document::parse(&text)?, door, wanted.move_proxies)?;
        moved.proxies = old;
        if let Some(next) = next {
            text = Cow::Owned(next);
        }
    }
    let edit = match text {
        Cow::Borrowed(_) => Edit::Unchanged,
        Cow::Owned(text) => Edit::Changed(text.into_bytes()),
    };
    Ok(Edited { edit, warnings: settings::warnings(&document), moved })
}

/// A file of settings, not only an engine's, with these in it: each a key and its value, which takes the place of
/// one that is there. Everything else stays as it is.
///
/// # Errors
/// When the file is to be left as it is.
pub fn with(file: Option<&[u8]>, settings: &[(&str, serde_json::Value)]) -> Result<Vec<u8>, Refusal> {
    let mut text = Document::read(file.unwrap_or_default())?.text.to_owned();
    for (key, value) in settings {
        let document = Document::parse(&text)?;
        let value = value.to_string();
        text = match document.member(key) {
            Some(member) => edit::replace(&text, &member.value.span, &value),
            None => edit::add_setting(&document, key, |_| value),
        };
    }
    Ok(text.into_bytes())
}

/// The authorization plugins that the file names, in their order.
///
/// # Errors
/// When the file cannot be read.
pub fn names(file: &[u8]) -> Result<Vec<String>, Refusal> {
    plugins::names(&Document::read(file)?)
}

/// The texts of a list in the file, as far as it can be read.
#[must_use]
pub fn texts(file: &[u8], key: &str) -> Vec<String> {
    Document::read(file).map(|document| settings::texts(&document, key)).unwrap_or_default()
}

/// The file without the plugin, however often it is there, and without the door.
///
/// A file of which nothing but what [`add`] makes of no file is left is [`Edit::Removed`].
///
/// # Errors
/// When the file is to be left as it is.
pub fn remove(file: &[u8], plugin: &str, proxies: Option<&str>) -> Result<Edited, Refusal> {
    let document = Document::read(file)?;
    let mut text = plugins::remove(&document, plugin)?;
    if let Some(door) = proxies {
        let now = Document::parse(text.as_deref().unwrap_or(document.text))?;
        text = proxies::remove(&now, door)?.or(text);
    }
    let edit = match text {
        None => Edit::Unchanged,
        Some(text) if text == edit::EMPTY => Edit::Removed,
        Some(text) => Edit::Changed(text.into_bytes()),
    };
    Ok(Edited { edit, warnings: Vec::new(), moved: Moved::default() })
}

/// The file without plugin and door, and with the proxies that it had before [`add`]; plugins that were named by flags
/// stay, since the flags are gone.
///
/// # Errors
/// When the file is to be left as it is.
pub fn remove_for_now(now: &[u8], before: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edited, Refusal> {
    let after = add(before, wanted);
    let begin = settings::restore(now, before.unwrap_or_default(), after.as_ref().ok(), &[proxies::KEY])?;
    let begin = begin.map(String::into_bytes);
    let mut edited = remove(begin.as_deref().unwrap_or(now), wanted.plugin, wanted.proxies)?;
    if let (Edit::Unchanged, Some(begin)) = (&edited.edit, begin) {
        edited.edit = Edit::Changed(begin);
    }
    Ok(edited)
}

/// The file without the door, and with the proxies that it had before [`add`]; the plugin stays.
///
/// # Errors
/// When the file is to be left as it is.
pub fn without_door(now: &[u8], before: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edit, Refusal> {
    let after = add(before, wanted);
    let restored = settings::restore(now, before.unwrap_or_default(), after.as_ref().ok(), &[proxies::KEY])?;
    let text = restored.as_deref().map_or(now, str::as_bytes);
    let Some(door) = wanted.proxies else { return Ok(Edit::Unchanged) };
    let removed = proxies::remove(&Document::read(text)?, door)?;
    Ok(match removed.or(restored) {
        Some(text) => Edit::Changed(text.into_bytes()),
        None => Edit::Unchanged,
    })
}

/// The file as it was before [`add`]: byte for byte if nobody has changed it since, else with its two settings as they
/// were.
///
/// INVARIANT: the plugin is gone afterwards even if it was there before: an engine that looks for one that is
/// not installed does not start.
///
/// # Errors
/// When the file is to be left as it is.
pub fn undo(now: &[u8], before: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edited, Refusal> {
    let after = add(before, wanted);
    let made = after.as_ref().map(|after| &after.edit);
    // Bytes to begin with: those of before, or of now with our settings as they were.
    let begin = match (made, before) {
        (Ok(Edit::Changed(made)), None) if made == now => {
            return Ok(Edited { edit: Edit::Removed, warnings: Vec::new(), moved: Moved::default() });
        }
        (Ok(Edit::Changed(made)), Some(before)) if made == now => Some(before.to_vec()),
        _ => settings::restore(now, before.unwrap_or_default(), after.as_ref().ok(), &[plugins::KEY, proxies::KEY])?
            .map(String::into_bytes),
    };
    let mut edited = remove(begin.as_deref().unwrap_or(now), wanted.plugin, wanted.proxies)?;
    edited.edit = match (edited.edit, begin) {
        (Edit::Unchanged, Some(begin)) => Edit::Changed(begin),
        // There was a file, and there stays one.
        (Edit::Removed, _) if before.is_some() => Edit::Changed(edit::EMPTY.into()),
        (edit, _) => edit,
    };
    Ok(edited)
}
