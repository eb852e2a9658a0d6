//! One agent: the state machine, with the service behind it and nothing at the machine but somebody who works with
//! Docker all day.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use daemon::{
    credentials::Account,
    posture::Telling,
    service::{CallError, Service},
    stamp::Stamp,
    sync::{Command, Event, Goal, Number, Seen, Sync, Timer},
};
use proto::{
    secret::Secret,
    sync::{Held, Kind, Posture, Record, ReportRequest},
};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

use super::ORGANIZATION;

/// Between two reports of an agent, on average: somebody whose pulls are refused all day.
pub const REPORT_EVERY: Duration = Duration::from_secs(10);

/// What an agent tells of itself.
pub struct Told {
    /// Which.
    pub agent: usize,
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

pub enum What {
    /// The service sent a state on a new stream.
    Connected,
    /// A policy of this generation is in force.
    InForce(u64),
    /// The service has it in its database that it is.
    Acknowledged(u64),
}

#[derive(Clone)]
pub struct Agent {
    pub number: usize,
    pub account: Account,
    pub service: Service,
    pub told: mpsc::UnboundedSender<Told>,
}

impl Agent {
    /// Until the process ends.
    pub async fn run(self) {
        let (events, mut coming) = mpsc::channel(16);
        let mut running = Running {
            conversation: None,
            reporter: None,
            timers: BTreeMap::new(),
            events,
            guards: watch::channel(guards(Vec::new())).0,
            tell_within: watch::channel(Duration::ZERO).0,
        };
        let mut sync = Sync::new(None);
        let url = Some(self.service.url().to_owned());
        let seen = Seen::Account { account: self.account.clone(), stamp: Stamp::default() };
        let mut happened = VecDeque::from([
            Event::Enrolled { service: url.clone(), docker_hub: false },
            Event::Credential { service: url, seen },
            Event::PluginUp { machine_id: machine_id(self.number), session: None },
        ]);
        loop {
            let event = match happened.pop_front() {
                Some(event) => event,
                None => match coming.recv().await {
                    Some(event) => event,
                    None => return,
                },
            };
            for command in sync.handle(event) {
                happened.extend(self.execute(command, &mut running));
            }
        }
    }

    /// What happens at once, if anything does; what takes time comes later.
    fn execute(&self, command: Command, running: &mut Running) -> Option<Event> {
        match command {
            Command::SignIn { attempt, account, machine_id } => {
                running.converse(sign_in(self.service.clone(), account, machine_id, attempt, running.events.clone()));
            }
            Command::Watch { attempt, token, held } => {
                let link = Link {
                    service: self.service.clone(),
                    attempt,
                    events: running.events.clone(),
                    tell_within: running.tell_within.clone(),
                };
                running.converse(watch(link, token, held, self.number, self.told.clone()));
            }
            Command::HangUp => running.hang_up(),
            Command::Apply(goal) => {
                if let Goal::Documents(documents) = goal {
                    let policies = documents.0.iter().filter(|document| document.name.kind() == Kind::Policy);
                    let guards = guards(policies.map(|document| document.name.clone()).collect());
                    if let Some(generation) = newest(&guards) {
                        self.tell(What::InForce(generation));
                    }
                    running.guards.send_replace(guards);
                }
                return Some(Event::Applied);
            }
            Command::Wait { timer, number, delay } => running.wait(timer, number, delay.duration(fastrand::f64())),
            Command::Report(token) => {
                let (guards, within) = (running.guards.subscribe(), running.tell_within.subscribe());
                running.report(token.map(|token| self.clone().report(token, guards, within)));
            }
            Command::Store(_) | Command::ClearCache => {}
        }
        None
    }

    fn tell(&self, what: What) {
        drop(self.told.send(Told { agent: self.number, at: Instant::now(), what }));
    }

