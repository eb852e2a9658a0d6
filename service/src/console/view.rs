//! Pages as functions of what they show.
//!
//! Everything that comes from people is a text in here, and `maud` escapes every text: nothing in this module
//! calls its way around that.

pub(super) mod account;
pub(super) mod activity;
pub(super) mod audit;
mod chart;
mod controls;
mod frame;
pub(super) mod image_access;
pub(super) mod lists;
pub(super) mod machines;
pub(super) mod members;
pub(super) mod my_policy;
pub(super) mod namespaces;
mod parts;
mod preview;
pub(super) mod publishers;
pub(super) mod requests;
pub(super) mod sign_in;
#[cfg(test)]
mod tests;
pub(super) mod tokens;
mod words;

pub(super) use self::frame::{Excuse, Frame, Here, Own, Tab, excuse, no_organization, page};
