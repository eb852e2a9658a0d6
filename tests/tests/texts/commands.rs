//! What programs say when something is wrong, as it is read on a terminal.

mod agent;
mod check;
mod engine_config;
mod files;
mod pullgate;
mod service;
mod session;
mod start;
