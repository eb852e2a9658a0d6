//! What guards machines, written many at a time. After a change of a policy all agents tell of it at once, and a
//! transaction of its own for each would be a wait for the disk for each.

use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tonic::Status;

use super::unavailable;
use crate::{
    model::Posture,
    store::{AgentKey, Store, StoreError},
};

/// Most that wait to be written; more wait to be let in.
const WAITING: usize = 1024;
/// Most of one transaction: others write too.
const MOST: usize = 256;

/// Takes them to the one task that writes.
#[derive(Clone, Debug)]
pub struct Postures(mpsc::Sender<Waiting>);

#[derive(Debug)]
struct Waiting {
    key: AgentKey,
    posture: Posture,
    at_ms: i64,
    kept: oneshot::Sender<Result<(), Status>>,
}

impl Postures {
    /// Starts the task, which ends with the last of these.
    #[must_use]
    pub fn start(store: Store, tracker: &TaskTracker) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tracker.spawn(write(store, receiver));
        Self(sender)
    }

    /// Returns when it is in the database.
    ///
    /// # Errors
    /// When it is not.
    pub(super) async fn keep(&self, key: AgentKey, posture: Posture, at_ms: i64) -> Result<(), Status> {
        let (kept, outcome) = oneshot::channel();
        let stops = || Status::unavailable("the service stops; connect again");
        self.0.send(Waiting { key, posture, at_ms, kept }).await.map_err(|_| stops())?;
        outcome.await.map_err(|_| stops())?
    }
}

/// Whatever arrives while a transaction is under way goes into the next one.
async fn write(store: Store, mut receiver: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(MOST);
    while receiver.recv_many(&mut batch, MOST).await > 0 {
        let outcome = write_all(&store, &batch).await.map_err(|error| unavailable(&error));
        for waiting in batch.drain(..) {
            // Whoever hung up does not want to know.
            drop(waiting.kept.send(outcome.clone()));
        }
    }
}

async fn write_all(store: &Store, batch: &[Waiting]) -> Result<(), StoreError> {
    let mut change = store.write().await?;
    for Waiting { key, posture, at_ms, .. } in batch {
        change.set_posture(key, posture, *at_ms).await?;
    }
    change.commit().await
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::{
        model::Role,
        store::{
            SealedSession,
            testing::{Fixture, on_each_database},
        },
    };

    fn session(generation: i64) -> SealedSession {
        SealedSession {
            generation,
            content_sha256: [0; 32],
            envelope: Vec::new(),
            keyid: String::new(),
            issued_at: 1,
            refresh_after: 2,
            expires_at: i64::MAX,
        }
    }

    fn in_force(generation: i64) -> Posture {
        Posture { policies: [("acme".to_owned(), generation)].into(), ..Posture::default() }
    }

    async fn what_all_machines_tell_at_once_is_kept(fixture: Fixture) {
        const MACHINES: i64 = 2 * MOST as i64 + 7;
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        let acme = change.add_organization("acme", 1).await.unwrap();
        let mut keys = Vec::new();
        for number in 0..MACHINES {
            let account = change.add_account(&format!("member{number:04}"), "$argon2id$", 1).await.unwrap();
            change.set_member(acme, account, Role::Member, &[]).await.unwrap();
            let key = AgentKey { account, machine_id: format!("machine-{number}"), uid: 1 };
            change.put_session(&key, &session(number + 1), "1").await.unwrap();
            keys.push(key);
        }
        change.commit().await.unwrap();
        let tracker = TaskTracker::new();
        let postures = Postures::start(store.clone(), &tracker);
        let mut all = tokio::task::JoinSet::new();
        for (key, number) in keys.iter().cloned().zip(0..) {
            let postures = postures.clone();
            all.spawn(async move { postures.keep(key, in_force(number), 5).await });
        }
        assert!(all.join_all().await.iter().all(Result::is_ok));
        let start = (String::new(), String::new(), -1);
        let rows =
            store.read().await.unwrap().machines((acme, "acme"), &start, Default::default(), 1000, 1).await.unwrap();
        let found: Vec<_> = rows.into_iter().filter_map(|row| row.posture).collect();
        assert_eq!(found, (0..MACHINES).map(in_force).collect::<Vec<_>>());

        // A machine that is forgotten keeps nobody else's from the database.
        let unknown = AgentKey { machine_id: "unknown".to_owned(), ..keys[0].clone() };
        let (forgotten, other) =
            tokio::join!(postures.keep(unknown, in_force(1), 6), postures.keep(keys[1].clone(), in_force(2), 6));
        assert_eq!((forgotten.is_ok(), other.is_ok()), (true, true));

        store.close().await;
        let refused = postures.keep(keys[0].clone(), in_force(9), 7).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        drop(postures);
        tracker.close();
        tracker.wait().await;
    }

    on_each_database! {
        what_all_machines_tell_at_once_is_kept,
    }
}
