//! A list of rules that is asked with one image: a handful of hash lookups, whatever its length.
//!
//! Host, then literal path, then tag or digest, then scope are hash maps. Only patterns with a
//! wildcard *inside* the component behind the same literal path and with the same first letters
//! are tried one by one.

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec::Vec};

use hashbrown::HashMap;

use super::{HostPart, Rest, Rule, Scope, globs_match};
use crate::{
    cut, glob,
    host::{Place, split_port},
    image::ImageRef,
    session::Membership,
    time::Timestamp,
};

/// What a match means: it decides how a tag rule sees a pull whose tag is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Allow,
    Deny,
    /// Only rules that name the digest.
    DenyDigest,
}

/// Who asks and when.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) user: &'a str,
    pub(crate) membership: &'a Membership,
    pub(crate) now: Timestamp,
}

/// Rules, indexed.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    hosts: HashMap<String, HostRules>,
    /// By the part behind `*.`.
    below: HashMap<String, HostRules>,
}

#[derive(Clone, Debug, Default)]
struct HostRules {
    repositories: HashMap<String, Target>,
    /// `literal/*`.
    under: HashMap<String, Target>,
    /// `literal/` and a glob.
    globs: HashMap<String, Globs>,
}

/// Patterns with a wildcard inside a component, by the letters before it.
#[derive(Clone, Debug, Default)]
struct Globs {
    /// Then by the whole glob.
    by_start: HashMap<String, BTreeMap<String, (Vec<String>, Target)>>,
    /// Lengths of the keys, descending, each once.
    lengths: Vec<usize>,
}

/// Everything said about the same set of repositories.
#[derive(Clone, Debug, Default)]
struct Target {
    any: Scoped,
    exact: Option<Box<Exact>>,
}

#[derive(Clone, Debug, Default)]
struct Exact {
    tags: HashMap<String, Scoped>,
    tag_globs: BTreeMap<String, Scoped>,
    digests: HashMap<String, Scoped>,
}

/// Rules for the same images, by whom they are for.
#[derive(Clone, Debug, Default)]
struct Scoped {
    everyone: Vec<u32>,
    some: Option<Box<ForSome>>,
}

#[derive(Clone, Debug, Default)]
struct ForSome {
    users: HashMap<String, Vec<u32>>,
    teams: HashMap<String, Vec<u32>>,
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let mut set = Self { rules: rules.into_iter().collect(), ..Self::default() };
        for (number, rule) in set.rules.iter().enumerate() {
            let Ok(number) = u32::try_from(number) else { break };
            let pattern = &rule.pattern;
            let host = match &pattern.host {
                HostPart::Exact(host) => set.hosts.entry_ref(host.as_str()).or_default(),
                HostPart::Below(host) => set.below.entry_ref(host.as_str()).or_default(),
            };
            let target = match &pattern.rest {
                Rest::Nothing => host.repositories.entry_ref(pattern.literal.as_str()).or_default(),
                Rest::Anything => host.under.entry_ref(pattern.literal.as_str()).or_default(),
                Rest::Globs(globs) => host.globs.entry_ref(pattern.literal.as_str()).or_default().target(globs),
            };
            target.scoped(pattern.tag.as_deref(), pattern.digest.as_deref()).add(&rule.scope, number);
        }
        set
    }
}

impl RuleSet {
    /// The rules in the order given.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The most specific live rule for this image and asker.
    pub(crate) fn find(
        &self,
        image: &ImageRef,
        place: &Place<'_>,
        asker: Asker<'_>,
        purpose: Purpose,
    ) -> Option<&Rule> {
        if self.rules.is_empty() {
            return None;
        }
        let question = Question { rules: &self.rules, image, asker, purpose };
        let host = place.host.as_ref();
        // A rule for a host without a port denies every port of it.
        let (name, port) = split_port(host);
        let every_port = (purpose != Purpose::Allow && port.is_some()).then_some(name);
        for host in [Some(host), every_port].into_iter().flatten() {
            if let Some(rule) = self.hosts.get(host).and_then(|host| host.find(&place.path, question)) {
                return Some(rule);
            }
            let mut rest = if self.below.is_empty() { "" } else { host };
            while let Some((_, below)) = cut::at_first(rest, b'.') {
                if let Some(rule) = self.below.get(below).and_then(|host| host.find(&place.path, question)) {
                    return Some(rule);
                }
                rest = below;
            }
        }
        None
    }

    /// Whether a rule of a deny list, for whomever and until whenever, could be about images on this
    /// canonical host.
    pub(crate) fn may_name_host(&self, host: &str) -> bool {
        let names = |host: &str| {
            let behind_dots = host.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
            let mut below = behind_dots.filter_map(|(place, _)| host.get(place.saturating_add(1)..));
            self.hosts.contains_key(host) || (!self.below.is_empty() && below.any(|rest| self.below.contains_key(rest)))
        };
        let (name, port) = split_port(host);
        names(host) || (port.is_some() && names(name))
    }

    /// The longest run of rules that one question may have to try one by one: patterns with a
    /// wildcard inside the same component behind the same letters, tag globs of one repository,
    /// rules for the same images and people. Publishers and readers bound it.
    #[must_use]
    pub fn longest_run(&self) -> usize {
        let hosts = self.hosts.values().chain(self.below.values());
        hosts.map(HostRules::longest_run).max().unwrap_or_default()
    }
}

impl HostRules {
    fn longest_run(&self) -> usize {
        let same_start = self.globs.values().flat_map(|globs| globs.by_start.values());
        let globs = same_start.clone().map(BTreeMap::len);
        let behind_globs = same_start.flat_map(BTreeMap::values).map(|(_, target)| target);
        let targets = self.repositories.values().chain(self.under.values()).chain(behind_globs);
        globs.chain(targets.map(Target::longest_run)).max().unwrap_or_default()
    }
}

