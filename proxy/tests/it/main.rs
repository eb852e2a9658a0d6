//! The door, running: real sockets, real TLS on both sides, registries and clients that do what real
//! ones do, and what broken and hostile ones do.

mod bodies;
mod client;
mod faults;
mod framing;
mod handover;
mod hosts;
mod load;
mod loopback;
mod process;
mod proxied;
mod refusals;
mod relay;
mod running;
mod server;
mod stop;
mod tunnels;
mod uploads;
mod versions;
