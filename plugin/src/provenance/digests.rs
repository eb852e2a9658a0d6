//! `name@digest` of pulls that were allowed. They are evidence, not proof: the pull may have failed.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use policy::ImageRef;

use super::names::MAX_NAME_BYTES;

/// Most digests remembered.
pub(super) const MAX_DIGESTS: usize = 10_000;

/// The memory of them; the oldest goes first.
#[derive(Debug, Default)]
pub(super) struct Digests {
    order: VecDeque<Arc<str>>,
    all: HashSet<Arc<str>>,
}

impl Digests {
    pub(super) fn remember(&mut self, image: &ImageRef) {
        let Some(key) = key(image).filter(|key| !self.all.contains(key.as_str())) else { return };
        if self.order.len() >= MAX_DIGESTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
        let key: Arc<str> = key.into();
        self.order.push_back(Arc::clone(&key));
        self.all.insert(key);
    }

    pub(super) fn contains(&self, image: &ImageRef) -> bool {
        !self.all.is_empty() && key(image).is_some_and(|key| self.all.contains(key.as_str()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.order.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

/// A tag beside a digest does not count.
fn key(image: &ImageRef) -> Option<String> {
    let digest = image.digest()?;
    let key = format!("{}@{digest}", image.name());
    (key.len() <= MAX_NAME_BYTES).then_some(key)
}
