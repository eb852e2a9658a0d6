//! The `pullgate` command: what people type.
//!
//! Each command is a module with `Args` and `run`. A command ends with an exit code that
//! means something; an error is printed with its causes and is exit code 2.
//!
//! Must never: leave an engine pointing at a plugin that does not answer.

pub mod agent;
pub mod check;
pub mod credentials;
pub mod decide;
pub mod demo;
pub mod doctor;
pub mod egress;
pub mod image;
pub mod lab;
pub mod login;
pub mod machine;
pub mod output;
pub mod request;
pub mod requests;
pub mod status;
