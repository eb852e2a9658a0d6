//! Real machines with systemd: what administrators and packages do to them, what hostile users and bad luck put in the
//! way, and what stays behind. `tests/machines` makes them ([`tests::Machine`]).

mod hostile;
mod install;
mod killing;
mod lab;
mod packages;
mod proxies;
mod quickstart;
mod site;
mod units;
