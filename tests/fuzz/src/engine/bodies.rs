//! Handlers that decode a JSON body.

use serde_json::value::RawValue;

use super::{Acts, Outcome, fetches, starts};
use crate::{
    document::{Wrong, elements, field, first_value, flag, is_null, members, text},
    reference::{Named, is_digest},
    wire::Wire,
};

/// What decoding came to: an outcome that is not "acts" ends it.
type Step<T> = Result<T, Outcome>;

impl From<Wrong> for Outcome {
    fn from(_: Wrong) -> Self {
        Self::Refused
    }
}

#[derive(Default)]
struct Mount {
    kind: String,
    source: String,
}

#[derive(Default)]
struct Host {
    forgot: bool,
    mounts: Option<Vec<Mount>>,
    binds: Option<Vec<String>>,
    privileged: bool,
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A list: `null` is no list. Into one that is there already Go decodes without clearing its
/// elements, which engines do differently.
fn list<T>(place: &mut Option<Vec<T>>, value: &RawValue, element: impl Fn(&RawValue) -> Result<T, Wrong>) -> Step<()> {
    if is_null(value) {
        *place = None;
        return Ok(());
    }
    if place.is_some() {
        return Err(Outcome::Untold);
    }
    *place = Some(elements(value)?.iter().map(|value| element(value)).collect::<Result<_, _>>()?);
    Ok(())
}

fn mount(value: &RawValue) -> Result<Mount, Wrong> {
    let mut mount = Mount::default();
    for (key, value) in if is_null(value) { Vec::new() } else { members(value)? } {
        match field(&["Type", "Source"], &key) {
            Some("Type") => set(&mut mount.kind, text(&value)?),
            Some(_) => set(&mut mount.source, text(&value)?),
            None => {}
        }
    }
    Ok(mount)
}

fn host(host: &mut Host, value: &RawValue) -> Step<()> {
    for (key, value) in members(value)? {
        match field(&["Mounts", "Binds", "Privileged"], &key) {
            Some("Mounts") => {
                host.forgot |= host.mounts.is_some() && is_null(&value);
                list(&mut host.mounts, &value, mount)?;
            }
            Some("Binds") => list(&mut host.binds, &value, |value| Ok(text(value)?.unwrap_or_default()))?,
            Some(_) => set(&mut host.privileged, flag(&value)?),
            None => {}
        }
    }
    Ok(())
}

/// `POST /containers/create`.
pub(super) fn create(wire: &Wire) -> Outcome {
    read_create(wire).unwrap_or_else(|outcome| outcome)
}

fn read_create(wire: &Wire) -> Step<Outcome> {
    let (mut image, mut given) = (String::new(), None::<Host>);
    for (key, value) in members(first_value(&wire.body)?.as_ref())? {
        match field(&["Image", "HostConfig"], &key) {
            Some("Image") => set(&mut image, text(&value)?),
            Some(_) if is_null(&value) => given = None,
            Some(_) => host(given.get_or_insert_default(), &value)?,
            None => {}
        }
    }
    let given = given.unwrap_or_default();
    let mut acts = Acts { privileged: given.privileged, forgot: given.forgot, ..Acts::default() };
    if !image.is_empty() {
        acts.starts.push(starts(&image)?);
    }
    for mount in given.mounts.into_iter().flatten() {
        match mount.kind.as_str() {
            "image" => acts.starts.push(starts(&mount.source)?),
            "bind" if mount.source.starts_with('/') => acts.opens.push(mount.source),
            _ => {}
        }
    }
    let sources = given.binds.iter().flatten().map(|bind| bind.split(':').next().unwrap_or_default());
    acts.opens.extend(sources.filter(|source| source.starts_with('/')).map(str::to_owned));
    Ok(Outcome::Acts(acts))
}

/// `POST /services/create`, and an update that is no rollback.
pub(super) fn service(wire: &Wire) -> Outcome {
    read_service(wire).unwrap_or_else(|outcome| outcome)
}

#[derive(Default)]
struct Container {
    image: String,
    mounts: Option<Vec<Mount>>,
}

fn read_service(wire: &Wire) -> Step<Outcome> {
    let (mut container, mut plugin, mut runtime) = (None::<Container>, None::<String>, String::new());
    for (key, value) in members(first_value(&wire.body)?.as_ref())? {
        if field(&["TaskTemplate"], &key).is_none() || is_null(&value) {
            continue;
        }
        for (key, value) in members(&value)? {
            match field(&["ContainerSpec", "PluginSpec", "Runtime"], &key) {
                Some("Runtime") => set(&mut runtime, text(&value)?),
                Some("ContainerSpec") if is_null(&value) => container = None,
                Some("ContainerSpec") => {
                    let container = container.get_or_insert_default();
                    for (key, value) in members(&value)? {
                        match field(&["Image", "Mounts"], &key) {
                            Some("Image") => set(&mut container.image, text(&value)?),
                            Some(_) => list(&mut container.mounts, &value, mount)?,
                            None => {}
                        }
                    }
                }
                Some(_) if is_null(&value) => plugin = None,
                Some(_) => {
                    let plugin = plugin.get_or_insert_default();
                    for (key, value) in members(&value)? {
                        if field(&["remote"], &key).is_some() {
                            set(plugin, text(&value)?);
                        }
                    }
                }
                None => {}
            }
        }
    }
    match runtime.as_str() {
        "" | "container" => container.map_or(Ok(Outcome::Refused), task),
        "plugin" => Ok(named(plugin.as_deref().unwrap_or_default())),
        // No engine knows it. Whichever a later one takes.
        _ => {
            let mut acts = Acts::default();
            if let Some(container) = container.filter(|container| !container.image.is_empty()) {
                match task(container)? {
                    Outcome::Acts(task) => acts = task,
                    other => return Ok(other),
                }
            }
            match plugin.filter(|plugin| !plugin.is_empty()).map(|plugin| named(&plugin)) {
                Some(Outcome::Acts(plugin)) => acts.fetches.extend(plugin.fetches),
                Some(other) => return Ok(other),
                None => {}
            }
            Ok(Outcome::Acts(acts))
        }
    }
}

fn named(text: &str) -> Outcome {
    Named::parse(text).map_or(Outcome::Refused, |image| fetches(&image.or_latest()))
}

/// The agent pulls a name, and looks a bare digest up among its own images.
fn task(container: Container) -> Step<Outcome> {
    let mut acts = match named(&container.image) {
        Outcome::Acts(_) if is_digest(&container.image) => Acts { starts: vec![container.image], ..Acts::default() },
        Outcome::Acts(mut acts) => {
            // Where the pull fails, the short name is looked up, and this one is the start of an id.
            let short = acts.fetches.first().and_then(|name| name.strip_prefix("docker.io/library/"));
            let id = short.filter(|short| short.starts_with("sha256:")).map(starts).transpose()?;
            acts.starts.extend(id.filter(|id| id.starts_with("id:") || id.starts_with("sha256:")));
            acts
        }
        other => return Ok(other),
    };
    for mount in container.mounts.into_iter().flatten() {
        // No engine knows it yet; a newer one would start from it.
        if mount.kind == "image" {
            acts.starts.push(starts(&mount.source)?);
        }
        // Any letter case names a type, and no type is a bind mount (swarmkit's zero value).
        if matches!(mount.kind.to_uppercase().as_str(), "" | "BIND") && mount.source.starts_with('/') {
            acts.opens.push(mount.source);
        }
    }
    Ok(Outcome::Acts(acts))
}

/// The body of a plugin's pull: a list of objects, or nothing.
pub(super) fn privileges(wire: &Wire) -> Result<(), Wrong> {
    if wire.body.is_empty() {
        return Ok(());
    }
    let body = first_value(&wire.body)?;
    for element in if is_null(&body) { Vec::new() } else { elements(&body)? } {
        if !is_null(&element) {
            members(&element)?;
        }
    }
    Ok(())
}

/// `POST /containers/{name}/exec`.
pub(super) fn exec(wire: &Wire) -> Outcome {
    let read = || {
        let (mut privileged, body) = (false, first_value(&wire.body)?);
        for (key, value) in if is_null(&body) { Vec::new() } else { members(&body)? } {
            if field(&["Privileged"], &key).is_some() {
                set(&mut privileged, flag(&value)?);
            }
        }
        Ok::<_, Wrong>(Acts { privileged, ..Acts::default() })
    };
    read().map_or(Outcome::Refused, Outcome::Acts)
}

/// `POST /volumes/create`: a local volume of type `none` is a mount of a directory, or of something worse.
pub(super) fn volume(wire: &Wire) -> Outcome {
    let read = || {
        let (mut driver, mut options) = (String::new(), Vec::<(String, String)>::new());
        let body = first_value(&wire.body)?;
        for (key, value) in if is_null(&body) { Vec::new() } else { members(&body)? } {
            match field(&["Driver", "DriverOpts"], &key) {
                Some("Driver") => set(&mut driver, text(&value)?),
                Some(_) if is_null(&value) => options.clear(),
                Some(_) => {
                    for (key, value) in members(&value)? {
                        options.push((key, text(&value)?.unwrap_or_default()));
                    }
                }
                None => {}
            }
        }
        // Keys are data: the last of the same letters counts.
        let option = |name| options.iter().rev().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        let local = matches!(driver.as_str(), "" | "local");
        let mounts = local && option("type") == "none" && option("device").starts_with('/');
        let has = |wanted: &str| option("o").split(',').any(|flag| flag == wanted);
        let bind = (has("bind") || has("rbind")) && !has("move") && !has("remount");
        let opens = if mounts && bind { vec![option("device").to_owned()] } else { Vec::new() };
        Ok::<_, Wrong>(Acts { privileged: mounts && !bind, opens, ..Acts::default() })
    };
    read().map_or(Outcome::Refused, Outcome::Acts)
}
