//! Holds two policies against what was recorded. Pure: the same input always gives the same answer.

use std::cmp::Reverse;

use policy::{Action, ImageRef};

use super::{
    Counted, Effects, MOST_EXAMPLES, NamespaceChange, PersonChange, Shift, ThingChange,
    crowd::{Crowd, Judge, Said, Verdict},
    recorded::{self, Recorded},
};
use crate::model::Badge;

/// A repository that no rule is for: what becomes of it becomes of what a namespace holds.
const ANY_REPOSITORY: &str = "any-other-repository";

/// Something that was done, with everybody who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing<'a> {
    pub action: &'a str,
    pub image: &'a str,
    /// Decisions.
    pub times: i64,
    /// The newest of them: days since the Unix epoch.
    pub last_day: i64,
    /// Their numbers, each once.
    pub people: Vec<u32>,
}

/// What differs, and how many decisions could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    pub effects: Effects<Shift>,
    pub unread: i64,
}

/// What becomes of something that had another answer before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    Refused,
    Watched,
    Allowed,
}

impl Now {
    /// None: the answer is the same.
    fn of(before: Verdict, after: Verdict) -> Option<Self> {
        match after {
            _ if after == before => None,
            _ if after < before => Some(Self::Allowed),
            Verdict::Refused => Some(Self::Refused),
            Verdict::Watched | Verdict::Allowed => Some(Self::Watched),
        }
    }
}

impl<T> Effects<T> {
    fn at(&mut self, now: Now) -> &mut T {
        match now {
            Now::Refused => &mut self.refused,
            Now::Watched => &mut self.watched,
            Now::Allowed => &mut self.allowed,
        }
    }

    fn map<U>(self, mut with: impl FnMut(T) -> U) -> Effects<U> {
        let Self { refused, watched, allowed } = self;
        Effects { refused: with(refused), watched: with(watched), allowed: with(allowed) }
    }
}

/// What is found of one kind of change.
#[derive(Default)]
struct Found {
    things: Vec<ThingChange>,
    /// Of each person, by their number, how many.
    people: Vec<usize>,
}

/// What judges said of one thing, by their numbers; none: not asked yet. Few judges, many people.
#[derive(Default)]
struct Answers(Vec<Option<Option<(Now, Said)>>>);

impl Answers {
    fn of(&mut self, number: usize, crowd: &Crowd, action: &Action) -> Option<(Now, Said)> {
        let answer = self.0.get_mut(number)?;
        *answer.get_or_insert_with(|| differs(crowd.judge(number)?, action))
    }
}

/// Compares what both policies say of each thing for each of its people.
pub(super) fn compare(things: &[Thing<'_>], crowd: &Crowd) -> Differences {
    let (mut unread, mut found) = (0, Effects::<Found>::default());
    for now in [Now::Refused, Now::Watched, Now::Allowed] {
        found.at(now).people = vec![0; crowd.len()];
    }
    for thing in things {
        match recorded::read(thing.action, thing.image) {
            Recorded::Readable(action) => look_at(thing, &action, crowd, &mut found),
            Recorded::Unreadable => unread += thing.times,
            Recorded::NotGoverned => {}
        }
    }
    let effects = found.map(|Found { things, people }| Shift {
        things: most(things, |one| (Reverse(one.people), Reverse(one.times), one.image.clone(), one.action.clone())),
        people: names(crowd, &people),
        namespaces: Counted::default(),
    });
    Differences { effects, unread }
}

fn look_at(thing: &Thing<'_>, action: &Action, crowd: &Crowd, found: &mut Effects<Found>) {
    let mut answers = Answers(vec![None; crowd.judges()]);
    let mut here: Effects<Option<(usize, Said)>> = Effects::default();
    let is_for_some = crowd.is_for_some(action);
    for number in &thing.people {
        let Some(person) = crowd.person(*number) else { continue };
        let judge = if is_for_some { person.judge } else { person.usual_judge };
        let Some((now, after)) = answers.of(judge, crowd, action) else { continue };
        here.at(now).get_or_insert((0, after)).0 += 1;
        if let Some(things) = usize::try_from(*number).ok().and_then(|number| found.at(now).people.get_mut(number)) {
            *things += 1;
        }
    }
    for now in [Now::Refused, Now::Watched, Now::Allowed] {
        let change = here.at(now).map(|(people, after)| ThingChange {
            action: thing.action.to_owned(),
            image: thing.image.to_owned(),
            times: thing.times,
            people,
            last_day: thing.last_day,
            reason: after.reason,
            category: after.category,
            watched: after.verdict == Verdict::Watched,
        });
        found.at(now).things.extend(change);
    }
}

/// What becomes of it, and why.
fn differs(judge: &Judge, action: &Action) -> Option<(Now, Said)> {
    let (before, after) = judge.say(action);
    Some((Now::of(before.verdict, after.verdict)?, after))
}

/// `counted`: by their numbers.
fn names(crowd: &Crowd, counted: &[usize]) -> Counted<PersonChange> {
    let person = |(number, things): (u32, &usize)| {
        let user = (*things > 0).then(|| crowd.person(number))??.name.clone();
        Some(PersonChange { user, things: *things })
    };
    most((0..).zip(counted).filter_map(person).collect(), |one| (Reverse(one.things), one.user.clone()))
}

/// Compares what both policies say of the publishers' namespaces to a member of whom no rule knows.
pub(super) fn compare_directory(publishers: &[(String, Badge)], judge: &Judge, effects: &mut Effects<Shift>) {
    let mut found = Effects::<Vec<NamespaceChange>>::default();
    for (namespace, badge) in publishers {
        let Ok(image) = ImageRef::parse(&format!("docker.io/{namespace}/{ANY_REPOSITORY}:latest")) else { continue };
        if let Some((now, _)) = differs(judge, &Action::pull(image)) {
            found.at(now).push(NamespaceChange { namespace: namespace.clone(), badge: *badge });
        }
    }
    let Effects { refused, watched, allowed } = found.map(|all| most(all, |one| one.namespace.clone()));
    effects.refused.namespaces = refused;
    effects.watched.namespaces = watched;
    effects.allowed.namespaces = allowed;
}

/// How many there are, and the first of them.
fn most<T, K: Ord>(mut all: Vec<T>, key: impl Fn(&T) -> K) -> Counted<T> {
    let count = all.len();
    all.sort_by_cached_key(key);
    all.truncate(MOST_EXAMPLES);
    Counted { count, examples: all }
}

#[cfg(test)]
mod tests;
