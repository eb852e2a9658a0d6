//! An engine's `daemon.json`: what pullgate changes in it, and when it leaves it alone. Pure, but for [`verdict`].
//!
//! It is edited as text: only the bytes that must change do.

mod command;
mod outcome;

pub use command::{Args, run};
pub use outcome::{Class, Edit, Edited, Moved, OldProxies, Position, Refusal, Warning};

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
/// # Errors
/// When the file is to be left as it is.
pub fn add(file: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edited, Refusal> {
    let _ = (file, wanted);
    unimplemented!()
}

/// The file without the plugin, however often it is there, and without the door.
///
/// A file of which nothing but what [`add`] makes of no file is left is [`Edit::Removed`].
///
/// # Errors
/// When the file is to be left as it is.
pub fn remove(file: &[u8], plugin: &str, proxies: Option<&str>) -> Result<Edited, Refusal> {
    let _ = (file, plugin, proxies);
    unimplemented!()
}

/// The file as it was before [`add`]: byte for byte if nobody has changed it since, else without what was added.
///
/// The plugin is gone afterwards even if it was there before.
///
/// # Errors
/// When the file is to be left as it is.
pub fn undo(now: &[u8], before: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<Edited, Refusal> {
    let _ = (now, before, wanted);
    unimplemented!()
}
