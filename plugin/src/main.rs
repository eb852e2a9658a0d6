//! `pullgate-plugin`: wiring only.

use clap::Parser as _;
use plugin::{app, config::Config};

fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    app::run(&config)
}
