//! `pullgate-service`: the policy service and its administration.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use proto::log;
use service::{
    cli::{Cli, Command},
    data_dir::DataDir,
    database,
};
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if json {
                // Nobody may be reading any more; the exit code says it too.
                drop(writeln!(io::stdout(), "{}", serde_json::json!({ "error": proto::chain(&*error) })));
            }
            drop(writeln!(io::stderr(), "pullgate-service: {}", proto::chain(&*error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // Whatever is created is for this user only, also where a library creates it.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let serves = matches!(cli.command, Command::Serve(_));
    // Commands say only what went wrong.
    log::start(if serves { LevelFilter::INFO } else { LevelFilter::ERROR });
    let caller = rustix::process::getuid();
    if matches!(cli.command, Command::Admin(_)) {
        // Before there is a second thread.
        DataDir::act_as_owner(&cli.data_dir)?;
    }
    // As the owner: root reads nothing that another user could have put there.
    let postgres = database::named(&cli.data_dir, cli.database, cli.database_file.as_deref())?;
    // The one place that chooses the cryptography of TLS; an error only says that it is chosen.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    if serves {
        // Inside the sandbox it could not be said any more.
        service::app::forbid_core_dumps()?;
        service::sandbox::enter(&DataDir::open(&cli.data_dir, true)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Serve(options) => runtime.block_on(service::app::serve(&cli.data_dir, postgres, options)),
        Command::Admin(command) => {
            runtime.block_on(service::admin::run(&cli.data_dir, postgres, cli.json, caller.as_raw(), command))
        }
    }
}
