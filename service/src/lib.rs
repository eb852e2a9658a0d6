//! The policy service: organizations, members, policies; signs what the machines enforce.
