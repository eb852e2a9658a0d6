//! The policy service: organizations, members, policies; signs what the machines enforce.
//!
//! # Who does what
//! | module | does |
//! |---|---|
//! | [`store`] | the database; the only module that knows `sqlx` |
//! | [`identity`] | a name and a secret in, an account out; limits guessing |
//! | [`sessions`] | what a signed-in user of one machine belongs to, sealed for it |
//! | [`publish`] | seals policies and the publishers directory, keeps the exact bytes |
//! | [`sync_api`] | the agents' gRPC service |
//! | [`registry_login`] | `docker login` as the sign-in |
//! | [`http`], [`listener`], [`tls`] | one port for all of it |
//! | [`admin`], [`cli`] | the command line; works on the database, whether or not `serve` runs |
//! | [`app`] | `serve`: the order of start and stop |
//!
//! # Tasks of `serve`
//! One each of: *publisher* (compares the database with what is published, seals what is
//! behind), *listener* (accepts), *certificate* (renews the service's own), *tidy* (forgets
//! old records). One for each connection and one for each watch stream, in a tracker that
//! the stop waits for. A one-of-each task that ends, ends the service.
//!
//! # Channels and bounds
//! | what | bound | when full |
//! |---|---|---|
//! | published snapshot (`watch`) | 1 value | the newest replaces it: streams compare, they do not replay |
//! | messages of a watch stream (`mpsc`) | 1 | the stream waits for its reader; others do not |
//! | watch streams | 10,000, 64 a user | `RESOURCE_EXHAUSTED` |
//! | connections | 10,000 | closed at once |
//! | calls at once on a connection | 64 | HTTP/2 flow control |
//! | hashes at once / waiting | cores, at most 4 / 64 | `RESOURCE_EXHAUSTED`, HTTP 429 |
//! | failed sign-ins | 10 a user, 100 an address, refilled with time | the same, with `retry-after` |
//! | their memory | 20,000 users, 20,000 addresses | the one refilled first is forgotten |
//! | message | 16 MiB; 16 KiB without an agent token | refused |
//! | records of one report | 1,000 | `INVALID_ARGUMENT` |
//! | records kept | a setting, 90 days | forgotten |
//! | generations kept of a document | 10 | the oldest is forgotten, never the newest |
//! | agents kept of an account | 200 | the least recently sealed is forgotten, and sealed again when it comes back |
//!
//! # What the service never does
//! - store or log a secret in the clear, or take one as an argument;
//! - decide: `policy::decide` runs on the machines;
//! - send a document that is not durable, or other bytes for the same generation;
//! - let a generation go back;
//! - replace a signing key that it cannot read;
//! - open an outgoing connection.

pub mod admin;
pub mod app;
pub mod check;
pub mod cli;
pub mod clock;
pub mod data_dir;
pub mod http;
pub mod identity;
pub mod listener;
pub mod model;
pub mod names;
pub mod publish;
pub mod registry_login;
pub mod sessions;
pub mod signing_key;
pub mod store;
pub mod sync_api;
pub mod tls;
pub mod validity;
