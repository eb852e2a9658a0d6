//! The people whom a policy concerns, those together of whom both policies say the same.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
};

use policy::{
    Action, Ask, Category, Effect, Enforced, Policy, Reason, Rule, Session, Timestamp, Validity, category::Namespaces,
    decide,
};

use crate::{
    acts::ActError,
    model::{Badge, PolicyState, Role, Scope},
    publish::{CompileError, in_force},
    store::Subject,
};

/// The policy as it is and as it would be, with what both are about.
pub(super) struct Sides {
    pub before: PolicyState,
    pub after: PolicyState,
    pub publishers: Vec<(String, Badge)>,
    /// Docker Hub namespaces of other organizations: their members may have their images.
    pub others: BTreeMap<String, Vec<String>>,
}

/// What becomes of an action; the later, the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It passes.
    Allowed,
    /// It passes, and it is recorded that it would be refused.
    Watched,
    /// It is refused.
    Refused,
}

/// What becomes of an action, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub verdict: Verdict,
    pub reason: Reason,
    pub category: Option<Category>,
}

/// What a policy can tell people apart by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    role: Role,
    /// Of those that a rule names.
    teams: Vec<String>,
    /// If a rule names them.
    user: Option<String>,
    /// Other organizations that own a namespace.
    others: Vec<String>,
}

/// Both policies on a machine of people of one kind.
pub(super) struct Judge {
    before: Enforced,
    after: Enforced,
    now: Timestamp,
}

/// Somebody.
pub(super) struct Person {
    pub name: String,
    /// The number of their judge.
    pub judge: usize,
    /// The number of the judge of what no rule for single teams or people is about: far fewer, so that far less has to
    /// be decided.
    pub usual_judge: usize,
}

/// Everybody.
pub(super) struct Crowd {
    people: Vec<Person>,
    numbers: HashMap<String, u32>,
    judges: Vec<Judge>,
    /// Refuses what any rule for single teams or people is about.
    for_some: Enforced,
    now: Timestamp,
}

impl Judge {
    /// What both say of an action.
    pub(super) fn say(&self, action: &Action) -> (Said, Said) {
        let say = |enforced| {
            let decision = decide(enforced, action, self.now);
            let verdict = match (decision.effect, decision.would_deny) {
                (Effect::Deny, _) => Verdict::Refused,
                (Effect::Allow, true) => Verdict::Watched,
                (Effect::Allow, false) => Verdict::Allowed,
            };
            Said { verdict, reason: decision.reason, category: decision.category }
        };
        (say(&self.before), say(&self.after))
    }
}

impl Crowd {
    /// Of everybody whom the policy concerns.
    ///
    /// # Errors
    /// [`ActError::Policy`], [`ActError::Directory`] where machines would not use what they were given.
    pub(super) fn of(subjects: Vec<Subject>, sides: &Sides, now: i64) -> Result<Self, ActError> {
        let judging = Judging::over(sides, now)?;
        let (mut judges, mut kinds) = (Vec::new(), HashMap::new());
        let mut judge = |kind: Kind| match kinds.entry(kind) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                judges.push(judging.judge(new.key()));
                *new.insert(judges.len() - 1)
            }
        };
        let mut people = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let kind = judging.kind(&subject);
            let usual = Kind { teams: Vec::new(), user: None, ..kind.clone() };
            people.push(Person { judge: judge(kind), usual_judge: judge(usual), name: subject.name });
        }
        let number = |(number, person): (usize, &Person)| Some((person.name.clone(), u32::try_from(number).ok()?));
        let numbers = people.iter().enumerate().filter_map(number).collect();
        Ok(Self { people, numbers, judges, for_some: judging.for_some(), now: Timestamp(now) })
    }

    /// How many people there are. Their numbers are below.
    pub(super) fn len(&self) -> usize {
        self.people.len()
    }

    /// Somebody's number, if the policy concerns them.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Who has this number.
    pub(super) fn person(&self, number: u32) -> Option<&Person> {
        self.people.get(usize::try_from(number).ok()?)
    }

    /// How many judges there are. Their numbers are below.
    pub(super) fn judges(&self) -> usize {
        self.judges.len()
    }

    /// One of the judges.
    pub(super) fn judge(&self, number: usize) -> Option<&Judge> {
        self.judges.get(number)
    }

    /// Whether it may matter for an action in which teams somebody is, and who they are. Only of what fetches an image
    /// and does nothing else this is known.
    pub(super) fn is_for_some(&self, action: &Action) -> bool {
        let only_fetches = matches!(action.asks(), [Ask::Fetch(_)]);
        !only_fetches || decide(&self.for_some, action, self.now).reason == Reason::DenyRule
    }
}

