//! What others say of somebody, in memberships here. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::Role,
    names::Name,
    store::{Belongs, HubLink},
};

/// Teams of one person that groups may name; a session has room for some hundred.
const MOST_TEAMS: usize = 200;

/// What organizations of Docker Hub mean here, for those that are linked: true is an owner.
pub(super) fn at_docker_hub(organizations: &[(String, bool)], links: Vec<HubLink>) -> BTreeMap<i64, Belongs> {
    let belongs = links.into_iter().filter_map(|link| {
        let (_, owns) = organizations.iter().find(|(name, _)| *name == link.hub_organization)?;
        let role = if *owns { Role::Owner } else { Role::Member };
        Some((link.organization, (role, Vec::new())))
    });
    belongs.collect()
}

/// What groups mean here: `organization` and `organization:team`, for organizations that an
/// administrator opened. They only ever make members.
pub(super) fn by_groups(groups: &[String], links: &[(i64, String)]) -> BTreeMap<i64, Belongs> {
    let mut found: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    let mut room = MOST_TEAMS;
    for group in groups {
        let (organization, team) = match group.split_once(':') {
            Some((organization, team)) => (organization, Some(team)),
            None => (group.as_str(), None),
        };
        let Some((id, _)) = links.iter().find(|(_, name)| name == organization) else { continue };
        // What cannot be a team is not understood, and makes nobody a member.
        if team.is_some_and(|team| team.parse::<Name>().is_err()) {
            continue;
        }
        let teams = found.entry(*id).or_default();
        if let Some(team) = team
            && room > 0
            && teams.insert(team)
        {
            room -= 1;
        }
    }
    found.into_iter().map(|(id, teams)| (id, (Role::Member, teams.into_iter().map(str::to_owned).collect()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_make_members_and_teams_of_the_organizations_that_are_open_to_them() {
        let links = [(1, "acme".to_owned()), (2, "umbrella".to_owned())];
        let read = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
            by_groups(&groups, &links)
                .into_iter()
                .map(|(id, (role, teams))| {
                    assert_eq!(role, Role::Member, "never more");
                    (id, teams.join(","))
                })
                .collect::<Vec<_>>()
        };
        let expect =
            |pairs: &[(i64, &str)]| pairs.iter().map(|(id, teams)| (*id, (*teams).to_owned())).collect::<Vec<_>>();
        assert_eq!(read(&["acme"]), expect(&[(1, "")]));
        assert_eq!(read(&["acme:ops", "acme:dev", "acme:ops"]), expect(&[(1, "dev,ops")]));
        assert_eq!(read(&["umbrella:ops", "acme", "other", "other:ops", ""]), expect(&[(1, ""), (2, "ops")]));
        assert_eq!(read(&["acme:", "acme:a b", "acme:a:b", "acme:owner ", "/acme", "acme/ops"]), expect(&[]));
        let many: Vec<String> = (0..1000).map(|n| format!("acme:t{n}")).collect();
        assert_eq!(by_groups(&many, &links)[&1].1.len(), MOST_TEAMS);
    }
}
