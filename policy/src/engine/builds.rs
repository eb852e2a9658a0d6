//! Builds. What a Dockerfile names is in a body that is never shown, or in a tunnel.

use alloc::{string::String, vec::Vec};

use super::{
    asked::{Asked, Result, Trouble},
    host_config::nullable,
    json::Json,
};
use crate::{
    action::{Ask, Governed, Rename},
    image::ImageRef,
};

/// `POST /grpc`, `POST /session`: tunnels, behind which nothing is seen.
pub(super) fn tunnel(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::Build)
}

/// `POST /build`: the images that its parameters name are judged, and the rest is a build.
///
/// The body is an archive, which may be a form as well; then there is no archive to build from.
pub(super) fn build(asked: &Asked<'_>) -> Result<Governed> {
    let query = asked.query()?;
    let mut named: Vec<String> = Vec::new();
    if let Some(text) = query.first("cachefrom").filter(|text| !text.is_empty()) {
        let mut json = Json::new(text.as_bytes());
        named.extend(json.strings().and_then(|names| json.end().map(|()| names)).map_err(|_| BAD_CACHE)?);
    }
    if let Some(text) = query.first("buildargs").filter(|text| !text.is_empty()) {
        named.extend(frontend(&text)?);
    }
    // What is no name of an image is an address of another kind of cache, or fails.
    let images = named.iter().flat_map(|name| name.split(',')).filter_map(|name| ImageRef::parse(name).ok());
    let mut asks: Vec<Ask> = images.map(|image| Ask::Fetch(image.or_latest())).collect();
    asks.push(Ask::Build);
    // The classic builder's containers, and those of BuildKit.
    if query.all("cgroupparent").any(|parent| !parent.is_empty()) {
        asks.push(Ask::CgroupParent);
    }
    // Where a form hides other names, there is no archive to build from.
    let made = query.all("t").filter_map(|name| ImageRef::parse(name).ok());
    asks.extend(made.map(|to| Ask::Rename(Rename { from: None, to: to.repository_and_tag() })));
    Ok(asked.governed(asks))
}

const BAD_CACHE: Trouble = Trouble::Query("its `cachefrom` is no JSON list of texts");

/// The image that BuildKit runs to read the Dockerfile: the first word of `BUILDKIT_SYNTAX`.
fn frontend(arguments: &str) -> Result<Option<String>> {
    let mut image = None;
    let mut json = Json::new(arguments.as_bytes());
    let read = nullable(&mut json, |json| {
        json.map(|json, key| {
            nullable(json, |json| {
                let value = json.string()?;
                if key == "BUILDKIT_SYNTAX" {
                    image = value.split_whitespace().next().map(Into::into);
                }
                Ok(())
            })
        })
    });
    read.and_then(|()| json.end()).map_err(|_| Trouble::Query("its `buildargs` is no JSON object of texts"))?;
    Ok(image)
}
