//! `pullgate-proxy`: wiring only.

use clap::Parser as _;
use proxy::{app, config::Command};

fn main() -> anyhow::Result<()> {
    app::run(&Command::parse())
}
