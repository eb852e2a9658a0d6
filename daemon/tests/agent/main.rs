//! The real agent as a process, against small real servers: a policy service over TCP, a
//! plugin over its control socket, and credentials files as the Docker CLI writes them.

mod credentials;
mod environment;
mod helpers;
mod network;
mod login;
mod outages;
mod process;
mod records;
mod sign_in;
mod storms;
mod support;
mod tls;
mod watch;
