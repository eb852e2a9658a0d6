//! Commands that look after a machine with an engine on it.

use std::process::ExitCode;

use clap::Subcommand;

use crate::{bugreport, demo, disable, doctor, egress, enable, engine_config, install, uninstall};

#[derive(Subcommand)]
pub(super) enum Command {
    Doctor(doctor::Args),
    Bugreport(bugreport::Args),
    Install(install::Args),
    Uninstall(uninstall::Args),
    Disable(disable::Args),
    Enable(enable::Args),
    EngineConfig(engine_config::Args),
    Egress(egress::Args),
    Demo(demo::Args),
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    StandIn(crate::stand_in::Args),
}

impl Command {
    /// # Errors
    /// When the command could not do its work.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Doctor(args) => doctor::run(&args),
            Self::Bugreport(args) => bugreport::run(&args),
            Self::Install(args) => install::run(&args),
            Self::Uninstall(args) => uninstall::run(&args),
            Self::Disable(args) => disable::run(&args),
            Self::Enable(args) => enable::run(&args),
            Self::EngineConfig(args) => engine_config::run(&args),
            Self::Egress(args) => egress::run(args),
            Self::Demo(args) => demo::run(args),
            #[cfg(target_os = "linux")]
            Self::StandIn(args) => crate::stand_in::run(&args),
        }
    }
}
