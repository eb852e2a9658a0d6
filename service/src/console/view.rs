//! Pages as functions of what they show.
//!
//! Everything that comes from people is a text in here, and `maud` escapes every text: nothing in this module
//! calls its way around that.

mod controls;
mod frame;
pub(super) mod image_access;
pub(super) mod my_policy;
pub(super) mod requests;
pub(super) mod sign_in;
#[cfg(test)]
mod tests;
mod words;

pub(super) use self::frame::{Excuse, Frame, Here, Own, Tab, excuse, no_organization, page};
