//! Executes what [`crate::sync`] commands, and brings it what happens.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proto::secret::Secret;
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, error, info, info_span, warn};

use crate::{
    cache::Cache,
    compare::Progress,
    credentials::{Account, Realm, Source},
    enforcement::{ControlError, Plugin},
    enrolled::{DockerHub, Enrolled},
    quiet::Quiet,
    records::Ticket,
    service::{CallError, Service},
    sync::{ApplyFailure, Cached, Command, Event, Goal, Number, Sync, Timer},
};

/// Events that may wait for the driver. Each task has one on its way at most; there are fewer tasks.
pub const EVENTS: usize = 16;

/// What the driver works with.
pub struct Driver {
    /// The state machine.
    pub sync: Sync,
    /// Documents on disk.
    pub cache: Cache,
    /// The plugin.
    pub plugin: Plugin,
    /// This process's user.
    pub uid: u32,
    /// The enrollment in force.
    pub enrolled: watch::Receiver<Enrolled>,
    /// What happens; the sender is for the tasks that the driver starts.
    pub events: (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    /// Tokens for the reporter.
    pub tickets: watch::Sender<Option<Ticket>>,
    /// Wakes whoever looks at the plugin.
    pub applied: watch::Sender<()>,
    /// How soon the service wants to hear which policies are in force.
    pub tell_within: watch::Sender<Duration>,
    /// Where the agent stands, for whoever asked for a comparison.
    pub progress: watch::Sender<Progress>,
    /// Where its tasks are counted.
    pub tasks: TaskTracker,
}

/// What is going on.
#[derive(Default)]
struct Running {
    service: Option<Service>,
    conversation: Option<AbortHandle>,
    timers: BTreeMap<Timer, AbortHandle>,
    service_log: Quiet,
    plugin_log: Quiet,
    /// The newest set to keep, taken by the one task that writes.
    disk: Option<watch::Sender<Option<Cached>>>,
}

impl Drop for Running {
    /// With the driver goes what it started; only what is being applied or written may finish.
    fn drop(&mut self) {
        self.conversation.iter().chain(self.timers.values()).for_each(AbortHandle::abort);
    }
}

impl Driver {
    /// Runs until the task is dropped.
    pub async fn run(mut self) {
        let mut running = Running::default();
        running.disk = Some(self.start_disk());
        self.enrollment_changed(&mut running);
        loop {
            let event = tokio::select! {
                changed = self.enrolled.changed() => match changed {
                    Ok(()) => {
                        self.enrollment_changed(&mut running);
                        continue;
                    }
                    Err(_) => return,
                },
                event = self.events.1.recv() => match event {
                    Some(event) => event,
                    None => return,
                },
            };
            self.step(event, &mut running);
        }
    }

    fn step(&mut self, event: Event, running: &mut Running) {
        // Each second, and nearly never news.
        if !matches!(event, Event::PluginLooked(_)) {
            debug!(event = event.name(), "event");
        }
        if matches!(event, Event::Applied) {
            self.applied.send_replace(());
        }
        let begun = u64::from(matches!(event, Event::Compare));
        for command in self.sync.handle(event) {
            debug!(command = command.name(), "command");
            self.execute(command, running);
        }
        let standing = self.sync.standing();
        self.progress.send_if_modified(|progress| {
            let now = Progress { begun: progress.begun.saturating_add(begun), standing };
            std::mem::replace(progress, now) != now
        });
    }

    fn enrollment_changed(&mut self, running: &mut Running) {
        let enrolled = self.enrolled.borrow_and_update().clone();
        running.service = match &enrolled {
            Enrolled::Yes(enrollment) => match Service::new(enrollment) {
                Ok(service) => Some(service),
                Err(error) => {
                    error!(%error, "the service cannot be used");
                    None
                }
            },
            Enrolled::No { .. } => None,
        };
        let service = enrolled.service().map(str::to_owned);
        let docker_hub = enrolled.docker_hub() == DockerHub::Shown;
        self.step(Event::Enrolled { service, docker_hub }, running);
    }

