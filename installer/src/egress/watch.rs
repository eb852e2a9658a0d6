//! `watch`: keeps what was put in place in place. Level-triggered: whatever is heard, it looks and
//! compares with what it wants.
//!
//! Tasks: one that looks names up, at times. Channels: none. Must never: remove a rule, or claim one
//! that it has not read back.

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use proto::{chain, egress};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
    time::MissedTickBehavior,
};

use super::{
    EgressError,
    apply::{self, Applied, put_in_place},
    changes::Changes,
    listing,
    names::Registries,
    nft::Nft,
    options::Options,
    record::Record,
    rules::{CONTAINERS, ENGINE, Rules, render},
};

/// Between two looks at the control groups: an engine needs longer from its start to its first pull.
const TICK: Duration = Duration::from_millis(100);
/// Between two looks at the rules while the firewall changes all the time.
const BREATH: Duration = Duration::from_millis(200);
/// Between two looks at the rules when nothing is heard.
const ROUTINE: Duration = Duration::from_secs(5);
/// At every second routine look: a little earlier than that, or it would be every third.
const BEAT: Duration = egress::BEAT.saturating_sub(Duration::from_secs(1));
/// Between two tries to repair what cannot be.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two questions for the registries' addresses, and while some have none.
const LOOK_UP: Duration = Duration::from_secs(60);
const LOOK_UP_UNKNOWN: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or Ctrl-C, and leaves everything in place then.
///
/// # Errors
/// When it cannot begin. What goes wrong later is told and tried again.
pub async fn watch(options: Options, state_file: PathBuf) -> Result<(), EgressError> {
    let unheard = |source| EgressError::Run { source };
    let mut terminated = signal(SignalKind::terminate()).map_err(unheard)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = Changes::listen();
    if let Err(error) = &changes {
        say(&format!(
            "the kernel does not tell of changes ({error}); rules are looked at every {} s",
            ROUTINE.as_secs()
        ));
    }
    let mut watcher = Watcher::new(options, state_file);
    loop {
        tokio::select! {
            _ = terminated.recv() => return Ok(()),
            _ = interrupted.recv() => return Ok(()),
            _ = tick.tick() => {}
        }
        watcher.hint |= changes.as_ref().is_ok_and(Changes::were);
        watcher.tick().await;
    }
}

/// To the journal.
fn say(text: &str) {
    // A journal that is gone for a moment is no reason to end.
    let _ = writeln!(std::io::stderr(), "pullgate egress: {}", crate::output::still(text));
}

struct Watcher {
    options: Options,
    state_file: PathBuf,
    nft: Nft,
    names: Names,
    /// As wanted when they were last compared.
    rules: Option<Rules>,
    applied: Option<Applied>,
    /// The control groups of engine and containers, as last seen.
    groups: [Option<u64>; 2],
    /// Somebody changed a rule, perhaps ours.
    hint: bool,
    next: Instant,
    breath: Instant,
    /// What was said last, so that it is said once.
    trouble: Option<String>,
}

impl Watcher {
    fn new(options: Options, state_file: PathBuf) -> Self {
        let (now, names) = (Instant::now(), Names::new());
        let nft = Nft::new();
        let groups = [None; 2];
        Self {
            options,
            state_file,
            nft,
            names,
            rules: None,
            applied: None,
            groups,
            hint: true,
            next: now,
            breath: now,
            trouble: None,
        }
    }

    async fn tick(&mut self) {
        let now = Instant::now();
        for warning in self.names.tick(&self.options, now).await {
            say(&warning);
        }
        let groups = self.rules.as_ref().map(ids).unwrap_or_default();
        let is_due = groups != self.groups || now >= self.next || (self.hint && now >= self.breath);
        if !is_due {
            return;
        }
        self.hint = false;
        (self.next, self.breath) = (now + ROUTINE, now + BREATH);
        let rules = match apply::rules(&self.options, &self.names.known) {
            Ok(rules) => rules,
            Err(error) => return self.cannot(&error).await,
        };
        let groups = ids(&rules);
        self.groups = groups;
        self.rules = Some(rules.clone());
        match self.settle(&rules).await {
            Ok(told) => {
                if told.is_some() && told != self.trouble {
                    say(told.as_deref().unwrap_or_default());
                }
                // The same change is said again when it happens again.
                self.trouble = told.filter(|_| groups[0].is_none());
            }
            Err(error) => self.cannot(&error).await,
        }
    }

