//! `pullgated`, the agent. Runs as the user whose Docker credentials it watches.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use clap::Parser as _;
use daemon::{
    app::App,
    config::{Command, Config},
    hardening, login, request_access, show,
};
use proto::log;
use tracing::level_filters::LevelFilter;

/// What a command exits with when it could not do its work, as every command of `pullgate`.
const FAILED: u8 = 2;
/// What the agent exits with when it cannot run, or a part of it ended.
const ENDED: u8 = 1;

fn main() -> ExitCode {
    let hardened = hardening::no_dumps();
    let config = Config::parse();
    log::start(LevelFilter::INFO);
    if let Err(error) = hardened {
        tracing::warn!(%error, "core dumps of this process cannot be forbidden");
    }
    // One TLS provider for the whole process, before anything could ask for it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let failed = if config.command.is_some() { FAILED } else { ENDED };
    match run(config) {
        Ok(code) => code,
        Err(error) => {
            // Nobody may be reading; the exit code says it too.
            let _ = writeln!(io::stderr(), "pullgated: {}", proto::chain(&*error));
            ExitCode::from(failed)
        }
    }
}

fn run(config: Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        match &config.command {
            Some(Command::Credentials(args)) => show::credentials(&config, args).await?,
            Some(Command::Reach) => show::reach(&config).await?,
            Some(Command::Login(args)) => return Ok(login::run(&config, args).await),
            Some(Command::RequestAccess(args)) => return Ok(request_access::run(&config, args).await),
            None => App::start(config)?.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    });
    // A read that hangs on a network file system must not hold the end of the process.
    runtime.shutdown_timeout(Duration::from_millis(200));
    result
}
