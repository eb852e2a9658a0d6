//! The timer that ends `pullgate disable`. It is on the disk, so that a reboot changes nothing about it.

use std::path::{Path, PathBuf};

use crate::{
    install::{error::ChangeError, files, layout::Source},
    systemd::Systemd,
    when::moment,
};

const TIMER: &str = "pullgate-enable.timer";
const SERVICE: &str = "pullgate-enable.service";
const DIR: &str = "etc/systemd/system";

/// Ends it at this moment.
///
/// # Errors
/// [`ChangeError`].
pub fn set(root: &Path, systemd: &Systemd, until_ms: i64) -> Result<(), ChangeError> {
    let command = Source::of(root).map_err(ChangeError::Program)?.command();
    let service = format!(
        "# Written by `pullgate disable`.\n[Unit]\nDescription=pullgate: ends `pullgate disable`\n\
         After=docker.service pullgate-plugin.socket\nStartLimitIntervalSec=0\n\n[Service]\nType=oneshot\n\
         ExecStart={command} enable --scheduled\n# The plugin does not answer: Docker stays up, and this is tried again.\n\
         Restart=on-failure\nRestartSec=5min\n"
    );
    let timer = format!(
        "# Written by `pullgate disable`.\n[Unit]\nDescription=pullgate: when `pullgate disable` ends\n\n[Timer]\n\
         OnCalendar={}\nAccuracySec=1s\n# Also if the machine was off at that time.\nPersistent=true\n\n[Install]\n\
         WantedBy=timers.target\n",
        moment(until_ms)
    );
    for (path, text) in places(root).into_iter().zip([timer, service]) {
        files::replace(&path, files::read(&path)?.as_deref(), text.as_bytes(), 0o644)?;
    }
    systemd.daemon_reload()?;
    // One that ran before keeps its old time otherwise.
    systemd.disable_now(TIMER)?;
    Ok(systemd.enable_now(TIMER)?)
}

/// Takes it away. What it started goes on.
///
/// # Errors
/// [`ChangeError`].
pub fn forget(root: &Path, systemd: &Systemd) -> Result<(), ChangeError> {
    let places = places(root);
    if !places.iter().any(|path| path.exists()) {
        return Ok(());
    }
    systemd.disable_now(TIMER)?;
    // When it last ran, which is kept for `Persistent=`.
    let stamp = root.join("var/lib/systemd/timers").join(format!("stamp-{TIMER}"));
    for path in places.into_iter().chain([stamp]) {
        files::remove(&path, None)?;
    }
    Ok(systemd.daemon_reload()?)
}

fn places(root: &Path) -> [PathBuf; 2] {
    [TIMER, SERVICE].map(|name| root.join(DIR).join(name))
}
