//! Host paths of a request, followed through symbolic links for the tamper guard.
//!
//! A path is judged as text first; only one that is harmless so is looked up, and only while some
//! policy protects this machine. Looking up is I/O, and a dead network file system answers never:
//! it is done by a few threads of its own with a deadline, and what is not known in time reaches the
//! host as far as anybody can tell.
//!
//! Not claimed: a link that is put in place after this look, since the engine follows links anew at
//! each start of a container; mount points and hard links, which only root makes lead elsewhere; a
//! path in another mount namespace than this process's, so the service unit of the plugin must hide
//! nothing from it (`PrivateTmp`, `ProtectHome`).

use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use policy::{Enforced, Governed, HostPath, Reach};
use tokio::{sync::oneshot, time::timeout};
use tracing::warn;

mod walk;

/// Most host paths of one request that are looked up. The engine's own tests mount a handful.
const MAX_PATHS: usize = 256;
/// A lookup takes some microseconds a path where the disk answers.
const DEADLINE: Duration = Duration::from_millis(500);
/// Threads that look up.
const THREADS: usize = 4;
/// Threads at most: one that hangs in a dead file system is replaced until that answers.
const MOST_THREADS: usize = 32;
/// Requests that wait for a thread; each goes after [`DEADLINE`].
const WAITING: usize = 64;

type Lookup = dyn Fn(&HostPath) -> Option<Reach> + Send + Sync;

/// Looks host paths up.
pub struct Paths {
    lookup: Arc<Lookup>,
    deadline: Duration,
    /// Made for the first request that needs it; none: the system gave no thread.
    pool: OnceLock<Option<Pool>>,
}

struct Pool {
    jobs: SyncSender<Job>,
    receiver: Arc<Mutex<Receiver<Job>>>,
    threads: AtomicUsize,
}

struct Job {
    paths: Vec<HostPath>,
    reply: oneshot::Sender<Vec<Reach>>,
}

/// Judges the paths of a request as text, for the policies that protect this machine. What is left
/// must be looked up before it is decided.
pub(crate) fn as_text(enforced: &Enforced, governed: &mut Governed) -> Option<Vec<HostPath>> {
    let protects = enforced.policies.iter().any(|policy| policy.enabled && policy.settings.protect.is_some());
    if governed.paths.is_empty() || !protects {
        return None;
    }
    let Governed { paths, reach, .. } = governed;
    reach.extend(paths.iter().filter(|path| path.reaches(&path.path)).map(|path| path.reach(&path.path)));
    if paths.len() > MAX_PATHS {
        reach.push(Reach { word: "bind", what: format!("more than {MAX_PATHS} host paths") });
    }
    // One that reaches is as many as all.
    reach.is_empty().then(|| paths.clone())
}

impl Default for Paths {
    fn default() -> Self {
        Self::with(follow, DEADLINE)
    }
}

impl Paths {
    fn with(lookup: impl Fn(&HostPath) -> Option<Reach> + Send + Sync + 'static, deadline: Duration) -> Self {
        Self { lookup: Arc::new(lookup), deadline, pool: OnceLock::new() }
    }

    /// What of these paths reaches the host by a link, or cannot be told in time.
    pub(crate) async fn look_up(&self, paths: Vec<HostPath>) -> Vec<Reach> {
        let late = |why: &str| paths.iter().map(|path| because(path, why)).collect();
        let (reply, answer) = oneshot::channel();
        let job = Job { paths: paths.clone(), reply };
        let Some(pool) = self.pool.get_or_init(|| self.start()) else {
            return late("which cannot be looked up: the system gives no thread");
        };
        if pool.jobs.try_send(job).is_err() {
            return late("which cannot be looked up: too many are waiting for it");
        }
        match timeout(self.deadline, answer).await {
            Ok(Ok(found)) => found,
            _ => {
                if pool.threads.load(Ordering::Relaxed) < MOST_THREADS {
                    self.hire(pool);
                }
                late("which could not be looked up in time")
            }
        }
    }

    fn start(&self) -> Option<Pool> {
        let (jobs, receiver) = sync_channel(WAITING);
        let pool = Pool { jobs, receiver: Arc::new(Mutex::new(receiver)), threads: AtomicUsize::new(0) };
        (0..THREADS).all(|_| self.hire(&pool)).then_some(pool)
    }

    fn hire(&self, pool: &Pool) -> bool {
        let (receiver, lookup) = (Arc::clone(&pool.receiver), Arc::clone(&self.lookup));
        let thread = thread::Builder::new().name("paths".to_owned()).stack_size(256 << 10);
        let hired = thread.spawn(move || serve(&receiver, &*lookup));
        match &hired {
            Ok(_) => drop(pool.threads.fetch_add(1, Ordering::Relaxed)),
            Err(error) => warn!(%error, "cannot start a thread that looks up host paths"),
        }
        hired.is_ok()
    }
}

impl std::fmt::Debug for Paths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paths").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

fn serve(jobs: &Mutex<Receiver<Job>>, lookup: &Lookup) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { paths, reply }) = job else { return };
        // Nobody waits for what is late.
        if !reply.is_closed() {
            let _ = reply.send(paths.iter().filter_map(lookup).collect());
        }
    }
}

/// Whether a path leads to control files by a link. With `..` in it, both as the engine takes it
/// (as text, for mounts) and as the kernel does (along links, for devices).
fn follow(path: &HostPath) -> Option<Reach> {
    let written = Path::new(&path.path);
    let cleaned = walk::clean(written);
    [written, cleaned.as_path()].into_iter().find_map(|spelling| match walk::resolve(spelling) {
        Ok(resolved) => {
            let resolved = resolved.to_string_lossy().replace(char::is_control, "\u{fffd}");
            path.reaches(&resolved).then(|| path.reach(&resolved))
        }
        Err(error) => Some(because(path, &error.to_string())),
    })
}

fn because(path: &HostPath, why: &str) -> Reach {
    let reach = path.reach(&path.path);
    Reach { what: format!("{}, {why}", reach.what), ..reach }
}

#[cfg(test)]
mod tests;
