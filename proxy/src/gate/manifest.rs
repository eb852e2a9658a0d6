//! What stands in a manifest.

use std::fmt;

use policy::ImageRef;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Most digests that one manifest teaches; engines stop at 127 layers, indexes have tens of platforms.
const MAX_PARTS: usize = 4096;
/// Type of the configuration of an engine plugin (distribution `manifest/schema2`, `MediaTypePluginConfig`).
const PLUGIN: &str = "application/vnd.docker.plugin.v1+json";

/// A manifest, as far as it is read here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The digests that it names as its parts: of an index (OCI, Docker), an image (OCI, Docker schema 2 and 1). Not
    /// its `subject`: who refers to an image is no part of it. None, if it cannot be read.
    pub(super) parts: Vec<String>,
    /// It is one of an engine plugin, or cannot be read.
    pub(super) may_be_plugin: bool,
}

pub(super) fn read(body: &[u8]) -> Read {
    let parts = serde_json::from_slice(body).map(Parts::digests).unwrap_or_default();
    // Go takes keys in any letter case, and of the same keys the last: where it stands says nothing.
    let may_be_plugin = serde_json::from_slice(body).map_or(true, |Names(it)| it);
    Read { parts, may_be_plugin }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    manifests: Option<Digests>,
    config: Option<Descriptor>,
    layers: Option<Digests>,
    fs_layers: Option<Digests>,
}

impl Parts {
    fn digests(self) -> Vec<String> {
        let lists = [self.manifests, self.layers].into_iter().flatten().flat_map(|list| list.0);
        let config = self.config.and_then(Descriptor::digest);
        let old = self.fs_layers.into_iter().flat_map(|list| list.0);
        lists.chain(config).chain(old).take(MAX_PARTS).collect()
    }
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(alias = "blobSum")]
    digest: Option<String>,
}

impl Descriptor {
    fn digest(self) -> Option<String> {
        self.digest.filter(|digest| ImageRef::is_digest(digest))
    }
}

/// Those of a list of descriptors, the first [`MAX_PARTS`]: no list takes more memory than they do.
struct Digests(Vec<String>);

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Digests;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of descriptors")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Digests, A::Error> {
                let mut digests = Vec::new();
                while let Some(descriptor) = list.next_element::<Descriptor>()? {
                    digests.extend(descriptor.digest().filter(|_| digests.len() < MAX_PARTS));
                }
                Ok(Digests(digests))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Whether [`PLUGIN`] stands anywhere in a document. Nothing of it is kept.
struct Names(bool);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Names;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("anything")
            }

            fn visit_str<E>(self, text: &str) -> Result<Names, E> {
                Ok(Names(text == PLUGIN))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Names, E> {
                Ok(Names(false))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Names, E> {
                Ok(Names(false))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Names, E> {
                Ok(Names(false))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Names, E> {
                Ok(Names(false))
            }

            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names(false))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut any = false;
                while let Some(Names(one)) = list.next_element()? {
                    any |= one;
                }
                Ok(Names(any))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut any = false;
                while let Some((IgnoredAny, Names(one))) = map.next_entry()? {
                    any |= one;
                }
                Ok(Names(any))
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

/// The digest that registries and rules name content by.
pub(super) fn sha256(body: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(body)))
}

pub(super) fn is_digest_of(digest: &str, body: &[u8]) -> bool {
    match digest.split_once(':') {
        Some(("sha256", digits)) => hex(&Sha256::digest(body)) == digits,
        Some(("sha384", digits)) => hex(&Sha384::digest(body)) == digits,
        Some(("sha512", digits)) => hex(&Sha512::digest(body)) == digits,
        _ => false,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", String::from(digit).repeat(64))
    }

    #[test]
    fn parts_of_every_kind_of_manifest_are_found() {
        let (a, b, c) = (digest('a'), digest('b'), digest('c'));
        let check = |body: String, expected: &[&String]| {
            assert_eq!(read(body.as_bytes()).parts.iter().collect::<Vec<_>>(), expected, "{body}");
        };
        check(format!(r#"{{"manifests":[{{"digest":"{a}","x":1}},{{"digest":"{b}"}}]}}"#), &[&a, &b]);
        check(
            format!(r#"{{"config":{{"digest":"{a}"}},"layers":[{{"digest":"{b}"}}],"subject":{{"digest":"{c}"}}}}"#),
            &[&b, &a],
        );
        check(format!(r#"{{"schemaVersion":1,"fsLayers":[{{"blobSum":"{a}"}},{{}}]}}"#), &[&a]);
        check(
            format!(
                r#"{{"layers":[{{"digest":"latest"}},{{"digest":"sha256:../x"}},{{"digest":"{a}"}}],"config":null}}"#
            ),
            &[&a],
        );
    }

    #[test]
    fn what_is_no_manifest_teaches_nothing() {
        for body in ["", "{", "null", "[]", "\"x\"", "{}", r#"{"layers":{}}"#, r#"{"layers":[1]}"#, "\u{0}", "{}x"] {
            assert!(read(body.as_bytes()).parts.is_empty(), "{body}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read(format!(r#"{{"x":{deep}}}"#).as_bytes()).parts.is_empty());
        let many = vec![format!(r#"{{"digest":"{}"}}"#, digest('a')); MAX_PARTS + 5].join(",");
        assert_eq!(read(format!(r#"{{"layers":[{many}]}}"#).as_bytes()).parts.len(), MAX_PARTS);
    }

    #[test]
    fn a_plugin_is_told_wherever_its_type_stands() {
        let is = |body: &str| read(body.as_bytes()).may_be_plugin;
        for body in [
            r#"{"config":{"mediaType":"application/vnd.docker.plugin.v1+json"}}"#,
            r#"{"CONFIG":{"MediaType":"application\/vnd.docker.\u0070lugin.v1+json"},"config":{},"config":null}"#,
            r#"{"manifests":[1,{"artifactType":"application/vnd.docker.plugin.v1+json"}]}"#,
            "what cannot be read",
        ] {
            assert!(is(body), "{body}");
        }
        for body in [
            r#"{"config":{"mediaType":"application/vnd.docker.container.image.v1+json"},"layers":[{"size":-1,"x":0.5}]}"#,
            r#"{"annotations":{"application/vnd.docker.plugin.v1+json":"no plugin"},"a":true,"b":null,"c":[2]}"#,
        ] {
            assert!(!is(body), "{body}");
        }
    }

    #[test]
    fn digests_of_every_algorithm() {
        // `printf '' | sha256sum`
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(is_digest_of(empty, b"") && !is_digest_of(empty, b"x"));
        assert!(is_digest_of(&format!("sha512:{}", hex(&Sha512::digest(b"x"))), b"x"));
        assert!(is_digest_of(&format!("sha384:{}", hex(&Sha384::digest(b"x"))), b"x"));
        assert!(!is_digest_of("md5:d41d8cd98f00b204e9800998ecf8427e", b""));
    }
}
