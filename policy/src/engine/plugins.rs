//! Managed engine plugins: they come from registries like images, and run as root.

use alloc::{format, string::String, vec::Vec};

use super::{
    asked::{Asked, Result, Trouble, is_own_name},
    containers::hidden,
    host_config::nullable,
    json::Json,
};
use crate::{
    action::{Ask, Governed, Reach},
    guard::{HostPath, capability},
    image::ImageRef,
};

/// `GET /plugins/privileges`: the engine fetches the plugin's manifest and configuration.
pub(super) fn privileges(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::FetchPlugin(remote(&asked.query()?.first("remote").unwrap_or_default())?))
}

/// `POST /plugins/pull`.
pub(super) fn pull(asked: &Asked<'_>) -> Result<Governed> {
    let mut governed = fetch(asked)?;
    let query = asked.form()?;
    let given = query.first("name").unwrap_or_default();
    let name = if given.is_empty() { query.first("remote").unwrap_or_default() } else { given };
    if is_own_name(&name) {
        governed.asks.push(Ask::OwnName);
    }
    Ok(governed)
}

/// `POST /plugins/{name}/upgrade`.
pub(super) fn upgrade(asked: &Asked<'_>) -> Result<Governed> {
    let mut governed = fetch(asked)?;
    if is_own_name(asked.name) {
        governed.asks.push(Ask::OwnName);
    }
    Ok(governed)
}

/// The plugin and the rights that it is granted. Engine 20.10 reads the body whatever its type,
/// so that only a body that is shown says what is granted.
fn fetch(asked: &Asked<'_>) -> Result<Governed> {
    let body = asked.body()?;
    let image = remote(&asked.form()?.first("remote").unwrap_or_default())?;
    let mut governed = asked.governed(alloc::vec![Ask::FetchPlugin(image)]);
    granted(&mut Json::new(body), &mut governed).map_err(Trouble::Body)?;
    Ok(governed)
}

/// A digest counts, and a tag beside it does not.
fn remote(name: &str) -> Result<ImageRef> {
    Ok(ImageRef::parse(name)?.or_latest())
}

/// Reads the rights that a plugin is granted.
pub(super) fn granted(json: &mut Json<'_>, governed: &mut Governed) -> super::json::Result<()> {
    nullable(json, |json| {
        json.array(|json| {
            let (mut name, mut values) = (String::new(), Vec::new());
            nullable(json, |json| {
                json.object(&["Name", "Value"], |json, field| match field {
                    0 => json.string_into(&mut name),
                    _ => {
                        values.extend(json.strings()?);
                        Ok(())
                    }
                })
            })?;
            for value in &values {
                match name.as_str() {
                    "mount" => governed.paths.push(HostPath::mount(value, false)),
                    "device" => governed.paths.push(HostPath::device(value)),
                    "capabilities" => {
                        let granted = capability(value).map(|name| format!("the capability {name}"));
                        governed.reach.extend(granted.map(|what| Reach::new("capability", &what)));
                    }
                    "host pid namespace" if value == "true" => {
                        governed.reach.push(Reach::new("pid_host", "a plugin in the host's process-id namespace"));
                    }
                    "allow-all-devices" if value == "true" => {
                        governed.reach.push(Reach::new("device", "a plugin with every device of the host"));
                    }
                    _ => {}
                }
            }
            Ok(())
        })
    })
}

/// `POST /plugins/create`.
pub(super) fn create(asked: &Asked<'_>) -> Result<Governed> {
    let name = asked.query()?.first("name").unwrap_or_default().into_owned();
    let mut asks =
        alloc::vec![Ask::LocalPlugin("`docker plugin create` brings in an engine plugin that no registry vouches for")];
    if is_own_name(&name) {
        asks.push(Ask::OwnName);
    }
    // What it is granted is in the archive.
    let reach = alloc::vec![Reach::new("local_plugin", "an engine plugin whose rights are not shown")];
    Ok(Governed { reach, ..asked.governed(asks) })
}

/// `POST /plugins/{name}/enable`.
pub(super) fn enable(asked: &Asked<'_>) -> Result<Governed> {
    Ok(asked.governed(if is_own_name(asked.name) { alloc::vec![Ask::OwnName] } else { Vec::new() }))
}

/// `POST /plugins/{name}/set`: `NAME.source=PATH` moves a mount and `NAME.path=PATH` a device; where
/// only one field can be set, `NAME=PATH` does.
pub(super) fn set(asked: &Asked<'_>) -> Result<Governed> {
    let mut governed = asked.governed(Vec::new());
    let Ok(settings) = Json::new(asked.request.body).strings() else {
        governed.reach.push(hidden());
        return Ok(governed);
    };
    let values = settings.iter().filter_map(|setting| setting.split_once('=')).map(|(_, value)| value);
    governed.paths.extend(values.filter(|value| value.contains('/')).map(|path| HostPath::mount(path, false)));
    Ok(governed)
}

/// `POST /plugins/{name}/push`.
pub(super) fn push(asked: &Asked<'_>) -> Result<Governed> {
    super::images::push(asked)
}
