//! The guard: one `sh` that removes what a lab leaves behind, and ends what the lab started
//! should the lab's owner be killed outright.
//!
//! The owner tells it each start and end over a pipe. The pipe closes when the lab ends, in
//! whatever way. After `keep` the guard waits for its own SIGTERM instead: that is how a kept
//! lab is ended.

use std::{
    fs,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::error::{LabError, file};

const SCRIPT: &str = include_str!("guard.sh");

/// The running guard.
pub(crate) struct Guard {
    child: Mutex<Child>,
    dir: PathBuf,
    kept: AtomicBool,
}

impl Guard {
    pub(crate) fn start(dir: &Path) -> Result<Self, LabError> {
        let script = dir.join("guard.sh");
        fs::write(&script, SCRIPT).map_err(file("write", &script))?;
        let child = Command::new("sh")
            .arg(&script)
            .arg(dir)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of the reach of the terminal's Ctrl-C: the owner says what ends and when.
            .process_group(0)
            .spawn()
            .map_err(|source| LabError::Start { program: "sh".to_owned(), source })?;
        Ok(Self { child: Mutex::new(child), dir: dir.to_owned(), kept: AtomicBool::new(false) })
    }

    pub(crate) fn started(&self, pid: u32) {
        // A guard that is gone cannot help; the owner still ends its processes itself.
        let _ = self.tell(&format!("started {pid}"));
    }

    pub(crate) fn ended(&self, pid: u32) {
        let _ = self.tell(&format!("ended {pid}"));
    }

    /// From now on dropping a process leaves it running. Returns the guard's process id.
    pub(crate) fn keep(&self) -> Result<u32, LabError> {
        self.tell("keep").map_err(|source| LabError::Start { program: "the lab's guard".to_owned(), source })?;
        self.kept.store(true, Ordering::SeqCst);
        Ok(self.lock().id())
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::SeqCst)
    }

    /// Lets the guard remove what is left of the lab, and waits for that.
    pub(crate) fn finish(&self) {
        let mut child = self.lock();
        drop(child.stdin.take());
        let _ = child.wait();
    }

    /// The name of the control group under which the engine of this lab puts its containers.
    pub(crate) fn cgroup(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn tell(&self, line: &str) -> std::io::Result<()> {
        match &mut self.lock().stdin {
            Some(pipe) => writeln!(pipe, "{line}"),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