    /// Compares and repairs. Gives what there is to say.
    async fn settle(&mut self, rules: &Rules) -> Result<Option<String>, EgressError> {
        let record = Record::lock(&self.state_file).await?;
        if rules.engine.id()?.is_none() {
            let dir = rules.engine.dir.display();
            return Ok(Some(format!("the engine does not run (no `{dir}`); rules are put in place when it does")));
        }
        let Some(why) = self.wrong(rules).await? else {
            self.renew(&record)?;
            return Ok(None);
        };
        let applied = put_in_place(&self.nft, rules, &record).await?;
        let id = applied.state.cgroup_id;
        self.applied = Some(applied);
        Ok(Some(format!("{why}; the rules are in place, for control group {id}")))
    }

    /// Claims again what was just found to be so.
    fn renew(&mut self, record: &Record) -> Result<(), EgressError> {
        let Some(applied) = &mut self.applied else { return Ok(()) };
        let renewed = applied.state.renewed();
        if Duration::from_millis(renewed.beat.saturating_sub(applied.state.beat)) >= BEAT {
            record.renew(&renewed)?;
            applied.state = renewed;
        }
        Ok(())
    }

    async fn wrong(&self, rules: &Rules) -> Result<Option<String>, EgressError> {
        let Some(applied) = &self.applied else { return Ok(Some("started".to_owned())) };
        if render(rules) != applied.script {
            return Ok(Some("the addresses of registries changed".to_owned()));
        }
        let now = self.nft.rules().await?;
        if let Some(what) = listing::difference(&applied.loaded.rules, now.as_deref()) {
            return Ok(Some(what));
        }
        let containers = rules.containers.as_ref().map(|containers| (CONTAINERS, &containers.cgroup));
        for (set, cgroup) in containers.into_iter().chain([(ENGINE, &rules.engine)]) {
            match apply::holds(&self.nft, set, cgroup).await {
                Ok(()) => {}
                Err(EgressError::OtherHeld { held, dir, .. }) => {
                    return Ok(Some(format!("`{}` was made anew, and the set `{set}` held {held}", dir.display())));
                }
                Err(EgressError::NoCgroup { dir }) => {
                    return Ok(Some(format!("there was no control group `{}`", dir.display())));
                }
                Err(error) => return Err(error),
            }
        }
        let wanted = egress::Rules { cgroup_id: rules.engine.id()?.unwrap_or_default(), ..applied.state.clone() };
        match egress::read(&self.state_file) {
            Ok(state) if state.claims_the_same(&wanted) => Ok(None),
            Ok(_) => Ok(Some(format!("`{}` said something else", self.state_file.display()))),
            Err(error) => Ok(Some(chain(&error))),
        }
    }

    /// Takes the claim back, so that the plugin refuses what could go past the door.
    async fn cannot(&mut self, error: &EgressError) {
        self.next = Instant::now() + AGAIN;
        self.breath = self.next;
        let mut text = format!("cannot keep the rules in place: {}", chain(error));
        let withdrawn = async { Record::lock(&self.state_file).await?.withdraw() };
        if let Err(error) = withdrawn.await {
            text.push_str(&format!("; nor tell the plugin: {}", chain(&error)));
        }
        if self.trouble.as_ref() != Some(&text) {
            say(&format!("{text}; the plugin refuses loopback registries meanwhile"));
            self.trouble = Some(text);
        }
    }
}

/// What cannot be looked at counts as gone: the look at the rules then says why.
fn ids(rules: &Rules) -> [Option<u64>; 2] {
    let containers = rules.containers.as_ref().and_then(|containers| containers.cgroup.id().ok().flatten());
    [rules.engine.id().ok().flatten(), containers]
}

/// The addresses of registries, asked for beside everything else: a resolver may be slow.
struct Names {
    known: Registries,
    asked: Option<JoinHandle<(Registries, Vec<String>)>>,
    next: Instant,
    unknown: Vec<String>,
}

impl Names {
    fn new() -> Self {
        Self { known: Registries::default(), asked: None, next: Instant::now(), unknown: Vec::new() }
    }

    /// Gives what there is to say.
    async fn tick(&mut self, options: &Options, now: Instant) -> Vec<String> {
        let hosts = &options.containers_not_to;
        if hosts.is_empty() {
            return Vec::new();
        }
        if let Some(asked) = self.asked.take_if(|asked| asked.is_finished()) {
            let Ok((known, unknown)) = asked.await else { return Vec::new() };
            self.known = known;
            self.next = now + if unknown.is_empty() { LOOK_UP } else { LOOK_UP_UNKNOWN };
            let changed = unknown != self.unknown;
            self.unknown = unknown;
            return if changed { apply::warnings(options, &self.unknown) } else { Vec::new() };
        }
        if self.asked.is_none() && now >= self.next {
            let (mut known, hosts) = (self.known.clone(), hosts.clone());
            self.asked = Some(tokio::spawn(async move {
                let unknown = known.look_up(&hosts).await;
                (known, unknown)
            }));
        }
        Vec::new()
    }
}
