//! Swarm: services name images that the nodes pull later, unseen; joining lets others name them.

use alloc::{string::String, vec::Vec};

use super::{
    asked::{Asked, Result, Trouble, is_own_name},
    host_config::{Host, nullable},
    json::Json,
    plugins::granted,
};
use crate::{
    action::{Ask, Governed, LocalImage, Origin, Start, Swarm},
    image::ImageRef,
};

/// What a `ServiceSpec` says.
#[derive(Debug, Default)]
struct Spec {
    runtime: String,
    image: String,
    plugin: String,
    plugin_name: String,
    /// What the plugin is granted.
    rights: Governed,
    host: Host,
}

/// `POST /services/create`.
pub(super) fn create(asked: &Asked<'_>) -> Result<Governed> {
    let mut spec = Spec::default();
    spec.host.of_service = true;
    spec.read(asked.body()?).map_err(Trouble::Body)?;
    // Its networks are named by ids; one may be the host's.
    spec.host.host_network = true;
    spec.host.finish();
    let mut asks = alloc::vec![Ask::Swarm(Swarm::Service)];
    let any = !matches!(spec.runtime.as_str(), "" | "container" | "plugin");
    if (any || spec.runtime != "plugin") && !spec.image.is_empty() {
        asks.extend(task_image(&spec.image)?);
    }
    if (any || spec.runtime == "plugin") && !spec.plugin.is_empty() {
        asks.push(Ask::FetchPlugin(ImageRef::parse(&spec.plugin)?.or_latest()));
        if is_own_name(&spec.plugin_name) || (spec.plugin_name.is_empty() && is_own_name(&spec.plugin)) {
            asks.push(Ask::OwnName);
        }
    }
    // No swarm mounts images so far.
    for image in &spec.host.images {
        asks.push(Ask::Start(Start { image: LocalImage::parse(image)?, origin: Origin::default() }));
    }
    let Spec { mut host, mut rights, .. } = spec;
    host.reach.append(&mut rights.reach);
    host.paths.append(&mut rights.paths);
    Ok(Governed { word: asked.word, asks, reach: host.reach, paths: host.paths })
}

/// `POST /services/{id}/update`: `rollback` brings back what the request does not say.
pub(super) fn update(asked: &Asked<'_>) -> Result<Governed> {
    let query = asked.query()?;
    if !matches!(query.first("rollback").unwrap_or_default().as_ref(), "" | "none") {
        let ask = Ask::Unnamed("`docker service rollback` brings back an image that the request does not name");
        return Ok(Governed {
            word: "service_rollback",
            ..asked.governed(alloc::vec![Ask::Swarm(Swarm::Service), ask])
        });
    }
    create(asked)
}

/// The node pulls a name, and starts whatever has that name where the pull fails (moby
/// `daemon/cluster/executor/container`). A bare digest it looks up among its own images.
fn task_image(name: &str) -> Result<Vec<Ask>> {
    let start = |image| Ask::Start(Start { image, origin: Origin::default() });
    match LocalImage::parse(name) {
        Ok(image @ LocalImage::Id(_)) if name.contains(':') => Ok(alloc::vec![start(image)]),
        _ => {
            let image = ImageRef::parse(name)?.or_latest();
            Ok(alloc::vec![Ask::Fetch(image.clone()), start(looked_up(&image))])
        }
    }
}

/// What a node looks up where the pull fails: the name as people type it, and `sha256:abc` is the
/// start of an id to it.
fn looked_up(image: &ImageRef) -> LocalImage {
    let short = image.as_str().strip_prefix("docker.io/library/").filter(|short| short.starts_with("sha256:"));
    match short.map(LocalImage::parse) {
        Some(Ok(id)) => id,
        _ => LocalImage::Named(image.clone()),
    }
}

/// `POST /swarm/init`.
pub(super) fn init(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::Swarm(Swarm::Init))
}

/// `POST /swarm/join`.
pub(super) fn join(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::Swarm(Swarm::Join))
}

impl Spec {
    fn read(&mut self, body: &[u8]) -> super::json::Result<()> {
        let mut json = Json::new(body);
        nullable(&mut json, |json| json.object(&["TaskTemplate"], |json, _| nullable(json, |json| self.task(json))))
    }

    fn task(&mut self, json: &mut Json<'_>) -> super::json::Result<()> {
        json.object(&["ContainerSpec", "PluginSpec", "Runtime", "LogDriver"], |json, field| match field {
            // Pointers: `null` forgets what they held.
            0 if json.null()? => {
                self.image.clear();
                Ok(())
            }
            0 => self.container(json),
            1 if json.null()? => {
                self.plugin.clear();
                Ok(())
            }
            1 => json.object(&["remote", "name", "privileges"], |json, field| match field {
                0 => json.string_into(&mut self.plugin),
                1 => json.string_into(&mut self.plugin_name),
                _ => {
                    self.host.once("privileges")?;
                    granted(json, &mut self.rights)
                }
            }),
            2 => json.string_into(&mut self.runtime),
            _ => nullable(json, |json| json.object(&["Name"], |json, _| self.host.driver(json))),
        })
    }

    fn container(&mut self, json: &mut Json<'_>) -> super::json::Result<()> {
        json.object(&["Image", "Mounts", "CapabilityAdd"], |json, field| match field {
            0 => json.string_into(&mut self.image),
            1 => self.host.mounts(json),
            _ => self.host.capabilities(json),
        })
    }
}