/// What all judges share.
pub(super) struct Judging {
    organization: String,
    before: Arc<Policy>,
    after: Arc<Policy>,
    /// Names that a rule is for.
    teams: BTreeSet<String>,
    users: BTreeSet<String>,
    /// Of the other organizations, nothing but what they own.
    others: BTreeMap<String, Arc<Policy>>,
    now: i64,
}

impl Judging {
    /// Over both policies.
    ///
    /// # Errors
    /// As [`Crowd::of`].
    pub(super) fn over(sides: &Sides, now: i64) -> Result<Self, ActError> {
        let directory = in_force::directory(sides.publishers.clone()).map_err(ActError::Directory)?;
        let organization = sides.before.organization.clone();
        let unusable = |source: CompileError| ActError::Policy { organization: organization.clone(), source };
        let policy =
            |state: &PolicyState| in_force::policy(state.clone(), &directory, now).map(Arc::new).map_err(unusable);
        let (before, after) = (policy(&sides.before)?, policy(&sides.after)?);
        let (mut teams, mut users) = (BTreeSet::new(), BTreeSet::new());
        for rule in sides.before.rules.iter().chain(&sides.after.rules) {
            match &rule.scope {
                Scope::Organization => {}
                Scope::Team(team) => drop(teams.insert(team.clone())),
                Scope::User(user) => drop(users.insert(user.clone())),
            }
        }
        let owned = |(organization, namespaces): (&String, &Vec<String>)| {
            let policy = Policy {
                organization: organization.clone(),
                namespaces: namespaces.iter().cloned().collect::<Namespaces>(),
                validity: always(),
                ..Policy::default()
            };
            (organization.clone(), Arc::new(policy))
        };
        let others = sides.others.iter().map(owned).collect();
        Ok(Self { organization, before, after, teams, users, others, now })
    }

    fn kind(&self, subject: &Subject) -> Kind {
        Kind {
            role: subject.role,
            teams: subject.teams.iter().filter(|team| self.teams.contains(*team)).cloned().collect(),
            user: self.users.contains(&subject.name).then(|| subject.name.clone()),
            others: subject.others.iter().filter(|other| self.others.contains_key(*other)).cloned().collect(),
        }
    }

    /// Refuses everybody what any rule for single teams or people of either policy is about, whatever it says of that and
    /// until whenever: a deny rule is about more than an allow rule of the same pattern.
    fn for_some(&self) -> Enforced {
        let both = [&self.before, &self.after];
        let rules = both.iter().flat_map(|policy| policy.allow.rules().iter().chain(policy.deny.rules()));
        let for_some = rules.filter(|rule| rule.scope != policy::Scope::Organization);
        let deny = for_some.map(|rule| Rule { scope: policy::Scope::Organization, expires_at: None, ..rule.clone() });
        let policy = Policy {
            organization: self.organization.clone(),
            enabled: true,
            deny: deny.collect(),
            validity: always(),
            ..Policy::default()
        };
        let member = Kind { role: Role::Member, teams: Vec::new(), user: None, others: Vec::new() };
        Enforced { sessions: vec![self.session(&member)], policies: vec![Arc::new(policy)], ..Enforced::default() }
    }

    /// For a member of whom no rule knows.
    pub(super) fn of_members(&self) -> Judge {
        self.judge(&Kind { role: Role::Member, teams: Vec::new(), user: None, others: Vec::new() })
    }

    fn session(&self, kind: &Kind) -> Session {
        let member =
            |organization: &str, role, teams| policy::Membership { organization: organization.to_owned(), role, teams };
        let own = member(&self.organization, role(kind.role), kind.teams.clone());
        let others = kind.others.iter().map(|other| member(other, policy::Role::Member, Vec::new()));
        Session {
            user: kind.user.clone().unwrap_or_default(),
            uid: 0,
            organizations: std::iter::once(own).chain(others).collect(),
            validity: always(),
        }
    }

    fn judge(&self, kind: &Kind) -> Judge {
        let session = self.session(kind);
        let enforced = |policy: &Arc<Policy>| {
            let others = kind.others.iter().filter_map(|other| self.others.get(other));
            Enforced {
                sessions: vec![session.clone()],
                policies: std::iter::once(policy).chain(others).cloned().collect(),
                ..Enforced::default()
            }
        };
        Judge { before: enforced(&self.before), after: enforced(&self.after), now: Timestamp(self.now) }
    }
}

fn role(role: Role) -> policy::Role {
    match role {
        Role::Owner => policy::Role::Owner,
        Role::Admin => policy::Role::Admin,
        Role::Auditor => policy::Role::Auditor,
        Role::Member => policy::Role::Member,
    }
}

/// Of what is never handed to a machine.
fn always() -> Validity {
    let never = Timestamp(i64::MAX);
    Validity { issued_at: Timestamp(0), refresh_after: never, expires_at: never }
}
