//! Every text that a person can get when something is wrong, kept as it is read: a change of one shows in the change
//! itself, below `tests/snapshots`.
//!
//! Errors are made by hand, one of each variant: a variant without one does not compile, an error type without any fails
//! `every_error_type_has_its_texts`. Commands are run as they are, against files and sockets that this test made.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p tests --test texts` writes the files anew.

#[macro_use]
mod samples;
mod commands;
mod errors;
