//! What a refresh changes. Pure.
//!
//! INVARIANT: what was given by hand is in none of it, and nothing is taken because a search was not read to its end.

use std::collections::BTreeMap;

use crate::{
    acts::preview::needs,
    hub_search::Found,
    model::{Badge, BadgeSource, Publisher},
};

/// What a refresh changes, by namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// New here.
    pub added: BTreeMap<String, Badge>,
    /// From one badge to another.
    pub changed: BTreeMap<String, (Badge, Badge)>,
    /// Shown no more.
    pub removed: BTreeMap<String, Badge>,
    /// Shown, and given by hand: they stay.
    pub by_hand: usize,
    /// Of Docker Hub's here, and not seen, or seen with less: they stay, since not everything was read.
    pub unseen: usize,
    /// Of Docker Hub's here, before.
    pub known: usize,
}

impl Plan {
    pub fn of(directory: &[Publisher], found: &Found) -> Self {
        let mut plan = Self::default();
        let mut new: BTreeMap<&str, Badge> = found.badges.iter().map(|(name, badge)| (name.as_str(), *badge)).collect();
        for Publisher { namespace, badge, source } in directory {
            let shown = new.remove(namespace.as_str());
            if *source == BadgeSource::Hand {
                plan.by_hand += usize::from(shown.is_some());
                continue;
            }
            plan.known += 1;
            match shown {
                Some(shown) if shown == *badge => {}
                // It may be among the verified ones that were not read.
                Some(Badge::SponsoredOpenSource) if !found.is_whole_of(Badge::VerifiedPublisher) => plan.unseen += 1,
                Some(shown) => plan.changed.extend([(namespace.clone(), (*badge, shown))]),
                None if found.is_whole() => plan.removed.extend([(namespace.clone(), *badge)]),
                None => plan.unseen += 1,
            }
        }
        plan.added = new.into_iter().map(|(namespace, badge)| (namespace.to_owned(), badge)).collect();
        plan
    }

    /// Namespaces that have less afterwards: no badge, or not the verified one.
    pub fn losing(&self) -> impl Iterator<Item = &str> {
        let less = self.changed.iter().filter(|(_, (_, to))| *to == Badge::SponsoredOpenSource);
        self.removed.keys().map(String::as_str).chain(less.map(|(namespace, _)| namespace.as_str()))
    }

    /// The number that has to be confirmed; none: at most a tenth of Docker Hub's namespaces lose anything.
    pub fn needs(&self) -> Option<usize> {
        needs(self.losing().count(), self.known)
    }

    /// Badges to write down.
    pub fn given(&self) -> Vec<(&str, Badge)> {
        let added = self.added.iter().map(|(namespace, badge)| (namespace.as_str(), *badge));
        added.chain(self.changed.iter().map(|(namespace, (_, to))| (namespace.as_str(), *to))).collect()
    }

    /// The directory as it is afterwards.
    pub fn after(&self, directory: &[Publisher]) -> Vec<(String, Badge)> {
        let mut after: BTreeMap<&str, Badge> =
            directory.iter().map(|one| (one.namespace.as_str(), one.badge)).collect();
        after.extend(self.given());
        after.retain(|namespace, _| !self.removed.contains_key(*namespace));
        after.into_iter().map(|(namespace, badge)| (namespace.to_owned(), badge)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub_search::Short;

    const VERIFIED: Badge = Badge::VerifiedPublisher;
    const OPEN: Badge = Badge::SponsoredOpenSource;

    fn row(namespace: &str, badge: Badge, source: BadgeSource) -> Publisher {
        Publisher { namespace: namespace.to_owned(), badge, source }
    }

    fn found(badges: &[(&str, Badge)], short: &[Badge]) -> Found {
        let badges = badges.iter().map(|(name, badge)| (name.parse().unwrap(), *badge)).collect();
        let short = short.iter().map(|badge| (*badge, Short::Time)).collect();
        Found { badges, short, ..Found::default() }
    }

    fn directory() -> Vec<Publisher> {
        vec![
            row("byhand", VERIFIED, BadgeSource::Hand),
            row("gone", VERIFIED, BadgeSource::DockerHub),
            row("less", VERIFIED, BadgeSource::DockerHub),
            row("more", OPEN, BadgeSource::DockerHub),
            row("own", OPEN, BadgeSource::Hand),
            row("same", OPEN, BadgeSource::DockerHub),
        ]
    }

    const SHOWN: [(&str, Badge); 5] =
        [("less", OPEN), ("more", VERIFIED), ("new", OPEN), ("own", VERIFIED), ("same", OPEN)];

    #[test]
    fn docker_hubs_word_counts_where_nobody_here_has_one() {
        let plan = Plan::of(&directory(), &found(&SHOWN, &[]));
        assert_eq!(plan.added, BTreeMap::from([("new".to_owned(), OPEN)]));
        let changed = [("less", (VERIFIED, OPEN)), ("more", (OPEN, VERIFIED))];
        assert_eq!(plan.changed, changed.map(|(name, change)| (name.to_owned(), change)).into());
        assert_eq!(plan.removed, BTreeMap::from([("gone".to_owned(), VERIFIED)]));
        assert_eq!((plan.by_hand, plan.unseen, plan.known), (1, 0, 4));
        assert_eq!((plan.losing().collect::<Vec<_>>(), plan.needs()), (vec!["gone", "less"], Some(2)));
        let after =
            [("byhand", VERIFIED), ("less", OPEN), ("more", VERIFIED), ("new", OPEN), ("own", OPEN), ("same", OPEN)];
        assert_eq!(plan.after(&directory()), after.map(|(name, badge)| (name.to_owned(), badge)));
    }

    #[test]
    fn what_was_not_read_takes_nothing() {
        for short in [&[VERIFIED][..], &[OPEN], &[VERIFIED, OPEN]] {
            let plan = Plan::of(&directory(), &found(&SHOWN, short));
            assert!(plan.removed.is_empty() && plan.added.len() == 1, "{short:?}");
            let less = plan.losing().count();
            assert_eq!((less, plan.unseen), if short[0] == VERIFIED { (0, 2) } else { (1, 1) }, "{short:?}");
        }
        let plan = Plan::of(&directory(), &found(&[], &[VERIFIED]));
        assert_eq!((plan.given(), plan.removed.len(), plan.unseen, plan.needs()), (vec![], 0, 4, None));
    }

    #[test]
    fn more_than_a_tenth_or_all_of_them_is_asked_for() {
        let rows: Vec<Publisher> =
            (0..20).map(|n| row(&format!("n{n:02}"), VERIFIED, BadgeSource::DockerHub)).collect();
        let left = |count: usize| -> Vec<(&str, Badge)> {
            rows.iter().take(count).map(|row| (row.namespace.as_str(), VERIFIED)).collect()
        };
        for (count, expected) in [(20, None), (19, None), (18, None), (17, Some(3)), (0, Some(20))] {
            assert_eq!(Plan::of(&rows, &found(&left(count), &[])).needs(), expected, "{count}");
        }
        assert_eq!(Plan::of(&[], &found(&[], &[])).needs(), None, "who has nothing loses nothing");
    }
}
