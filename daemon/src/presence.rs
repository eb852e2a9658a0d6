//! Whether the plugin is there, and whether it is still the same one.

use std::time::Duration;

use proto::{
    control::StatusResponse,
    sync::{Kind, Posture},
};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::{
    enforcement::Plugin,
    posture,
    sync::{BACKOFF_BASE, Delay, Event, InForceThere, PLUGIN_CAP},
};

/// How often the plugin is asked. A restart is noticed within this; the answer comes from its memory.
const PERIOD: Duration = Duration::from_secs(1);

/// Which run of the plugin: what was acknowledged to one means nothing to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When it started, milliseconds since the Unix epoch.
    pub started_at_ms: i64,
}

/// Asks for the plugin's state each second and when something was `applied`, and tells each start, each end, what is in
/// force and what guards the machine. Ends when nobody listens.
pub async fn follow(
    mut plugin: Plugin,
    uid: u32,
    events: mpsc::Sender<Event>,
    runs: watch::Sender<Option<Run>>,
    postures: watch::Sender<Posture>,
    mut applied: watch::Receiver<()>,
) {
    let mut known: Option<(String, i64)> = None;
    let mut failures = 0;
    let mut told_down = false;
    loop {
        let wait = match plugin.status().await {
            Ok(status) => {
                failures = 0;
                told_down = false;
                postures.send_if_modified(|before| replaced(before, posture::of(&status)));
                let this = (status.machine_id.clone(), status.started_at_ms);
                if known.as_ref() != Some(&this) {
                    info!(version = status.version, machine = status.machine_id, "the plugin answers");
                    if !status.enrollment_error.is_empty() {
                        warn!(error = status.enrollment_error, "the plugin cannot use the enrollment file");
                    }
                    runs.send_replace(Some(Run { started_at_ms: status.started_at_ms }));
                    let session = in_force(&status, uid).session;
                    let event = Event::PluginUp { machine_id: status.machine_id.clone(), session };
                    if events.send(event).await.is_err() {
                        return;
                    }
                    known = Some(this);
                } else if events.send(Event::PluginLooked(in_force(&status, uid))).await.is_err() {
                    return;
                }
                PERIOD
            }
            Err(error) => {
                postures.send_if_modified(|before| replaced(before, Posture::default()));
                if known.take().is_some() {
                    runs.send_replace(None);
                    if events.send(Event::PluginDown).await.is_err() {
                        return;
                    }
                }
                if !std::mem::replace(&mut told_down, true) {
                    warn!(%error, "the plugin is not there; trying again until it is");
                }
                failures += 1;
                Delay::Backoff { attempt: failures, cap: PLUGIN_CAP }.duration(fastrand::f64()).max(BACKOFF_BASE / 10)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = applied.changed() => if changed.is_err() { return },
            () = events.closed() => return,
        }
    }
}

/// Puts another value there; false: it is the same.
fn replaced<T: PartialEq>(before: &mut T, now: T) -> bool {
    let changed = *before != now;
    *before = now;
    changed
}

/// What is in force there, as far as it is this uid's business.
fn in_force(status: &StatusResponse, uid: u32) -> InForceThere {
    let of = |kind: Kind| status.in_force.iter().filter(move |document| document.kind() == kind);
    InForceThere {
        session: of(Kind::Session).find(|document| document.uid == uid).map(posture::held),
        policies: of(Kind::Policy).map(posture::held).collect(),
    }
}