    /// Never waits: what takes time is a task that sends an event.
    fn execute(&mut self, command: Command, running: &mut Running) {
        match command {
            Command::SignIn { attempt, account, machine_id } => match running.service.clone() {
                Some(service) => {
                    let link = self.link(service, attempt, running.service_log.clone());
                    let task = sign_in(link, account, machine_id, self.uid);
                    self.converse(running, task.instrument(info_span!("sign_in")));
                }
                None => debug!("no service to sign in to"),
            },
            Command::Watch { attempt, token, held } => match running.service.clone() {
                Some(service) => {
                    let link = self.link(service, attempt, running.service_log.clone());
                    let task = watch_service(link, token, held);
                    self.converse(running, task.instrument(info_span!("watch")));
                }
                None => debug!("no service to watch"),
            },
            Command::HangUp => {
                if let Some(conversation) = running.conversation.take() {
                    conversation.abort();
                }
            }
            Command::Report(token) => {
                let ticket = token.zip(running.service.clone()).map(|(token, service)| Ticket { service, token });
                self.tickets.send_replace(ticket);
            }
            Command::Apply(goal) => {
                let something_stays = self.sync.has_session_in_force();
                let (plugin, events, log) = (self.plugin.clone(), self.events.0.clone(), running.plugin_log.clone());
                let task = apply(plugin, goal, something_stays, events, log);
                self.tasks.spawn(task.instrument(info_span!("apply")));
            }
            Command::Store(cached) => keep(running, Some(cached)),
            Command::ClearCache => keep(running, None),
            Command::Wait { timer, number, delay } => {
                let events = self.events.0.clone();
                let delay = delay.duration(fastrand::f64());
                let task = self.tasks.spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = events.send(Event::Timer { timer, number }).await;
                });
                if let Some(before) = running.timers.insert(timer, task.abort_handle()) {
                    before.abort();
                }
            }
        }
    }

    /// One conversation with the service at a time.
    fn converse(&self, running: &mut Running, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(task);
        if let Some(before) = running.conversation.replace(task.abort_handle()) {
            before.abort();
        }
    }

    /// One writer for the cache: the newest state wins, and a slow disk holds nothing up.
    fn start_disk(&self) -> watch::Sender<Option<Cached>> {
        let (sender, mut receiver) = watch::channel(None);
        let cache = self.cache.clone();
        self.tasks.spawn(
            async move {
                let mut failed = false;
                while receiver.changed().await.is_ok() {
                    let newest: Option<Cached> = receiver.borrow_and_update().clone();
                    let cache = cache.clone();
                    let work = move || match newest {
                        Some(cached) => cache.store(&cached),
                        None => cache.clear(),
                    };
                    let result = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).flatten();
                    match result {
                        Ok(()) => failed = false,
                        Err(error) if !std::mem::replace(&mut failed, true) => {
                            warn!(%error, "documents cannot be kept on disk; they are in force all the same");
                        }
                        Err(error) => debug!(%error, "documents still cannot be kept"),
                    }
                }
            }
            .instrument(info_span!("cache")),
        );
        sender
    }

    fn link(&self, service: Service, attempt: Number, log: Quiet) -> Link {
        let (events, tell_within) = (self.events.0.clone(), self.tell_within.clone());
        Link { service, attempt, events, tell_within, log, plugin: self.plugin.clone() }
    }
}

fn keep(running: &Running, newest: Option<Cached>) {
    if let Some(disk) = &running.disk {
        disk.send_replace(newest);
    }
}

/// What a conversation with the service needs.
struct Link {
    service: Service,
    attempt: Number,
    events: mpsc::Sender<Event>,
    tell_within: watch::Sender<Duration>,
    log: Quiet,
    plugin: Plugin,
}

