//! The `pullgate` command: what people type.
//!
//! Each command is a module with `Args` and `run`. A command ends with an exit code that
//! means something; an error is printed with its causes and is exit code 2.
//!
//! Must never: leave an engine pointing at a plugin that does not answer.
//!
//! What needs a machine with an engine on it, and so Unix, is in the second list. The first is for developers and for
//! scripts, on every system.

pub mod agent;
pub mod check;
pub mod cli;
pub mod credentials;
pub mod decide;
pub mod engine_files;
pub mod image;
pub mod login;
pub mod machine;
pub mod output;
pub mod records;
pub mod request;
pub mod request_access;
pub mod requests;
#[cfg(test)]
pub(crate) mod snapshot;
pub mod status;
pub mod sync;
pub mod when;

#[cfg_attr(not(unix), path = "acts/nobody.rs")]
pub mod acts;
#[cfg(unix)]
pub mod bugreport;
#[cfg(unix)]
pub mod demo;
#[cfg(unix)]
pub mod disable;
#[cfg(unix)]
pub mod doctor;
#[cfg(unix)]
pub mod egress;
#[cfg(unix)]
pub mod enable;
#[cfg(unix)]
pub mod engine_config;
#[cfg(unix)]
pub mod engines;
#[cfg(unix)]
pub mod install;
#[cfg(unix)]
pub mod lab;
#[cfg(target_os = "linux")]
pub mod stand_in;
#[cfg(unix)]
pub mod systemd;
#[cfg(unix)]
pub mod uninstall;
