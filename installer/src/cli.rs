//! The command line as a whole: one variant a command, and what each one's module runs.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    bugreport, check, credentials, decide, demo, disable, doctor, egress, enable, engine_config, image, install, login,
    records, request, request_access, status, sync, uninstall,
};

/// Image Access Management for Docker Engine.
#[derive(Parser)]
#[command(name = "pullgate", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Status(status::Args),
    Doctor(doctor::Args),
    Check(check::Args),
    Login(login::Args),
    Sync(sync::Args),
    RequestAccess(request_access::Args),
    Records(records::Args),
    Bugreport(bugreport::Args),
    Install(install::Args),
    Uninstall(uninstall::Args),
    Disable(disable::Args),
    Enable(enable::Args),
    EngineConfig(engine_config::Args),
    Egress(egress::Args),
    Credentials(credentials::Args),
    Demo(demo::Args),
    Image(image::Args),
    Request(request::Args),
    Decide(decide::Args),
}

impl Cli {
    /// Runs what was typed.
    ///
    /// # Errors
    /// When the command could not do its work.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Status(args) => status::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Login(args) => login::run(&args),
            Command::Sync(args) => sync::run(&args),
            Command::RequestAccess(args) => request_access::run(&args),
            Command::Records(args) => records::run(&args),
            Command::Bugreport(args) => bugreport::run(&args),
            Command::Install(args) => install::run(&args),
            Command::Uninstall(args) => uninstall::run(&args),
            Command::Disable(args) => disable::run(&args),
            Command::Enable(args) => enable::run(&args),
            Command::EngineConfig(args) => engine_config::run(&args),
            Command::Egress(args) => egress::run(args),
            Command::Credentials(args) => credentials::run(&args),
            Command::Demo(args) => demo::run(args),
            Command::Image(args) => image::run(&args),
            Command::Request(args) => request::run(&args),
            Command::Decide(args) => decide::run(&args),
        }
    }
}
