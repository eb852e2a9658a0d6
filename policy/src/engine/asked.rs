//! One request on a known route, and what its readers may take from it.

use alloc::{string::String, vec::Vec};

use super::{Action, Governed, Request, Unverifiable, query::Query};
use crate::{
    action::Ask,
    image::{ImageRef, RefError},
};

/// A request whose route is known.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request<'a>,
    /// Raw query.
    pub(super) query: &'a str,
    /// The variable of the path, decoded; empty where the route has none.
    pub(super) name: &'a str,
    /// The route's word.
    pub(super) word: &'static str,
}

/// Why a request cannot be read as the engine will.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something about its target or its headers.
    Query(&'static str),
    /// Something about its body.
    Body(&'static str),
    /// The name of an image in it.
    Name(&'static str),
}

pub(super) type Result<T> = core::result::Result<T, Trouble>;

impl From<RefError> for Trouble {
    fn from(error: RefError) -> Self {
        Self::Name(bad_image(error))
    }
}

impl Trouble {
    pub(super) const fn action(&self, word: &'static str) -> Action {
        let (part, advice) = match self {
            Self::Name(part) => (*part, "Write the image's name as `docker pull` takes it"),
            Self::Query(part) => {
                (*part, "Use the docker command, or an API client that sends parameters in the query, once each")
            }
            Self::Body(part) => (
                *part,
                "Use the docker command, or an API client that sends one JSON body as `application/json`, below 1 MiB",
            ),
        };
        Action::Unverifiable(Unverifiable { word, part, advice })
    }
}

impl<'a> Asked<'a> {
    /// The parameters of a route whose form may come from the query or from a form body.
    pub(super) fn form(&self) -> Result<Query<'a>> {
        if !self.query_is_authoritative() {
            return Err(Trouble::Query(
                "it may have a body that pullgate is not shown, and a form in a body overrides the query",
            ));
        }
        self.query()
    }

    /// The parameters of a route that looks at the query only.
    pub(super) fn query(&self) -> Result<Query<'a>> {
        Query::parse(self.query).map_err(Trouble::Query)
    }

    /// The JSON body.
    pub(super) fn body(&self) -> Result<&'a [u8]> {
        if self.request.body.is_empty() {
            return Err(Trouble::Body(
                "its JSON body was not shown to pullgate (not `application/json`, larger than the engine hands over, or sent \
                 in chunks to an engine without the correction of CVE-2024-41110)",
            ));
        }
        Ok(self.request.body)
    }

    /// A form body's values come before the query's, and the engine shows no form. So the query
    /// counts only if there can be no form: no content type at all (then Go does not parse the
    /// body), a body that was shown (then the first content type is JSON), or an empty body.
    ///
    /// Over HTTP/1 a length of `0` is an empty body: engines refuse lengths that differ, and drop
    /// the length of a chunked body. Over HTTP/2 the length shown is the last, and proves nothing.
    pub(super) fn query_is_authoritative(&self) -> bool {
        match self.request.content_type {
            None => true,
            Some(_) if !self.request.body.is_empty() => true,
            Some(content_type) => {
                let form = content_type.to_ascii_lowercase().contains("form");
                self.request.content_length == Some("0") && !form && !self.request.may_be_http2
            }
        }
    }

    pub(super) fn governed(&self, asks: Vec<Ask>) -> Governed {
        Governed { word: self.word, asks, ..Governed::default() }
    }

    pub(super) fn one(&self, ask: Ask) -> Result<Governed> {
        Ok(self.governed(alloc::vec![ask]))
    }
}

/// Whether a name is that of pullgate's own plugin, whatever its tag.
pub(super) fn is_own_name(name: &str) -> bool {
    ImageRef::parse(name).is_ok_and(|image| image.name() == "docker.io/library/pullgate")
}

/// The name and tag of a form's `repo` and `tag`; none where the engine gives no name. A digest in
/// `repo` is dropped where there is a tag (engine 20.10, `TagImage`), and refused where there is none.
pub(super) fn target_name(query: &Query<'_>) -> Result<Option<ImageRef>> {
    let repo: String = query.first("repo").unwrap_or_default().into_owned();
    if repo.is_empty() {
        return Ok(None);
    }
    let image = ImageRef::parse(&repo)?;
    Ok(Some(match query.first("tag").unwrap_or_default().as_ref() {
        "" if image.digest().is_some() => return Err(RefError::DigestFormat.into()),
        "" => image.or_latest(),
        tag => image.repository().with_tag(tag)?,
    }))
}

const fn bad_image(error: RefError) -> &'static str {
    match error {
        RefError::InvalidFormat => "the image name does not follow the engine's grammar",
        RefError::Uppercase => "the repository name has upper-case letters",
        RefError::NameTooLong => "the repository name is longer than 255 characters",
        RefError::InputTooLong => "the image name is longer than 4096 bytes",
        RefError::ImageId => "the image name is the id of a local image",
        RefError::UnsupportedDigest | RefError::DigestLength | RefError::DigestFormat => {
            "the image's digest is not valid"
        }
        RefError::TagFormat => "the tag is neither a tag nor a digest",
        RefError::Reserved => "`scratch` is a reserved name",
    }
}
