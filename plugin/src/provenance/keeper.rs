//! Puts the memory on disk.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tracing::{info, warn};

use super::{Provenance, file};
use crate::state::StateError;

/// After a change that the disk did not take, and so between two complaints.
const RETRY: Duration = Duration::from_secs(5);

/// Puts the memory on disk, away from the door.
#[derive(Debug)]
pub struct Keeper {
    provenance: Arc<Provenance>,
    path: PathBuf,
    overflow_reported: bool,
}

impl Keeper {
    /// Of this memory, in this state directory.
    #[must_use]
    pub fn new(provenance: Arc<Provenance>, state_dir: &Path) -> Self {
        let overflow_reported = provenance.remembered().overflowed;
        Self { provenance, path: file::path(state_dir), overflow_reported }
    }

    /// Writes after each change; changes that come while it writes are written together.
    pub async fn run(&mut self) {
        loop {
            self.provenance.changed.notified().await;
            if let Err(error) = self.save() {
                warn!(error = %proto::chain(&error), "what is remembered of image names is not on disk");
                tokio::time::sleep(RETRY).await;
                self.provenance.changed.notify_one();
            }
        }
    }

    /// Writes what is not on disk yet.
    ///
    /// # Errors
    /// [`StateError`]; then it is still to be written.
    pub fn save(&mut self) -> Result<(), StateError> {
        if !self.provenance.unsaved.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let file = file::File::from(&*self.provenance.read());
        let written = file::write(&self.path, &file);
        if written.is_err() {
            self.provenance.unsaved.store(true, Ordering::Release);
        }
        if !self.overflow_reported && self.provenance.remembered().overflowed {
            self.overflow_reported = true;
            report_overflow(&self.path);
        }
        written
    }
}

pub(super) fn report_overflow(path: &Path) {
    info!(
        file = %path.display(),
        "image names that are not remembered count as of unknown origin; to forget all, stop pullgate-plugin and remove the file"
    );
}
