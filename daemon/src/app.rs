//! Order of start and stop.

use std::time::Duration;

use anyhow::Context as _;
use proto::{agent::Standing, sync::Posture};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, info, info_span};

use crate::{
    VERSION,
    cache::Cache,
    compare::{self, Progress},
    config::{Config, Paths},
    credentials::{helper::Helpers, reader::Reader},
    driver::{Driver, EVENTS},
    enforcement::Plugin,
    enrolled::{self, Enrolled},
    files,
    lock::Lock,
    os::{self, stop::Stop},
    plugin_lock::PluginLock,
    presence, records,
    spool::Spool,
    sync::Sync,
    watcher,
};

/// How long a stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The running agent.
pub struct App {
    paths: Paths,
    /// Long tasks: none of them ends by itself.
    long: JoinSet<&'static str>,
    /// Short tasks of the driver.
    short: TaskTracker,
    stop: Stop,
    _locks: (Lock, PluginLock),
}

impl App {
    /// Takes the state directory and starts everything. Must be called within the runtime.
    ///
    /// # Errors
    /// When the state directory cannot be used, or another agent uses it.
    pub fn start(config: Config) -> anyhow::Result<Self> {
        let paths = config.paths()?;
        let enrolled_now = Enrolled::read(&paths.enrollment);
        log_start(&paths, &enrolled_now);
        let stop = Stop::of_the_agent()?;
        let state_dir = |error: std::io::Error| {
            let dir = paths.state_dir.display();
            anyhow::anyhow!("the state directory `{dir}` cannot be used: {error}; give another --state-dir")
        };
        files::private_directory(&paths.state_dir).map_err(state_dir)?;
        let uid = os::user_id();
        let locks = (Lock::take(&paths.state_dir)?, PluginLock::take(uid, &paths.control_socket)?);
        let cache = Cache::open(&paths.state_dir).map_err(state_dir)?;
        let spool = records::Shared::new(Spool::open(&paths.state_dir, config.spool_limit).map_err(state_dir)?);

        let plugin = Plugin::new(&paths.control_socket);
        let (events_in, events_out) = mpsc::channel(EVENTS);
        let (enrolled_in, enrolled_out) = watch::channel(enrolled_now);
        let (runs_in, runs_out) = watch::channel(None);
        let (tickets_in, tickets_out) = watch::channel(None);
        let (postures_in, postures_out) = watch::channel(Posture::default());
        let (progress_in, progress_out) = watch::channel(Progress { begun: 0, standing: Standing::Busy });
        // One who asks at a time, and a second one who would wait.
        let (looks_in, looks_out) = mpsc::channel(1);
        let (applied_in, applied_out) = watch::channel(());
        let (tell_within_in, tell_within_out) = watch::channel(Duration::ZERO);
        let short = TaskTracker::new();
        let mut long = JoinSet::new();

        spawn(&mut long, "enrollment", enrolled::follow(paths.enrollment.clone(), enrolled_in));
        let reader = Reader {
            place: paths.credentials.clone(),
            helpers: Helpers::from_environment(),
            hints: watcher::watch(paths.credentials.clone()),
            asked: looks_out,
            enrolled: enrolled_out.clone(),
            events: events_in.clone(),
        };
        spawn(&mut long, "credentials", reader.run());
        spawn(
            &mut long,
            "presence",
            presence::follow(plugin.clone(), uid, events_in.clone(), runs_in, postures_in, applied_out.clone()),
        );
        spawn(&mut long, "collect", records::collect(plugin.clone(), spool.clone(), runs_out, applied_out));
        spawn(&mut long, "report", records::report(spool, tickets_out, postures_out, tell_within_out));
        let listener = locks.1.listener().context("the agent's lock cannot be used")?;
        spawn(&mut long, "compare", compare::serve(listener, uid, looks_in, events_in.clone(), progress_out));
        let driver = Driver {
            sync: Sync::new(cache.load()),
            cache,
            plugin,
            uid,
            enrolled: enrolled_out,
            events: (events_in, events_out),
            tickets: tickets_in,
            applied: applied_in,
            tell_within: tell_within_in,
            progress: progress_in,
            tasks: short.clone(),
        };
        spawn(&mut long, "driver", driver.run());
        Ok(Self { paths, long, short, stop, _locks: locks })
    }

    /// Runs until a signal, or until a task ends that must not.
    ///
    /// # Errors
    /// Which task ended.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let result = tokio::select! {
            signal = self.stop.asked() => Ok(signal),
            ended = self.long.join_next() => Err(match ended {
                Some(Ok(name)) => anyhow::anyhow!("the task `{name}` ended, which it never should; please report this"),
                Some(Err(error)) => anyhow::anyhow!("a task failed ({error}), which it never should; please report this"),
                None => anyhow::anyhow!("no task is left"),
            }),
        };
        // A stop is no sign-out: what is in force stays.
        self.long.abort_all();
        self.short.close();
        let all_ended = async {
            while self.long.join_next().await.is_some() {}
            self.short.wait().await;
        };
        let in_time = tokio::time::timeout(STOP_LIMIT, all_ended).await.is_ok();
        let signal = result?;
        info!(signal, in_time, state_dir = %self.paths.state_dir.display(), "stopped");
        Ok(())
    }
}

fn spawn(tasks: &mut JoinSet<&'static str>, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
    let named = async move {
        task.await;
        name
    };
    tasks.spawn(named.instrument(info_span!("task", name)));
}

fn log_start(paths: &Paths, enrolled: &Enrolled) {
    let (service, organizations, why) = match enrolled {
        Enrolled::Yes(enrollment) => (enrollment.service.as_str(), enrollment.allowed_orgs.join(","), ""),
        Enrolled::No { why } => ("none", String::new(), why.as_str()),
    };
    info!(
        version = VERSION,
        credentials = %paths.credentials.now().display(),
        token_file = paths.credentials.is_token_file(),
        state_dir = %paths.state_dir.display(),
        control_socket = %paths.control_socket.display(),
        enrollment = %paths.enrollment.display(),
        service,
        organizations,
        not_enrolled = why,
        "pullgated starts"
    );
}
