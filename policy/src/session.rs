//! Who is signed in on this machine, as the policy service sealed it.

use alloc::{string::String, vec::Vec};

use crate::time::{Age, Timestamp, Validity};

/// One signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Account name at the policy service.
    pub user: String,
    /// Numeric id of the local user whose credentials were shown.
    pub uid: u32,
    /// The organizations the user belongs to.
    pub organizations: Vec<Membership>,
    /// From when until when.
    pub validity: Validity,
}

impl Session {
    /// True while the session counts.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.validity.age(now) != Age::Expired
    }
}

/// What a user is in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Organization, lower case.
    pub organization: String,
    /// Role there.
    pub role: Role,
    /// Teams there.
    pub teams: Vec<String>,
}

/// Roles in an organization. Only owners are exempt from its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sets the policy, is never restricted.
    Owner,
    /// Sets the policy, is restricted.
    Admin,
    /// Sees everything, changes nothing.
    Auditor,
    /// Sees the policy read-only.
    Member,
}

impl Role {
    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Member => "member",
        }
    }
}
