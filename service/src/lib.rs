//! The policy service: organizations, members, policies; signs what the machines enforce.
//!
//! # Who does what
//! | module | does |
//! |---|---|
//! | [`store`] | the database, SQLite or PostgreSQL; the only module that knows `sqlx` |
//! | [`backup`] | a file with all that a database holds, and back |
//! | [`database`] | which of them, as arguments, environment or a file say |
//! | [`roles`] | who may do what: one table |
//! | [`acts`] | what is administered, whoever does it: check, change, write the act down, in one transaction |
//! | [`access`] | who asks for an image, who answers, and the rule that comes of it |
//! | [`identity`] | a name, a secret and a realm in, an account out; limits guessing, writes attempts down |
//! | [`sessions`] | what a signed-in user of one machine belongs to, sealed for it |
//! | [`publish`] | seals policies and the publishers directory, keeps the exact bytes |
//! | [`sync_api`] | the agents' gRPC service |
//! | [`registry_login`] | `docker login` as the sign-in |
//! | [`browser`] | sign-ins with a browser: a cookie, of which the database has a digest |
//! | [`own_password`] | one's own password, changed in such a browser |
//! | [`rest`] | the API under `/api/v1`, and its OpenAPI document |
//! | [`console`] | the pages |
//! | [`hub_api`] | the endpoints of Docker Hub's API that sign in |
//! | [`outgoing`] | calls to Docker Hub and to an identity provider, where an administrator named one |
//! | [`hub_search`] | Docker Hub's search, read for which namespaces have a badge |
//! | [`http`], [`listener`], [`tls`] | one port for all of it; [`http`] verifies agent tokens before it reads a body |
//! | [`plain`] | makes text from elsewhere safe to store and to print |
//! | [`admin`], [`cli`] | the command line: words and printing; works on the database, whether or not `serve` runs |
//! | [`app`] | `serve`: the order of start and stop |
//!
//! # Tasks of `serve`
//! One each of: *publisher* (compares the database with what is published, seals what is
//! behind), *listener* (accepts), *certificate* (renews the service's own), *tidy* (forgets
//! old records, in many small changes between those of others), *trail* (writes sign-ins down each second). One for each
//! connection and one for each watch stream, in a tracker that the stop waits for; one for each file of the console's
//! *Activity* that is being sent, which the stop cuts. A one-of-each task that ends, ends the service.
//!
//! # Channels and bounds
//! | what | bound | when full |
//! |---|---|---|
//! | published snapshot (`watch`) | 1 value | the newest replaces it: streams compare, they do not replay |
//! | messages of a watch stream (`mpsc`) | 1 | the stream waits for its reader; others do not |
//! | watch streams | 10,000; 64 a user, 4,096 an organization token | `RESOURCE_EXHAUSTED` |
//! | connections | 10,000; 256 an address, 1,024 this machine | closed at once |
//! | a connection without a request or an authenticated watch stream | 60 s | closed |
//! | calls at once on a connection | 64 | HTTP/2 flow control |
//! | hashes at once / waiting | cores, at most 4 / 64, 16 of a user at an address, 48 of those who did not get in before | `RESOURCE_EXHAUSTED`, HTTP 429 |
//! | failed sign-ins | 10 a user at an address, 300 a user, 500 an address, refilled with time; who got in before counts apart | the same, with `retry-after` |
//! | their memory | 20,000 pairs, users, addresses and known pairs | the one refilled first is forgotten |
//! | outgoing calls | 10 s, 256 KiB of answer, no redirect; 32 sign-ins at once to each of Docker Hub and the provider | `UNAVAILABLE`; `RESOURCE_EXHAUSTED` |
//! | refreshes of the publishers' directory | 1 at a time; 45 s, 15 minutes on the command line; 10,000 results of each badge | `conflict`; what was read is added, and nothing removed |
//! | `BeginLogin` / `FinishLogin` | 30 / 300 at once from an address, 300 / 1,000 in all, refilled with time | `RESOURCE_EXHAUSTED`, with `retry-after` |
//! | calls of the API | 1,000 at once of an account, 500 of an address without one, refilled with time; 128 KiB of body; 200 things a page, 50,000 records looked at | HTTP 429, with `retry-after`; 413 |
//! | browsers signed in of an account | 20; an hour without use, 12 hours | the oldest ends |
//! | access tokens remembered as right | 10,000, for a minute | forgotten |
//! | invitations that wait | 1,000 of an organization, a week | `conflict` |
//! | tokens that `pullgate login` made for an account | 10 | ended ones go, then the oldest |
//! | connections to PostgreSQL | 1 that writes, 8 that read, 1 that listens | 5 s, then `UNAVAILABLE` |
//! | message | report 4 MiB, watch 1 MiB, a form of the console 128 KiB, anything else without an agent token 16 KiB | `OUT_OF_RANGE` |
//! | bytes of messages that wait | 8 MiB an account, 128 MiB all; 256 KiB an address without one, 16 MiB all | `RESOURCE_EXHAUSTED` |
//! | records of one report, bytes of one record | 1,000, 8 KiB | `INVALID_ARGUMENT`; dropped and counted |
//! | records of an account in an hour | 20,000 and 20 MiB, ten times that of an organization token | `RESOURCE_EXHAUSTED`, with `retry-after` |
//! | free disk for records | a twentieth, 64 MiB to 1 GiB | `UNAVAILABLE` |
//! | records and sign-ins kept | a setting, 90 days; 500,000 rows of sign-ins and as many of refused attempts | forgotten |
//! | rows of sign-ins in a minute | 10,000 accepted, 64 of one account, 640 of an organization token; 256 refused | counted without address and machine, and in the end without account |
//! | sign-ins that wait for the database | 10,512 rows of minutes before | counted and logged |
//! | generations kept of a document | 10 | the oldest is forgotten, never the newest |
//! | agents kept of an account | 200, 4,096 of an organization token | the least recently sealed is forgotten, and sealed again when it comes back |
//!
//! # What the service never does
//! - store or log a secret in the clear, or take one as an argument;
//! - decide: `policy::decide` runs on the machines;
//! - start a program, or write beside its data ([`sandbox`]);
//! - send a document that is not durable, or other bytes for the same generation;
//! - let a generation go back, also after a restored backup: generations follow the clock, and pass what machines hold;
//! - replace a signing key that it cannot read, or that is missing though machines trust it;
//! - open an outgoing connection, except to the Docker Hub and the identity provider that an administrator named, and to
//!   Docker Hub's search when somebody who may change the publishers' directory refreshes it.

pub mod access;
pub mod acts;
pub mod address;
pub mod admin;
pub mod app;
pub mod backup;
pub mod browser;
pub mod check;
pub mod cli;
pub mod clock;
pub mod console;
pub mod data_dir;
pub mod database;
pub mod health;
pub mod http;
pub mod hub_api;
pub mod hub_search;
pub mod id;
pub mod identity;
pub mod key_ring;
pub mod key_rotation;
pub mod listener;
pub mod metrics;
pub mod model;
pub mod names;
pub mod outgoing;
pub mod own_password;
pub mod plain;
pub mod publish;
pub mod registry_login;
pub mod rest;
pub mod roles;
#[cfg(target_os = "linux")]
pub mod sandbox;
pub mod sessions;
pub mod signing_key;
pub mod store;
pub mod sync_api;
pub mod tls;
pub mod validity;
