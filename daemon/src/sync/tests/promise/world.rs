//! Everything around the machine: a file, a service, a plugin, a disk, and messages on their way.

use std::collections::{BTreeMap, VecDeque};

use super::super::*;
use crate::credentials::Identity;

/// How things come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// The service answers.
    Up,
    /// It cannot be reached.
    Away,
    /// It takes calls and does not answer them.
    Silent,
    /// It answers, but the plugin takes no documents.
    Refused,
}

impl Rest {
    pub(super) const ALL: [Self; 4] = [Self::Silent, Self::Away, Self::Refused, Self::Up];
}

/// The accounts that may be in the file. Names and secrets are shared on purpose.
fn accounts() -> Vec<Account> {
    let of = |realm, user, secret| Account { realm, ..account(user, secret) };
    vec![
        of(Realm::Service, "alice", "p1"),
        of(Realm::Service, "alice", "p2"),
        of(Realm::DockerHub, "alice", "p1"),
        of(Realm::DockerHub, "alice", "p2"),
        of(Realm::Service, "bob", "p1"),
        of(Realm::Service, "<token>", "pg_oat_1_x"),
        of(Realm::Service, "<token>", "pg_oat_2_x"),
    ]
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum File {
    Account(usize),
    SignedOut,
    Unreadable,
}

/// What the driver has going on with the service.
#[derive(Debug)]
enum Call {
    SignIn { attempt: Number, account: Account },
    Watch { attempt: Number, sealed: usize, sent: Option<u64> },
}

/// A session and for whom it was sealed.
struct Sealed {
    account: Account,
    session: Vec<u8>,
    /// The service's state when it was.
    version: u64,
}

#[derive(Default)]
struct PluginState {
    up: bool,
    session: Option<Held>,
    policy: u64,
    /// Sessions up to this generation were ended or replaced.
    floor: u64,
    refuses: bool,
}

pub(super) struct World {
    pub(super) random: fastrand::Rng,
    seed: u64,
    trace: Vec<String>,
    sync: Sync,
    accounts: Vec<Account>,
    // The machine's owner.
    file: File,
    stamp: i64,
    docker_hub: bool,
    /// Read, and on its way to the machine.
    readings: VecDeque<Seen>,
    /// What the machine was told last.
    told: Option<Seen>,
    // The service.
    up: bool,
    valid: Vec<bool>,
    version: u64,
    sealed: Vec<Sealed>,
    call: Option<Call>,
    /// Said, and on its way to the machine; also for calls that were given up since.
    answers: Vec<(Number, Event)>,
    last_sign_in: Number,
    /// The last sign-in was refused, and the file was not written since.
    refused: bool,
    // The plugin.
    plugin: PluginState,
    applying: Option<Goal>,
    applied: Option<Event>,
    looks: VecDeque<InForceThere>,
    // The rest.
    timers: BTreeMap<Timer, Number>,
    disk: Option<Cached>,
    /// Not written yet.
    to_disk: Option<Option<Cached>>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("story {}:\n{}", self.seed, self.trace.join("\n"));
        }
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let accounts = accounts();
        let mut world = Self {
            random: fastrand::Rng::with_seed(seed),
            seed,
            trace: vec![],
            sync: Sync::new(None),
            valid: vec![true; accounts.len()],
            accounts,
            file: File::SignedOut,
            stamp: 0,
            docker_hub: true,
            readings: VecDeque::new(),
            told: None,
            up: true,
            version: 1,
            sealed: vec![],
            call: None,
            answers: vec![],
            last_sign_in: 0,
            refused: false,
            plugin: PluginState { up: true, ..PluginState::default() },
            applying: None,
            applied: None,
            looks: VecDeque::new(),
            timers: BTreeMap::new(),
            disk: None,
            to_disk: None,
        };
        world.docker_hub = world.random.bool();
        world.agent_restarts();
        world
    }

    fn note(&mut self, what: impl std::fmt::Debug) {
        self.trace.push(format!("{what:?}"));
    }

    fn tell(&mut self, event: Event) {
        self.trace.push(format!("  -> {}", event.name()));
        for command in self.sync.handle(event) {
            self.execute(command);
        }
    }

    fn execute(&mut self, command: Command) {
        self.trace.push(format!("  {}", command.name()));
        match command {
            Command::SignIn { attempt, account, .. } => {
                let told = matches!(&self.told, Some(Seen::Account { account: told, .. }) if *told == account);
                assert!(told, "{account:?} is shown, but {:?} was read", self.told);
                assert!(account.realm == Realm::Service || self.docker_hub, "a Docker Hub secret is shown unasked");
                self.last_sign_in = attempt;
                self.call = Some(Call::SignIn { attempt, account });
            }
            Command::Watch { attempt, token, .. } => {
                let sealed = token.expose().parse().expect("the token is the number of a session");
                self.call = Some(Call::Watch { attempt, sealed, sent: None });
            }
            Command::HangUp => (self.call, self.last_sign_in) = (None, 0),
            Command::Report(_) => {}
            Command::Apply(goal) => {
                assert!(self.applying.is_none() && self.applied.is_none(), "one at a time");
                if let Goal::Documents(documents) = &goal {
                    let owner = self.owner(&documents.session().expect("a session").name).identity();
                    assert_eq!(Some(owner), self.told_identity(), "another account's session is put in force");
                }
                self.applying = Some(goal);
            }
            Command::Store(cached) => self.to_disk = Some(Some(cached)),
            Command::ClearCache => self.to_disk = Some(None),
            Command::Wait { timer, number, .. } => drop(self.timers.insert(timer, number)),
        }
    }

    fn told_identity(&self) -> Option<Identity> {
        match &self.told {
            Some(Seen::Account { account, .. }) => Some(account.identity()),
            _ => None,
        }
    }

    fn owner(&self, session: &Held) -> &Account {
        let is_it = |sealed: &&Sealed| crate::documents::sha256(&sealed.session) == session.sha256;
        &self.sealed.iter().find(is_it).expect("a session that the service sealed").account
    }

    // The machine's owner, and the reader of credentials.

    pub(super) fn write_file(&mut self) {
        self.file = match self.random.usize(..self.accounts.len() + 2) {
            0 => File::SignedOut,
            1 => File::Unreadable,
            n => File::Account(n - 2),
        };
        self.note(self.file.clone());
        self.write_again();
    }

    pub(super) fn write_again(&mut self) {
        self.stamp += 1;
        self.readings.push_back(self.reading());
    }

    fn reading(&self) -> Seen {
        match self.file {
            File::Account(n) if self.docker_hub || self.accounts[n].realm == Realm::Service => {
                Seen::Account { account: self.accounts[n].clone(), stamp: Stamp::numbered(self.stamp) }
            }
            File::Account(_) | File::SignedOut => Seen::SignedOut,
            File::Unreadable => Seen::Unreadable,
        }
    }

    pub(super) fn read_file(&mut self) {
        let Some(seen) = self.readings.pop_front() else { return };
        if self.told.replace(seen.clone()).as_ref() != Some(&seen) {
            self.refused = false;
        }
        self.note(&seen);
        self.tell(Event::Credential { service: Some(SERVICE.to_owned()), seen });
    }

    pub(super) fn enrollment_changes(&mut self) {
        self.docker_hub = !self.docker_hub;
        self.refused = false;
        self.note(("docker hub", self.docker_hub));
        self.tell(self.enrolled());
        self.readings.push_back(self.reading());
    }

    fn enrolled(&self) -> Event {
        Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub: self.docker_hub }
    }

    // The service.

    pub(super) fn service_goes_or_comes(&mut self) {
        self.up = !self.up;
        self.note(("service up", self.up));
    }

    pub(super) fn account_is_revoked_or_granted(&mut self) {
        let n = self.random.usize(..self.accounts.len());
        self.valid[n] = !self.valid[n];
        self.note(("valid", n, self.valid[n]));
    }

    /// Also what a changed membership is: other policies, and a session that says so.
    pub(super) fn policy_changes(&mut self) {
        self.version += 1;
    }

    fn is_valid(&self, account: &Account) -> bool {
        self.accounts.iter().position(|known| known == account).is_some_and(|n| self.valid[n])
    }

    fn seal(&mut self, account: Account) -> usize {
        let subject = if account.user == "<token>" { "acme/ci" } else { &account.user };
        let session = session(subject, self.sealed.len() as u64 + 1);
        self.sealed.push(Sealed { account, session, version: self.version });
        self.sealed.len() - 1
    }

    /// Answers the call that is open, if there is something to say.
    pub(super) fn service_works(&mut self) {
        let lasted = [Duration::ZERO, Duration::from_secs(60)][self.random.usize(..2)];
        let Some(call) = self.call.take() else { return };
        let (Call::SignIn { attempt, .. } | Call::Watch { attempt, .. }) = call;
        let answer = match call {
            _ if !self.up => Event::Unavailable { attempt, retry_after: None, lasted },
            Call::SignIn { account, .. } if !self.is_valid(&account) => Event::Refused { attempt, lasted },
            Call::SignIn { account, .. } => {
                let sealed = self.seal(account);
                let token = Secret::new(sealed.to_string());
                Event::SignedIn { attempt, token, session: self.sealed[sealed].session.clone() }
            }
            Call::Watch { sealed, .. } if !self.is_valid(&self.sealed[sealed].account) => {
                Event::Refused { attempt, lasted }
            }
            Call::Watch { sealed, sent, .. } => {
                self.call = Some(Call::Watch { attempt, sealed, sent: Some(self.version) });
                if sent == Some(self.version) {
                    return;
                }
                self.desired(attempt, sealed)
            }
        };
        self.answers.push((attempt, answer));
    }

    fn desired(&mut self, attempt: Number, sealed: usize) -> Event {
        let newest = match self.sealed[sealed].version == self.version {
            true => sealed,
            false => self.seal(self.sealed[sealed].account.clone()),
        };
        let session = self.sealed[newest].session.clone();
        let policy = format!("policy {}", self.version).into_bytes();
        let policy_name = Held {
            kind: Kind::Policy.into(),
            subject: "acme".to_owned(),
            generation: self.version,
            sha256: crate::documents::sha256(&policy),
        };
        let session_name = Document::session(session.clone()).expect("a session").name;
        Event::Desired { attempt, desired: vec![policy_name, session_name], envelopes: vec![policy, session] }
    }

    /// The answers of one call come in order; those of different calls in any.
    pub(super) fn answer_arrives(&mut self) {
        if self.answers.is_empty() {
            return;
        }
        let (attempt, _) = self.answers[self.random.usize(..self.answers.len())];
        let first = self.answers.iter().position(|(of, _)| *of == attempt).expect("this one");
        let (_, event) = self.answers.remove(first);
        if matches!(event, Event::Refused { .. }) && attempt == self.last_sign_in {
            self.refused = true;
        }
        self.tell(event);
    }

    // The plugin.

    fn apply(&mut self, goal: &Goal) -> Result<(), ApplyFailure> {
        if !self.plugin.up {
            return Err(ApplyFailure::NoAnswer);
        }
        let new = match goal {
            Goal::Nobody => None,
            Goal::Documents(_) if self.plugin.refuses => return Err(ApplyFailure::Refused),
            Goal::Documents(documents) => documents.session().map(|session| session.name.clone()),
        };
        if let Some(new) = &new
            && self.plugin.session.as_ref() != Some(new)
            && new.generation <= self.plugin.floor
        {
            return Err(ApplyFailure::SessionOver);
        }
        if let Some(old) = self.plugin.session.as_ref().filter(|old| Some(*old) != new.as_ref()) {
            self.plugin.floor = self.plugin.floor.max(old.generation);
        }
        if let Goal::Documents(documents) = goal {
            let policy = documents.0.iter().find(|document| document.name.kind() == Kind::Policy);
            self.plugin.policy = policy.expect("a policy").name.generation;
        }
        self.plugin.session = new;
        Ok(())
    }

    pub(super) fn plugin_works(&mut self) {
        let Some(goal) = self.applying.take() else { return };
        let result = self.apply(&goal);
        self.note(("plugin", result, self.plugin.session.clone()));
        self.applied = Some(match result {
            // The answer is lost.
            _ if self.random.u8(..8) == 0 => Event::ApplyFailed(ApplyFailure::NoAnswer),
            Ok(()) => Event::Applied,
            Err(failure) => Event::ApplyFailed(failure),
        });
    }

    pub(super) fn plugin_answers(&mut self) {
        if let Some(event) = self.applied.take() {
            self.tell(event);
        }
    }

    /// Each second; the answer may be overtaken by what happens meanwhile.
    pub(super) fn plugin_is_looked_at(&mut self) {
        if self.plugin.up && self.looks.is_empty() {
            self.looks.push_back(self.in_force());
        } else if let Some(look) = self.looks.pop_front() {
            self.tell(Event::PluginLooked(look));
        }
    }

    fn in_force(&self) -> InForceThere {
        let policy = Held {
            kind: Kind::Policy.into(),
            subject: "acme".to_owned(),
            generation: self.plugin.policy,
            sha256: vec![],
        };
        InForceThere { session: self.plugin.session.clone(), policies: vec![policy] }
    }

    /// It keeps its documents on disk.
    pub(super) fn plugin_stops_or_starts(&mut self) {
        self.plugin.up = !self.plugin.up;
        self.looks.clear();
        self.note(("plugin up", self.plugin.up));
        let event = if self.plugin.up { self.plugin_up_event() } else { Event::PluginDown };
        self.tell(event);
    }

    fn plugin_up_event(&self) -> Event {
        Event::PluginUp { machine_id: "m1".to_owned(), session: self.plugin.session.clone() }
    }

    pub(super) fn plugin_refuses_or_not(&mut self) {
        self.plugin.refuses = !self.plugin.refuses;
    }

    // The agent.

    pub(super) fn time_passes(&mut self) {
        let running: Vec<Timer> = self.timers.keys().copied().collect();
        if !running.is_empty() {
            let timer = running[self.random.usize(..running.len())];
            self.end_timer(timer);
        }
    }

    fn end_timer(&mut self, timer: Timer) {
        if let Some(number) = self.timers.remove(&timer) {
            self.note(timer);
            self.tell(Event::Timer { timer, number });
        }
    }

    pub(super) fn disk_is_written(&mut self) {
        if let Some(newest) = self.to_disk.take() {
            self.disk = newest;
        }
    }

    /// As a crash: what was not written is lost, what was sent may still arrive.
    pub(super) fn agent_restarts(&mut self) {
        if self.random.bool() {
            self.plugin_works();
        }
        if self.random.bool() {
            self.disk_is_written();
        }
        self.note("agent restarts");
        (self.applying, self.applied, self.call, self.to_disk, self.told) = (None, None, None, None, None);
        self.answers.clear();
        self.looks.clear();
        self.timers.clear();
        self.readings.clear();
        self.refused = false;
        self.sync = Sync::new(self.disk.clone());
        self.tell(self.enrolled());
        if self.plugin.up {
            self.tell(self.plugin_up_event());
        }
        self.readings.push_back(self.reading());
    }

    // What is promised.

    pub(super) fn come_to_rest(&mut self, rest: Rest) {
        self.note(rest);
        self.up = matches!(rest, Rest::Up | Rest::Refused);
        self.plugin.refuses = rest == Rest::Refused;
        if !self.plugin.up {
            self.plugin_stops_or_starts();
        }
        while !self.readings.is_empty() {
            self.read_file();
        }
        for _ in 0..30 {
            self.disk_is_written();
            self.plugin_works();
            self.plugin_answers();
            self.looks.clear();
            self.tell(Event::PluginLooked(self.in_force()));
            while !self.answers.is_empty() {
                self.answer_arrives();
            }
            if rest != Rest::Silent {
                self.service_works();
            }
            for timer in [Timer::Grace, Timer::Apply, Timer::SignIns, Timer::Service, Timer::Losses] {
                self.end_timer(timer);
            }
        }
        self.check(rest);
    }

    fn check(&self, rest: Rest) {
        let in_force = self.plugin.session.as_ref().map(|session| self.owner(session));
        let reading = self.reading();
        assert_eq!(self.told.as_ref(), Some(&reading), "the test told everything");
        let Seen::Account { account, .. } = reading else {
            assert_eq!(in_force, None, "nobody is signed in");
            return;
        };
        if let Some(owner) = in_force {
            assert_eq!(owner.identity(), account.identity(), "another account's session stays ({rest:?})");
        }
        if rest == Rest::Up {
            if self.is_valid(&account) && !self.refused {
                assert_eq!(in_force, Some(&account), "the right session");
                assert_eq!(self.plugin.policy, self.version, "the newest policy");
            } else {
                assert_eq!(in_force, None, "the service says no");
            }
        }
    }
}
