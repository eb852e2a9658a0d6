//! `pullgate stand-in`: answers for a program of pullgate's that cannot be run at all.
//!
//! systemd holds the sockets of plugin and door. A program that is missing, empty or made for another machine would leave
//! whoever dials in their queues, without a word and without an end: an engine has no time limit for a plugin. So systemd
//! starts this in its place (`OnFailure=`), with the same sockets. It says what is wrong, for a while; then it ends, and
//! whoever asks next has the program tried again (docs/decisions, 0018).
//!
//! It decides nothing: without the plugin's program nothing is known of any request, and everything is refused.

mod answer;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Args as ClapArgs, ValueEnum};
use proto::{
    local::{CANNOT_START, Listener},
    paths,
    supervisor::{Held, Manager, Progress},
};
use tokio::task::JoinSet;

use crate::install::layout::Source;

/// For so long it answers before the program is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Answer for a program that cannot be run; systemd starts it
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Whose sockets it has
    #[arg(value_enum)]
    of: Program,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    Plugin,
    Door,
}

/// # Errors
/// When no socket is held for it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let held = Held::from_env()?;
    let source = Source::of(Path::new("/"))?;
    let program = match args.of {
        Program::Plugin => source.plugin(),
        Program::Door => source.door(),
    };
    let fault = fault(Path::new(program));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args.of, held, &fault))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(of: Program, mut held: Held, fault: &str) -> anyhow::Result<()> {
    let end = Instant::now() + TRY_AGAIN;
    let mut answering = JoinSet::new();
    match of {
        Program::Plugin => {
            let text: Arc<str> = format!(
                "{fault}, and nothing can be judged without it; install pullgate again, or get Docker back with \
                 `sudo pullgate disable --for 1h`"
            )
            .into();
            if let Some(socket) = held.take_unix("engine", Path::new(paths::PLUGIN_SOCKET)) {
                answering.spawn(answer::engine(socket, end, text));
            }
            if let Some(socket) = held.take_unix("control", Path::new(paths::CONTROL_SOCKET)) {
                let told = format!("{CANNOT_START}, and everything is refused: {fault}; install pullgate again");
                answering.spawn(async move {
                    Listener::held(socket)?.refuse(told, tokio::time::sleep_until(end.into())).await?;
                    Ok(())
                });
            }
        }
        Program::Door => {
            let text: Arc<str> = format!(
                "{fault}, and nothing is fetched without it; install pullgate again, or take the registry door out with \
                 `sudo pullgate disable --for 1h --restart`"
            )
            .into();
            for socket in held.take_tcp() {
                answering.spawn(answer::door(socket, end, Arc::clone(&text)));
            }
        }
    }
    if answering.is_empty() {
        anyhow::bail!("no socket is held for it; systemd starts it in the place of a program that cannot be run");
    }
    // Whatever the manager hears of it, callers are answered.
    if let Ok(manager) = Manager::from_env() {
        let _ = manager.tell(Progress::Ready, fault);
    }
    while let Some(ended) = answering.join_next().await {
        ended??;
    }
    Ok(())
}

/// What is wrong with a program that systemd could not run.
fn fault(program: &Path) -> String {
    let what = match fs::metadata(program) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not there".to_owned(),
        Err(error) => format!("cannot be looked at ({error})"),
        Ok(file) if file.len() == 0 => "is empty".to_owned(),
        Ok(file) if file.permissions().mode() & 0o111 == 0 => "is not executable".to_owned(),
        Ok(_) => "cannot be run here".to_owned(),
    };
    format!("`{}` {what}", program.display())
}

#[cfg(test)]
mod tests;
