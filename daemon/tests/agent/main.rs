//! The real agent as a process, against small real servers: a policy service over TCP, a
//! plugin over its control socket, and credentials files as the Docker CLI writes them. With helpers that are shell
//! scripts, and so on Unix.
#![cfg(unix)]

mod access;
mod credentials;
mod docker_hub;
mod environment;
mod helpers;
mod login;
mod network;
mod outages;
mod process;
mod promise;
mod records;
mod sign_in;
mod storms;
mod support;
mod tls;
mod token_file;
mod watch;
