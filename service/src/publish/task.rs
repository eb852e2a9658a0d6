//! The one task that publishes. Level-triggered: a change of the database is a hint to
//! compare; so is the clock.

use std::{sync::Arc, time::Duration};

use proto::chain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Ahead, PublishError, Snapshot, bring_up_to_date};
use crate::{
    clock,
    data_dir::DataDir,
    key_ring::{KeyRing, KeyRingError, Keys},
    store::{Changes, Store},
    validity::Validities,
};

/// Looks for due documents at least this often.
const SLOW: Duration = Duration::from_secs(60);
/// Pause after a failure: a full disk or a busy database is asked again, not hammered.
const RETRY: Duration = Duration::from_secs(1);

/// Where streams read what is published.
pub type Snapshots = watch::Receiver<Arc<Snapshot>>;

/// The task's state.
pub struct Publisher {
    store: Store,
    dir: DataDir,
    keys: Keys,
    validities: Validities,
    changes: Changes,
    ahead: Ahead,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

impl Publisher {
    /// Publishes for the first time, so that there is always something to show.
    ///
    /// # Errors
    /// [`PublishError`]; then the service does not start.
    pub async fn start(
        store: Store,
        dir: DataDir,
        keys: Keys,
        validities: Validities,
        ahead: Ahead,
    ) -> Result<(Self, Snapshots), PublishError> {
        // Before the first look, so that a change in between is seen.
        let changes = store.changes().await?;
        let (snapshots, receiver) = watch::channel(Arc::new(Snapshot::nothing()));
        let publisher = Self { store, dir, keys, validities, changes, ahead, snapshots };
        publisher.step(clock::now()).await?;
        Ok((publisher, receiver))
    }

    /// Publishes until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            // Still overdue right after a step: that policy cannot be published, and asking each second would not help.
            let due = u64::try_from(self.snapshots.borrow().due_at().saturating_sub(clock::now()));
            let pause = due.map_or(SLOW, |due| Duration::from_secs(due.max(1)).min(SLOW));
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = self.ahead.told() => {}
                changed = self.changes.wait() => if let Err(error) = changed {
                    tracing::warn!(error = %chain(&error), "the database cannot be watched; trying again");
                    tokio::time::sleep(RETRY).await;
                },
            }
            if let Err(error) = self.step(clock::now()).await {
                if let PublishError::Keys(KeyRingError::AnotherKey { .. }) = error {
                    tracing::error!(error = %chain(&error), "another service signs with a new key");
                    return;
                }
                tracing::error!(error = %chain(&error), "publishing failed; what was published stays, trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(RETRY) => {}
                }
                // The hint is used up: compare again without waiting for the next one.
                self.changes.again();
            }
        }
    }

    /// Compares and publishes what is behind. Reports of machines also change the database:
    /// for those this is one read of one row.
    async fn step(&self, now: i64) -> Result<(), PublishError> {
        let current = Arc::clone(&self.snapshots.borrow());
        let revision = self.store.read().await?.revision().await?;
        let floors = self.ahead.floors();
        if revision == current.revision && now < current.due_at() && floors.is_empty() {
            return Ok(());
        }
        let mut store = self.store.write().await?;
        // INVARIANT: the same keys sign for a database, whichever process it is: with others, each process would
        // replace what the other sealed, without end.
        let ring = KeyRing::load(&self.dir, &mut store).await?;
        let next = bring_up_to_date(&mut store, &ring, &self.validities, &current, &floors, now).await?;
        store.commit().await?;
        self.ahead.done(&floors);
        if ring.stamp() != self.keys.now().stamp() {
            tracing::info!(signs = %ring.signer().id(), change = ring.number(), "signing with other keys");
            self.keys.replace(ring);
        }
        // INVARIANT: shown only after it is durable, and after sessions can be sealed with the same keys.
        self.snapshots.send_replace(Arc::new(next));
        Ok(())
    }
}
