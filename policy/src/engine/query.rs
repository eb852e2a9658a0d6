//! The query string: Go's `url.ParseQuery`, strictly. The first value of a key counts.

use alloc::{borrow::Cow, vec::Vec};

use super::percent_decode;

/// More pairs than any client sends; newer engines refuse 10,000.
const MAX_PAIRS: usize = 1000;

/// Decoded pairs in the order sent.
#[derive(Debug)]
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads a raw query. What some engine would skip and another refuse is an error here: `;`
    /// and a bad percent-encoding.
    pub(super) fn parse(raw: &'a str) -> Result<Self, &'static str> {
        let mut pairs = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            if pair.contains(';') {
                return Err("its query holds `;`");
            }
            if pairs.len() >= MAX_PAIRS {
                return Err("its query holds more than 1000 parameters");
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| percent_decode(text, true).ok_or("its query holds a bad percent-encoding");
            pairs.push((decode(key)?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// Every value of a key.
    pub(super) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// The first value of a key, as `Form.Get`. Keys are case-sensitive.
    pub(super) fn first(&self, key: &str) -> Option<Cow<'_, str>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| Cow::Borrowed(value.as_ref()))
    }
}
