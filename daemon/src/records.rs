//! Carries records of decisions from the plugin to the service, by way of the spool, and with them what guards the
//! machine.
//!
//! Each record arrives at least once: the plugin forgets what was synced to disk, the spool what
//! the service took. The service drops what it has by id.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use proto::{
    secret::Secret,
    sync::{Posture, ReportRequest},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};
use tracing::{debug, info, warn};

use crate::{
    enforcement::{ControlError, Plugin},
    posture::Telling,
    presence::Run,
    service::{CallError, Service},
    spool::Spool,
    sync::{Delay, SERVICE_CAP},
};

/// Most records in one report; the service's own limit is far beyond.
const BATCH: u64 = 500;
/// A pause that keeps a plugin which refuses, or a full disk, from being asked in a circle.
const PAUSE: Duration = Duration::from_secs(2);

/// The spool, shared by the two tasks. Its calls block, so they run beside the runtime.
#[derive(Debug, Clone)]
pub struct Shared {
    spool: Arc<Mutex<Spool>>,
    /// There is something new to send.
    arrived: Arc<Notify>,
}

impl Shared {
    /// Shares it.
    #[must_use]
    pub fn new(spool: Spool) -> Self {
        Self { spool: Arc::new(Mutex::new(spool)), arrived: Arc::new(Notify::new()) }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spool) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let spool = Arc::clone(&self.spool);
        tokio::task::spawn_blocking(move || work(&mut spool.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(io::Error::other)?
    }
}

/// Takes records from the plugin while it is there. Ends when nobody tells of runs any more.
///
/// `applied` wakes it: before the first session the plugin gives this user no records.
pub async fn collect(
    mut plugin: Plugin,
    shared: Shared,
    mut runs: watch::Receiver<Option<Run>>,
    mut applied: watch::Receiver<()>,
) {
    // INVARIANT: a number of one run of the plugin is never acknowledged to another: it goes back
    // with the run that gave it, and the plugin holds it against its own.
    let (mut run, mut acknowledge) = (0, 0);
    let mut disk_failed = false;
    loop {
        if runs.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let answer = tokio::select! {
            answer = plugin.records(run, acknowledge) => answer,
            changed = runs.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let pause = match answer {
            Ok(answer) => {
                let (records, dropped, last, this_run) = (answer.records, answer.dropped, answer.last, answer.run);
                let count = records.len();
                match shared.with(move |spool| spool.append(&records, dropped)).await {
                    Ok(()) => {
                        if std::mem::take(&mut disk_failed) {
                            info!("records can be kept again");
                        }
                        (run, acknowledge) = (this_run, last);
                        if count > 0 {
                            debug!(count, "records kept");
                            shared.arrived.notify_one();
                            continue;
                        }
                        // An empty answer ahead of time must not make a busy circle.
                        Duration::from_millis(50)
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut disk_failed, true) {
                            warn!(%error, "records cannot be kept on disk; they stay with the plugin");
                        }
                        PAUSE
                    }
                }
            }
            Err(ControlError::Refused(why) | ControlError::SessionOver(why)) => {
                debug!(why, "the plugin gives no records to this user");
                PAUSE
            }
            Err(ControlError::Unavailable(why)) => {
                debug!(why, "the plugin gave no records");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = applied.changed() => if changed.is_err() { return },
            changed = runs.changed() => if changed.is_err() { return },
        }
    }
}

/// Milliseconds since the Unix epoch, as records have it.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// A token and the service that gave it.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The service.
    pub service: Service,
    /// Its token.
    pub token: Secret,
}

/// Sends records, and what guards the machine, while there is a ticket. Ends when nobody gives tickets any more.
pub async fn report(
    shared: Shared,
    mut tickets: watch::Receiver<Option<Ticket>>,
    mut postures: watch::Receiver<Posture>,
    tell_within: watch::Receiver<Duration>,
) {
    let mut failures = 0;
    let mut telling = Telling::default();
    loop {
        let Some(mut ticket) = (match tickets.wait_for(Option::is_some).await {
            Ok(ticket) => ticket.clone(),
            Err(_) => return,
        }) else {
            continue;
        };
        let url = ticket.service.url().to_owned();
        let peek = move |spool: &mut Spool| spool.belongs_to(&url, now_ms()).and_then(|()| spool.peek(BATCH));
        let batch = match shared.with(peek).await {
            Ok(batch) => batch,
            Err(error) => {
                warn!(%error, "the kept records cannot be read");
                tokio::time::sleep(SERVICE_CAP).await;
                continue;
            }
        };
        let posture = postures.borrow_and_update().clone();
        let within = *tell_within.borrow();
        let due = telling.due(&ticket.token, &posture, within, Instant::now(), fastrand::f64());
        let posture = (due <= Instant::now()).then_some(posture);
        if batch.is_empty() && posture.is_none() {
            tokio::select! {
                () = shared.arrived.notified() => {}
                () = sleep_until(due) => {}
                changed = postures.changed() => if changed.is_err() { return },
                changed = tickets.changed() => if changed.is_err() { return },
            }
            continue;
        }
        let (records, dropped) = (batch.records.clone(), batch.dropped);
        let report = ReportRequest { records, dropped, posture: posture.clone() };
        let sent = tokio::select! {
            sent = ticket.service.report(&ticket.token, report) => sent,
            changed = tickets.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let wait = match sent {
            Ok(accepted) => {
                if failures > 0 {
                    info!("records arrive again");
                }
                failures = 0;
                if let Some(posture) = posture {
                    telling.told(ticket.token.clone(), posture);
                }
                if batch.is_empty() {
                    continue;
                }
                debug!(sent = batch.records.len(), accepted, dropped = batch.dropped, "records reported");
                match shared.with(move |spool| spool.consume(&batch)).await {
                    Ok(()) => continue,
                    Err(error) => {
                        warn!(%error, "what was reported cannot be noted; it may be sent again");
                        SERVICE_CAP
                    }
                }
            }
            // A new ticket comes with the next sign-in.
            Err(CallError::Refused(why)) => {
                debug!(why, "the token is not accepted for records");
                SERVICE_CAP
            }
            Err(CallError::Unavailable { why, retry_after }) => {
                if failures == 0 {
                    warn!(why, "records cannot be sent now; they are kept");
                }
                let backoff = Delay::Backoff { attempt: failures, cap: SERVICE_CAP };
                failures = failures.saturating_add(1);
                retry_after.unwrap_or_else(|| backoff.duration(fastrand::f64()))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = tickets.changed() => if changed.is_err() { return },
        }
    }
}
