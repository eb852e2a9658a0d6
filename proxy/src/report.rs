//! Decisions on their way to the plugin, where the agent fetches them. At least once: a record whose arrival
//! was not confirmed is handed over again, and the service knows it by its id.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use proto::{
    control::{ReportRequest, control_client::ControlClient},
    local,
    sync::Record,
};
use tokio::{sync::mpsc, time::timeout};
use tonic::{Code, Status, transport::Channel};
use tracing::warn;

use crate::retry::{self, Retry};

/// Records that wait while the plugin does not answer, less than 1 KiB each. A full queue loses the newest.
const WAITING: usize = 1024;
/// Most records in one report; the plugin takes no more.
const BATCH: usize = 500;
/// After the first record of a batch, others may join it for this long.
const GATHER: Duration = Duration::from_millis(100);
/// For one report.
const CALL: Duration = Duration::from_secs(5);

/// Takes records and never waits.
#[derive(Debug, Clone)]
pub struct Reporter {
    records: mpsc::Sender<Record>,
    lost: Arc<AtomicU64>,
}

impl Reporter {
    /// Hands a record over; where the queue is full, it is lost and counted.
    pub fn report(&self, record: Record) {
        if self.records.try_send(record).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Both ends; the future carries records until the last reporter is dropped. What waits then is handed over once.
pub fn channel(control_socket: PathBuf) -> (Reporter, impl Future<Output = ()> + Send) {
    let (sender, records) = mpsc::channel(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let carrier = Carrier { records, lost: Arc::clone(&lost), complaint: None };
    (Reporter { records: sender, lost }, carrier.run(control_socket))
}

struct Carrier {
    records: mpsc::Receiver<Record>,
    lost: Arc<AtomicU64>,
    /// Why the last report did not arrive; each reason is logged once.
    complaint: Option<String>,
}

impl Carrier {
    async fn run(mut self, control_socket: PathBuf) {
        let mut retry = Retry::new(&control_socket);
        let mut channel = local::connect_lazy(&control_socket);
        while let Some(batch) = self.gather().await {
            let mut request = ReportRequest { records: batch, dropped: 0 };
            loop {
                request.dropped = request.dropped.saturating_add(self.lost.swap(0, Ordering::Relaxed));
                let Err(status) = report(&channel, request.clone()).await else {
                    self.complaint = None;
                    retry.succeeded();
                    break;
                };
                self.complain(&status, &control_socket);
                if is_final(&status) {
                    // The plugin would refuse it each time.
                    let lost = request.dropped.saturating_add(request.records.len() as u64);
                    self.lost.fetch_add(lost, Ordering::Relaxed);
                    break;
                }
                if self.records.is_closed() {
                    return;
                }
                retry.pause().await;
                // Nothing of a connection that hangs is used again.
                channel = local::connect_lazy(&control_socket);
            }
        }
    }

    /// The next records; none: there will be no more.
    async fn gather(&mut self) -> Option<Vec<Record>> {
        let mut batch = Vec::new();
        if self.records.recv_many(&mut batch, BATCH).await == 0 {
            return None;
        }
        let rest = async {
            let mut room = BATCH.saturating_sub(batch.len());
            while room > 0 {
                match self.records.recv_many(&mut batch, room).await {
                    0 => return,
                    more => room = room.saturating_sub(more),
                }
            }
        };
        // Few is fine as well.
        let _ = timeout(GATHER, rest).await;
        Some(batch)
    }

    fn complain(&mut self, status: &Status, socket: &Path) {
        let why = retry::why(status);
        if self.complaint.as_ref() != Some(&why) {
            warn!(why, socket = %socket.display(), "decisions cannot be handed to the plugin, and wait");
            self.complaint = Some(why);
        }
    }
}

async fn report(channel: &Channel, request: ReportRequest) -> Result<(), Status> {
    let mut client = ControlClient::new(channel.clone());
    match timeout(CALL, client.report(request)).await {
        Ok(answer) => answer.map(|_| ()),
        Err(_) => Err(Status::deadline_exceeded("pullgate-plugin takes calls and does not answer")),
    }
}

/// Whether the plugin would refuse the same records each time.
fn is_final(status: &Status) -> bool {
    status.code() == Code::InvalidArgument
}
