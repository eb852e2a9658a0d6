//! Images that a container is just being made from.
//!
//! Between the answer to `docker create NAME` and the engine's look at that name, nobody may give
//! the name to something else: the container would start from what was never judged.

use std::time::{Duration, Instant};

use policy::{ImageRef, LocalImage, Start};

/// Most at once.
const MAX_RUNNING: usize = 256;
/// The engine looks the image up before anything else, within milliseconds. An engine that another
/// plugin told to refuse never reports.
const FORGOTTEN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Starting {
    running: Vec<(ImageRef, Instant)>,
    /// One more than fits has begun: until then it may be any.
    any_until: Option<Instant>,
}

impl Starting {
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn begin(&mut self, image: &ImageRef, now: Instant) {
        self.running.retain(|(_, since)| now.duration_since(*since) < FORGOTTEN);
        if self.running.len() < MAX_RUNNING {
            self.running.push((image.clone(), now));
        } else {
            self.any_until = now.checked_add(FORGOTTEN);
        }
    }

    pub(super) fn over(&mut self, image: &ImageRef, now: Instant) {
        if let Some(found) = self.running.iter().position(|(running, _)| running == image) {
            self.running.swap_remove(found);
        }
        self.running.retain(|(_, since)| now.duration_since(*since) < FORGOTTEN);
    }

    /// Whether `name` must stay what it is. A digest is looked up among all names of its repository.
    pub(super) fn holds(&self, name: &ImageRef, now: Instant) -> bool {
        let by_digest = |image: &ImageRef| image.digest().is_some() && image.name() == name.name();
        let recent = |since: Instant| now.duration_since(since) < FORGOTTEN;
        self.any_until.is_some_and(|until| now < until)
            || self.running.iter().any(|(image, since)| recent(*since) && (image == name || by_digest(image)))
    }
}

/// The name by which a container's image is looked up; none: an id, which always means the same.
pub(super) fn name(start: &Start) -> Option<&ImageRef> {
    match &start.image {
        LocalImage::Named(image) => Some(image),
        LocalImage::Id(_) | LocalImage::ShortId(_) | LocalImage::Empty => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        ImageRef::parse(text).expect("a reference").or_latest()
    }

    #[test]
    fn a_name_is_held_from_the_question_to_the_report() {
        let mut starting = Starting::default();
        let now = Instant::now();
        starting.begin(&image("good"), now);
        starting.begin(&image("good"), now);
        assert!(starting.holds(&image("good"), now) && !starting.holds(&image("good:2"), now));
        starting.over(&image("good"), now);
        assert!(starting.holds(&image("good"), now), "two were begun");
        starting.over(&image("good"), now);
        assert!(!starting.holds(&image("good"), now) && starting.is_empty());
        starting.begin(&image(&format!("good@sha256:{:064x}", 1)), now);
        assert!(starting.holds(&image("good:2"), now) && !starting.holds(&image("goods"), now));
    }

    #[test]
    fn what_is_never_reported_is_forgotten() {
        let mut starting = Starting::default();
        let now = Instant::now();
        starting.begin(&image("good"), now);
        assert!(starting.holds(&image("good"), now + FORGOTTEN / 2));
        assert!(!starting.holds(&image("good"), now + FORGOTTEN));
        starting.over(&image("other"), now + FORGOTTEN);
        assert!(starting.is_empty());
    }

    #[test]
    fn more_than_can_be_held_hold_every_name() {
        let mut starting = Starting::default();
        let now = Instant::now();
        for n in 0..MAX_RUNNING + 1 {
            starting.begin(&image(&format!("flood:{n}")), now);
        }
        for n in 0..MAX_RUNNING {
            starting.over(&image(&format!("flood:{n}")), now);
        }
        assert!(starting.holds(&image("good"), now));
        assert!(!starting.holds(&image("good"), now + FORGOTTEN));
    }
}
