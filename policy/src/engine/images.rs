//! Routes under `/images`, `/commit` and `/distribution`.

use alloc::vec::Vec;

use super::asked::{Asked, Result, target_name};
use crate::{
    action::{Ask, Governed, LocalImage, Rename},
    image::{ImageRef, RefError},
};

const IMPORT: &str = "`docker import` brings in an image that no registry vouches for";

/// `POST /images/create`: a pull or, without `fromImage`, an import (moby `postImagesCreate`).
pub(super) fn create(asked: &Asked<'_>) -> Result<Governed> {
    let query = match asked.form() {
        Ok(query) => query,
        // What `docker import FILE` sends looks the same as a pull that hides in a form.
        Err(trouble) => return hidden_import(asked).ok_or(trouble),
    };
    let from = query.first("fromImage").unwrap_or_default();
    if from.is_empty() {
        let mut asks = alloc::vec![Ask::LocalContent(IMPORT)];
        asks.extend(target_name(&query)?.map(|to| Ask::Rename(Rename { from: None, to })));
        return Ok(Governed { word: "import", ..asked.governed(asks) });
    }
    asked.one(Ask::Fetch(pulled(&from, &query.first("tag").unwrap_or_default())?))
}

/// An import whose body is not shown: it may be a form, and so a pull of anything.
fn hidden_import(asked: &Asked<'_>) -> Option<Governed> {
    let query = asked.query().ok()?;
    let is_import = query.first("fromImage").unwrap_or_default().is_empty() && query.first("fromSrc").is_some();
    let file = "`docker import` of a file cannot be told from a pull whose name hides in the request's body";
    let name = target_name(&query).ok()?.map(|to| Ask::Rename(Rename { from: None, to }));
    let asks = [Ask::Unnamed(file)].into_iter().chain(name).collect();
    is_import.then(|| Governed { word: "import", ..asked.governed(asks) })
}

/// The reference that the engine pulls for `fromImage` and `tag`.
fn pulled(from: &str, tag: &str) -> core::result::Result<ImageRef, RefError> {
    // "pull -a" of old clients sends the name with a colon behind it.
    let image = ImageRef::parse(from.strip_suffix(':').unwrap_or(from))?;
    let image = match tag {
        "" => image,
        tag => match image.at_digest(tag) {
            Ok(image) => image,
            Err(_) => image.with_tag(tag)?,
        },
    };
    if image.familiar_name() == "scratch" {
        return Err(RefError::Reserved);
    }
    Ok(image)
}

/// `POST /images/load`: names come from inside the archive.
pub(super) fn load(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::LocalContent("`docker load` brings in images that no registry vouches for"))
}

/// `GET /distribution/{name}/json`: the engine fetches the manifest and keeps nothing.
pub(super) fn distribution(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::Fetch(ImageRef::parse_any(asked.name)?.or_latest()))
}

/// `POST /images/{name}/push`; the tag does not matter to where it goes.
pub(super) fn push(asked: &Asked<'_>) -> Result<Governed> {
    asked.one(Ask::Push(ImageRef::parse(asked.name)?))
}

/// `POST /images/{name}/tag`.
pub(super) fn tag(asked: &Asked<'_>) -> Result<Governed> {
    let from = LocalImage::parse(asked.name).ok();
    renamed(asked, from)
}

/// `POST /commit`: the content is made here.
pub(super) fn commit(asked: &Asked<'_>) -> Result<Governed> {
    renamed(asked, None)
}

fn renamed(asked: &Asked<'_>, from: Option<LocalImage>) -> Result<Governed> {
    let to = target_name(&asked.form()?)?;
    let asks: Vec<Ask> = to.map(|to| Ask::Rename(Rename { from, to })).into_iter().collect();
    Ok(asked.governed(asks))
}