    /// A refusal now and then, and what guards the machine when an agent would tell it (`daemon::records`).
    async fn report(mut self, token: Secret, mut guards: watch::Receiver<Posture>, within: watch::Receiver<Duration>) {
        let next = || tokio::time::Instant::now() + REPORT_EVERY.mul_f64(2.0 * fastrand::f64());
        let (mut telling, mut next_record) = (Telling::default(), next());
        loop {
            let posture = guards.borrow_and_update().clone();
            let now = tokio::time::Instant::now();
            let due = telling.due(&token, &posture, *within.borrow(), now, fastrand::f64());
            let posture = (due <= now).then_some(posture);
            let records = if next_record <= now { vec![record(machine_id(self.number))] } else { Vec::new() };
            if records.is_empty() && posture.is_none() {
                tokio::select! {
                    () = tokio::time::sleep_until(due.min(next_record)) => {}
                    changed = guards.changed() => if changed.is_err() { return },
                }
                continue;
            }
            if !records.is_empty() {
                next_record = next();
            }
            let sent = self.service.report(&token, ReportRequest { records, dropped: 0, posture: posture.clone() });
            // What is not taken comes again with a real agent; here the next one comes.
            match (sent.await, posture) {
                (Ok(_), Some(posture)) => {
                    if let Some(generation) = newest(&posture) {
                        self.tell(What::Acknowledged(generation));
                    }
                    telling.told(token.clone(), posture);
                }
                (Ok(_), None) => {}
                (Err(_), _) => tokio::time::sleep(REPORT_EVERY).await,
            }
        }
    }
}

fn guards(policies: Vec<Held>) -> Posture {
    Posture {
        plugin_version: daemon::VERSION.to_owned(),
        engine_version: "28.5.1".to_owned(),
        engine_asks: true,
        policies,
        ..Posture::default()
    }
}

fn newest(guards: &Posture) -> Option<u64> {
    guards.policies.iter().map(|held| held.generation).max()
}

fn record(machine_id: String) -> Record {
    Record {
        id: format!("01J9ZK{:020}", fastrand::u64(..)),
        machine_id,
        action: "pull".to_owned(),
        image: format!("docker.io/evil/miner:{}", fastrand::u8(..)),
        reason: "category".to_owned(),
        category: "community".to_owned(),
        organization: ORGANIZATION.to_owned(),
        ..Record::default()
    }
}

fn machine_id(number: usize) -> String {
    format!("machine-{number}")
}

struct Running {
    conversation: Option<AbortHandle>,
    reporter: Option<AbortHandle>,
    timers: BTreeMap<Timer, AbortHandle>,
    events: mpsc::Sender<Event>,
    guards: watch::Sender<Posture>,
    tell_within: watch::Sender<Duration>,
}

impl Running {
    fn converse(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.hang_up();
        self.conversation = Some(tokio::spawn(task).abort_handle());
    }

    /// From now on with this token, or not at all.
    fn report(&mut self, reporting: Option<impl Future<Output = ()> + Send + 'static>) {
        let before = std::mem::replace(&mut self.reporter, reporting.map(|task| tokio::spawn(task).abort_handle()));
        if let Some(before) = before {
            before.abort();
        }
    }

    fn hang_up(&mut self) {
        if let Some(before) = self.conversation.take() {
            before.abort();
        }
    }

    fn wait(&mut self, timer: Timer, number: Number, delay: Duration) {
        let events = self.events.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            let _ = events.send(Event::Timer { timer, number }).await;
        });
        if let Some(before) = self.timers.insert(timer, task.abort_handle()) {
            before.abort();
        }
    }
}

struct Link {
    service: Service,
    attempt: Number,
    events: mpsc::Sender<Event>,
    tell_within: watch::Sender<Duration>,
}

async fn sign_in(
    mut service: Service,
    account: Account,
    machine_id: String,
    attempt: Number,
    events: mpsc::Sender<Event>,
) {
    let start = Instant::now();
    let event = match service.sign_in(&account, machine_id, 1000).await {
        Ok(answer) => Event::SignedIn { attempt, token: Secret::new(answer.agent_token), session: answer.session },
        Err(error) => broken(error, attempt, start),
    };
    let _ = events.send(event).await;
}

async fn watch(mut link: Link, token: Secret, held: Vec<Held>, agent: usize, told: mpsc::UnboundedSender<Told>) {
    let (start, attempt) = (Instant::now(), link.attempt);
    let error = match link.service.watch(&token, held).await {
        Err(error) => error,
        Ok((mut state, mut stream)) => {
            drop(told.send(Told { agent, at: Instant::now(), what: What::Connected }));
            loop {
                link.tell_within.send_replace(Duration::from_millis(state.tell_within_ms.into()));
                let event = Event::Desired { attempt, desired: state.desired, envelopes: state.envelopes };
                if link.events.send(event).await.is_err() {
                    return;
                }
                state = match stream.message().await {
                    Ok(Some(next)) => next,
                    Ok(None) => break CallError::Unavailable { why: String::new(), retry_after: None },
                    Err(status) => break status.into(),
                };
            }
        }
    };
    let _ = link.events.send(broken(error, attempt, start)).await;
}

fn broken(error: CallError, attempt: Number, start: Instant) -> Event {
    let lasted = start.elapsed();
    match error {
        CallError::Refused(why) => {
            eprintln!("the service refuses an agent: {why}");
            Event::Refused { attempt, lasted }
        }
        CallError::Unavailable { retry_after, .. } => Event::Unavailable { attempt, retry_after, lasted },
    }
}
