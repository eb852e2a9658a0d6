//! Drives the real `pullgate-service` over real sockets: one process for each test, port 0,
//! TLS with the service's own authority as the only root.

mod access;
mod commands;
mod connections;
mod docker_hub;
mod docker_login;
mod fake;
mod hub_api;
mod oidc;
mod report;
mod sign_in;
mod sign_ins;
mod signed;
mod start;
mod support;
mod tokens;
mod watch;
