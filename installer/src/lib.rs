//! The `pullgate` command: what people type.
//!
//! Each command is a module with `Args` and `run`. A command ends with an exit code that
//! means something; an error is printed with its causes and is exit code 2.
//!
//! Must never: leave an engine pointing at a plugin that does not answer.

pub mod acts;
pub mod agent;
pub mod bugreport;
pub mod check;
pub mod cli;
pub mod credentials;
pub mod decide;
pub mod demo;
pub mod disable;
pub mod doctor;
pub mod egress;
pub mod enable;
pub mod engine_config;
pub mod engine_files;
pub mod engines;
pub mod image;
pub mod install;
pub mod lab;
pub mod login;
pub mod machine;
pub mod output;
pub mod records;
pub mod request;
pub mod request_access;
pub mod requests;
#[cfg(test)]
pub(crate) mod snapshot;
#[cfg(target_os = "linux")]
pub mod stand_in;
pub mod status;
pub mod sync;
pub mod systemd;
pub mod uninstall;
pub mod when;
