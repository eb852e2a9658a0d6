//! Docker Hub's roles. It has three and this service four: an editor there pushes to repositories and has no say over
//! image access, so nobody becomes an admin here by being called one.

use super::refused::Refused;
use crate::model::Role;

/// As Docker Hub writes it in answers: with a capital.
pub(super) fn shown(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Editor",
        Role::Auditor | Role::Member => "Member",
    }
}

/// As Docker's tools write it in requests: without one.
pub(super) fn sent(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Admin => "editor",
        Role::Auditor | Role::Member => "member",
    }
}

/// The role that comes of the one somebody has (none: they are to be invited) when they are called so. A word that
/// they are called already changes nothing.
pub(super) fn become_of(before: Option<Role>, word: &str) -> Result<Role, Refused> {
    match before {
        Some(role) if sent(role) == word => return Ok(role),
        _ => {}
    }
    match word {
        "owner" => Ok(Role::Owner),
        "member" => Ok(Role::Member),
        "editor" => Err(Refused::invalid(
            "the role `editor` is given to nobody here: an editor of Docker Hub has no say over image access; say \
             `member`, or make an `admin` over /api/v1",
        )),
        other => Err(Refused::invalid(format!(
            "`{}` is no role; say `owner` or `member`",
            other.chars().take(40).collect::<String>()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_becomes_an_admin_and_a_role_that_docker_hub_cannot_name_stays() {
        for (before, word, expected) in [
            (None, "owner", Some(Role::Owner)),
            (None, "member", Some(Role::Member)),
            (None, "editor", None),
            (None, "Owner", None),
            (Some(Role::Member), "editor", None),
            (Some(Role::Owner), "editor", None),
            (Some(Role::Admin), "editor", Some(Role::Admin)),
            (Some(Role::Admin), "member", Some(Role::Member)),
            (Some(Role::Auditor), "member", Some(Role::Auditor)),
            (Some(Role::Auditor), "owner", Some(Role::Owner)),
            (Some(Role::Owner), "admin", None),
        ] {
            assert_eq!(become_of(before, word).ok(), expected, "{before:?} {word}");
        }
    }
}
