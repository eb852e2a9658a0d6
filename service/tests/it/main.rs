//! Drives the real `pullgate-service` over real sockets: one process for each test, port 0,
//! TLS with the service's own authority as the only root. The database is SQLite; `postgres` runs the same tests on
//! the other one.

mod access;
mod api_checker;
mod backup;
mod commands;
mod connections;
mod console_sign_in;
mod database;
mod docker_hub;
mod docker_login;
mod fake;
mod hostile;
mod hub_api;
mod keys;
mod oidc;
mod preview;
mod provider;
mod publishers;
mod report;
mod sign_in;
mod sign_ins;
mod signed;
mod sqlite;
mod start;
mod support;
mod texts;
mod tokens;
mod watch;