impl Target {
    fn longest_run(&self) -> usize {
        let exact = self.exact.iter().flat_map(|exact| {
            let scoped = exact.tags.values().chain(exact.tag_globs.values()).chain(exact.digests.values());
            scoped.map(Scoped::longest_run).chain([exact.tag_globs.len()])
        });
        exact.chain([self.any.longest_run()]).max().unwrap_or_default()
    }
}

impl Scoped {
    fn longest_run(&self) -> usize {
        let some = self.some.iter().flat_map(|some| some.users.values().chain(some.teams.values()));
        some.map(Vec::len).chain([self.everyone.len()]).max().unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
struct Question<'r, 'q> {
    rules: &'r [Rule],
    image: &'q ImageRef,
    asker: Asker<'q>,
    purpose: Purpose,
}

impl HostRules {
    fn find<'r>(&self, path: &str, question: Question<'r, '_>) -> Option<&'r Rule> {
        if let Some(rule) = self.repositories.get(path).and_then(|target| target.find(question)) {
            return Some(rule);
        }
        if self.under.is_empty() && self.globs.is_empty() {
            return None;
        }
        // From the longest literal part to the shortest, which is the empty one.
        let mut literal = path;
        while !literal.is_empty() {
            literal = cut::at_last(literal, b'/').map_or("", |(left, _)| left);
            let rest = path.get(literal.len()..).unwrap_or_default().trim_start_matches('/');
            if let Some(rule) = self.globs.get(literal).and_then(|globs| globs.find(rest, question)) {
                return Some(rule);
            }
            if let Some(rule) = self.under.get(literal).and_then(|target| target.find(question)) {
                return Some(rule);
            }
        }
        None
    }
}

impl Globs {
    fn target(&mut self, globs: &[String]) -> &mut Target {
        let first = globs.first().map_or("", String::as_str);
        let start = first.split(['*', '?']).next().unwrap_or_default();
        if let Err(place) = self.lengths.binary_search_by(|length| start.len().cmp(length)) {
            self.lengths.insert(place, start.len());
        }
        let same_start = self.by_start.entry_ref(start).or_default();
        &mut same_start.entry(globs.join("/")).or_insert_with(|| (globs.to_vec(), Target::default())).1
    }

    fn find<'r>(&self, rest: &str, question: Question<'r, '_>) -> Option<&'r Rule> {
        self.lengths
            .iter()
            .filter_map(|length| self.by_start.get(rest.get(..*length)?))
            .flat_map(BTreeMap::values)
            .filter(|(globs, _)| globs_match(globs, rest))
            .find_map(|(_, target)| target.find(question))
    }
}

impl Target {
    fn scoped(&mut self, tag: Option<&str>, digest: Option<&str>) -> &mut Scoped {
        match (tag, digest) {
            (None, None) => &mut self.any,
            (_, Some(digest)) => self.exact.get_or_insert_default().digests.entry_ref(digest).or_default(),
            (Some(tag), None) if glob::is_glob(tag) => {
                self.exact.get_or_insert_default().tag_globs.entry(tag.into()).or_default()
            }
            (Some(tag), None) => self.exact.get_or_insert_default().tags.entry_ref(tag).or_default(),
        }
    }

    fn find<'r>(&self, question: Question<'r, '_>) -> Option<&'r Rule> {
        let exact = self.exact.as_ref().and_then(|exact| exact.find(question));
        match question.purpose {
            Purpose::DenyDigest => exact,
            Purpose::Allow | Purpose::Deny => exact.or_else(|| self.any.find(question)),
        }
    }
}

impl Exact {
    fn find<'r>(&self, question: Question<'r, '_>) -> Option<&'r Rule> {
        match (question.image.digest(), question.image.tag()) {
            (Some(digest), _) => self.digests.get(digest).and_then(|scoped| scoped.find(question)),
            (None, Some(tag)) => {
                let by_name = self.tags.get(tag).and_then(|scoped| scoped.find(question));
                return by_name.or_else(|| self.by_glob(tag, question));
            }
            (None, None) => None,
        }
        // By digest, or all tags: which tags that touches cannot be told.
        .or_else(|| match question.purpose {
            Purpose::Allow | Purpose::DenyDigest => None,
            Purpose::Deny => self.tags.values().chain(self.tag_globs.values()).find_map(|scoped| scoped.find(question)),
        })
    }

    fn by_glob<'r>(&self, tag: &str, question: Question<'r, '_>) -> Option<&'r Rule> {
        self.tag_globs
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, tag))
            .find_map(|(_, scoped)| scoped.find(question))
    }
}

impl Scoped {
    fn add(&mut self, scope: &Scope, number: u32) {
        let list = match scope {
            Scope::Organization => &mut self.everyone,
            Scope::Team(team) => self.some.get_or_insert_default().teams.entry_ref(team.as_str()).or_default(),
            Scope::User(user) => self.some.get_or_insert_default().users.entry_ref(user.as_str()).or_default(),
        };
        list.push(number);
    }

    fn find<'r>(&self, question: Question<'r, '_>) -> Option<&'r Rule> {
        let live = |numbers: &Vec<u32>| {
            numbers
                .iter()
                .filter_map(|number| question.rules.get(usize::try_from(*number).ok()?))
                .find(|rule| rule.is_live(question.asker.now))
        };
        if let Some(some) = &self.some {
            if let Some(rule) = some.users.get(question.asker.user).and_then(live) {
                return Some(rule);
            }
            for team in &question.asker.membership.teams {
                if let Some(rule) = some.teams.get(team).and_then(live) {
                    return Some(rule);
                }
            }
        }
        live(&self.everyone)
    }
}
