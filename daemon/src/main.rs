//! `pullgated`, the agent. Runs as the user whose Docker credentials it watches.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use daemon::{
    app::App,
    config::{Command, Config},
    hardening, logging, login, request_access, show,
};

fn main() -> ExitCode {
    let hardened = hardening::no_dumps();
    let config = Config::parse();
    logging::install();
    if let Err(error) = hardened {
        tracing::warn!(%error, "core dumps of this process cannot be forbidden");
    }
    // One TLS provider for the whole process, before anything could ask for it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(config) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the agent cannot run");
            ExitCode::FAILURE
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
