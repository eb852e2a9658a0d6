//! What is administered, whoever does it: the command line, the API, Docker Hub's endpoints and the console do the
//! same here. One file a kind of thing.
//!
//! Each function takes the store, who acts, and typed input; reads who that is and what they may ([`crate::roles`])
//! in the same transaction as everything else; and returns what is there now. A change has its line in the trail,
//! with what was before. The errors ([`ActError`]) are everybody's: a door adds what to do next there.
//!
//! INVARIANT: nothing is changed or shown before the actor was asked ([`Actor::in_organization`] and its like), and
//! no change is made durable without its line.

pub mod accounts;
pub mod activity;
mod actor;
pub mod browsers;
mod end;
mod error;
pub mod invitations;
pub mod keeping;
pub mod machines;
pub mod members;
pub mod namespaces;
pub mod organization_tokens;
pub mod organizations;
pub mod policy;
pub mod preview;
pub mod publishers;
pub mod registries;
pub mod rules;
mod tag;
pub mod teams;
#[cfg(test)]
mod tests;
mod text;
pub mod tokens;
pub mod trail;

pub(crate) use self::{actor::commit, end::check_end};
pub use self::{
    actor::{Actor, Means, Place, SignedIn},
    end::LAST_END,
    error::ActError,
    tag::{Condition, Tag},
    text::{
        Field, MAX_CONTACT_CHARS, MAX_MESSAGE_CHARS, MAX_RULE_REASON_CHARS, MAX_TOKEN_NAME_CHARS, TextError, password,
    },
};
