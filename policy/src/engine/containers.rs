//! Routes under `/containers` and `/exec` that start something or open the host.

use alloc::{string::String, vec::Vec};

use super::{
    asked::{Asked, Result, Trouble},
    host_config::{FIELDS, Host, nullable},
    json::Json,
};
use crate::action::{Ask, Governed, LocalImage, Origin, Reach, Start};

/// `POST /containers/create`. The engine pulls nothing here.
pub(super) fn create(asked: &Asked<'_>) -> Result<Governed> {
    let mut image = String::new();
    let mut host = Host::default();
    read(asked.body()?, &mut image, &mut host).map_err(Trouble::Body)?;
    host.finish();
    let start = |image| Ask::Start(Start { image, origin: Origin::default() });
    // Engine 20.10 also makes a container of nothing.
    let first = if image.is_empty() { LocalImage::Empty } else { LocalImage::parse(&image)? };
    let mut asks = alloc::vec![start(first)];
    for name in &host.images {
        asks.push(start(LocalImage::parse(name)?));
    }
    if host.cgroup_parent {
        asks.push(Ask::CgroupParent);
    }
    Ok(Governed { word: asked.word, asks, reach: host.reach, paths: host.paths })
}

fn read(body: &[u8], image: &mut String, host: &mut Host) -> super::json::Result<()> {
    const IMAGE: usize = FIELDS.len();
    // Engine 20.10 takes the fields of `HostConfig` also here, when there is no `HostConfig`.
    let mut names: Vec<&str> = FIELDS.to_vec();
    names.extend(["Image", "HostConfig"]);
    let mut beside = Host::default();
    let mut json = Json::new(body);
    nullable(&mut json, |json| {
        json.object(&names, |json, field| match field {
            IMAGE => json.string_into(image),
            field if field < IMAGE => beside.field(json, field),
            // A pointer: `null` forgets what it held.
            _ if json.null()? => {
                *host = Host::default();
                Ok(())
            }
            _ => json.object(&FIELDS, |json, field| host.field(json, field)),
        })
    })?;
    beside.finish();
    host.reach.append(&mut beside.reach);
    host.paths.append(&mut beside.paths);
    host.cgroup_parent |= beside.cgroup_parent;
    Ok(())
}

/// `POST /containers/{name}/exec`.
pub(super) fn exec(asked: &Asked<'_>) -> Result<Governed> {
    let mut privileged = false;
    let mut json = Json::new(asked.request.body);
    let read = nullable(&mut json, |json| json.object(&["Privileged"], |json, _| json.bool_into(&mut privileged)));
    let reach = match read {
        Err(_) => alloc::vec![hidden()],
        Ok(()) if privileged => alloc::vec![Reach::new("privileged", "`docker exec --privileged`")],
        Ok(()) => Vec::new(),
    };
    Ok(Governed { reach, ..asked.governed(Vec::new()) })
}

/// `POST /containers/{name}/start`: a checkpoint's name is joined to a directory unchecked. Only
/// experimental engines have checkpoints; a form in a body that is not shown could name one.
pub(super) fn start(asked: &Asked<'_>) -> Result<Governed> {
    let query = asked.query()?;
    let directory =
        query.first("checkpoint").filter(|name| name.contains('/')).or_else(|| query.first("checkpoint-dir"));
    Ok(Governed { reach: host_directory(directory.as_deref()), ..asked.governed(Vec::new()) })
}

/// `POST /containers/{name}/checkpoints`: writes to any directory of the host.
pub(super) fn checkpoint_create(asked: &Asked<'_>) -> Result<Governed> {
    let mut dir = String::new();
    let mut json = Json::new(asked.request.body);
    let reach = match nullable(&mut json, |json| json.object(&["CheckpointDir"], |json, _| json.string_into(&mut dir)))
    {
        Ok(()) => host_directory(Some(&dir)),
        Err(_) => alloc::vec![hidden()],
    };
    Ok(Governed { reach, ..asked.governed(Vec::new()) })
}

/// `DELETE /containers/{name}/checkpoints/{checkpoint}`: removes from any directory of the host.
pub(super) fn checkpoint_remove(asked: &Asked<'_>) -> Result<Governed> {
    let reach = match asked.query() {
        Ok(query) => host_directory(query.first("dir").as_deref()),
        Err(_) => alloc::vec![hidden()],
    };
    Ok(Governed { reach, ..asked.governed(Vec::new()) })
}

fn host_directory(dir: Option<&str>) -> Vec<Reach> {
    match dir {
        None | Some("") => Vec::new(),
        Some(_) => alloc::vec![Reach::new("checkpoint_dir", "a checkpoint in a directory of the host")],
    }
}

/// What is not shown may open anything.
pub(super) fn hidden() -> Reach {
    Reach::new("hidden_body", "a request whose body cannot be read")
}