async fn sign_in(mut link: Link, account: Account, machine_id: String, uid: u32) {
    let started = Instant::now();
    let attempt = link.attempt;
    let event = match link.service.sign_in(&account, machine_id, uid).await {
        Ok(response) => {
            info!(user = account.user, realm = account.realm.code(), "signed in");
            Event::SignedIn { attempt, token: Secret::new(response.agent_token), session: response.session }
        }
        Err(CallError::Refused(why)) => {
            let (user, realm, next) = (&account.user, account.realm.code(), after_refusal(&account));
            warn!(user, realm, why, next, "the service refuses the credential");
            Event::Refused { attempt, lasted: started.elapsed() }
        }
        Err(CallError::Unavailable { why, retry_after }) => {
            if link.log.is_news(&why) {
                warn!(
                    why,
                    retry_after_s = retry_after.map(|wait| wait.as_secs()),
                    "the service cannot be asked now; trying until it can"
                );
            }
            Event::Unavailable { attempt, retry_after, lasted: started.elapsed() }
        }
    };
    let _ = link.events.send(event).await;
}

/// What to do about a refused credential.
fn after_refusal(account: &Account) -> &'static str {
    match (&account.source, account.realm) {
        (Source::TokenFile, _) => "put a valid access token into the token file; it is not tried again before",
        (_, Realm::DockerHub) => {
            "run `docker login` for the service's host, or `docker logout` and `docker login` for Docker Hub; it is not \
             tried again before"
        }
        (_, Realm::Service) => {
            "run `docker logout` and `docker login` for the service's host; it is not tried again before"
        }
    }
}

async fn watch_service(mut link: Link, token: Secret, held: Vec<proto::sync::Held>) {
    let started = Instant::now();
    let attempt = link.attempt;
    let error = match link.service.watch(&token, held).await {
        Err(error) => error,
        Ok((first, mut stream)) => {
            link.log.reset();
            info!(documents = first.desired.len(), version = first.service_version, "connected to the service");
            link.plugin.tell_of_service(&first.service_version);
            let mut next = first;
            loop {
                link.tell_within.send_replace(Duration::from_millis(next.tell_within_ms.into()));
                let event = Event::Desired { attempt, desired: next.desired, envelopes: next.envelopes };
                if link.events.send(event).await.is_err() {
                    return;
                }
                next = match stream.message().await {
                    Ok(Some(state)) => state,
                    Ok(None) => {
                        break CallError::Unavailable {
                            why: "the service ended the stream".to_owned(),
                            retry_after: None,
                        };
                    }
                    Err(status) => break status.into(),
                };
            }
        }
    };
    let event = match error {
        CallError::Refused(why) => {
            info!(why, "the service wants to see the credential again");
            Event::Refused { attempt, lasted: started.elapsed() }
        }
        CallError::Unavailable { why, retry_after } => {
            if link.log.is_news(&why) {
                warn!(why, "no connection to the service; what is in force stays, trying until there is one");
            }
            Event::Unavailable { attempt, retry_after, lasted: started.elapsed() }
        }
    };
    let _ = link.events.send(event).await;
}

async fn apply(mut plugin: Plugin, goal: Goal, something_stays: bool, events: mpsc::Sender<Event>, log: Quiet) {
    let event = match plugin.apply(&goal).await {
        Ok(()) => {
            log.reset();
            match &goal {
                Goal::Nobody => info!("no session of this user is in force"),
                Goal::Documents(documents) => info!(documents = ?documents.0, "in force"),
            }
            Event::Applied
        }
        Err(error) => {
            let failure = match error {
                ControlError::Refused(_) => ApplyFailure::Refused,
                ControlError::SessionOver(_) => ApplyFailure::SessionOver,
                ControlError::Unavailable(_) => ApplyFailure::NoAnswer,
            };
            let why = error.explained();
            if log.is_news(&why) {
                let refused = failure != ApplyFailure::NoAnswer;
                match something_stays {
                    true => warn!(
                        why,
                        refused,
                        "the plugin did not take the documents; the last good ones stay in force, trying again"
                    ),
                    false => warn!(
                        why,
                        refused, "the plugin did not take the documents; no session is in force, trying again"
                    ),
                }
            }
            Event::ApplyFailed(failure)
        }
    };
    let _ = events.send(event).await;
}
