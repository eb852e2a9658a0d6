//! The tests of `it` with PostgreSQL as the database, and those of several processes that share one.

mod behind_haproxy;
mod connection;
mod database;
mod moved;
mod several;

#[path = "../it/access.rs"]
mod access;
#[path = "../it/backup.rs"]
mod backup;
#[path = "../it/commands.rs"]
mod commands;
#[path = "../it/connections.rs"]
mod connections;
#[path = "../it/console_sign_in.rs"]
mod console_sign_in;
#[path = "../it/docker_hub.rs"]
mod docker_hub;
#[path = "../it/docker_login.rs"]
mod docker_login;
#[path = "../it/fake.rs"]
mod fake;
#[path = "../it/hub_api.rs"]
mod hub_api;
#[path = "../it/keys.rs"]
mod keys;
#[path = "../it/oidc.rs"]
mod oidc;
#[path = "../it/preview.rs"]
mod preview;
#[path = "../it/provider.rs"]
mod provider;
#[path = "../it/publishers.rs"]
mod publishers;
#[path = "../it/report.rs"]
mod report;
#[path = "../it/sign_in.rs"]
mod sign_in;
#[path = "../it/sign_ins.rs"]
mod sign_ins;
#[path = "../it/signed.rs"]
mod signed;
#[path = "../it/start.rs"]
mod start;
#[path = "../it/support.rs"]
mod support;
#[path = "../it/texts.rs"]
mod texts;
#[path = "../it/tokens.rs"]
mod tokens;
#[path = "../it/watch.rs"]
mod watch;
