//! Ctrl-C, and the like, while something is being changed: it is taken back then, not left half done.

use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

/// Signals that ask for an end, from now on until the process ends.
pub struct Interrupt {
    runtime: Runtime,
    signals: std::cell::RefCell<Vec<Signal>>,
}

impl Interrupt {
    /// Takes them. They end the process no more.
    ///
    /// # Errors
    /// What the system says.
    pub fn take() -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals: std::io::Result<Vec<Signal>> = runtime.block_on(async {
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].into_iter().map(signal).collect()
        });
        Ok(Self { runtime, signals: std::cell::RefCell::new(signals?) })
    }

    /// Whether one came.
    pub fn came(&self) -> bool {
        let mut signals = self.signals.borrow_mut();
        self.runtime.block_on(async {
            // The driver looks at what came meanwhile.
            tokio::task::yield_now().await;
            for signal in signals.iter_mut() {
                if tokio::time::timeout(std::time::Duration::from_millis(1), signal.recv()).await.is_ok() {
                    return true;
                }
            }
            false
        })
    }
}
