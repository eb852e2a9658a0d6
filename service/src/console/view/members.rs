//! *Members and teams*.

use maud::{Markup, html};
use proto::secret::Secret;

use super::{
    super::{fault::Problem, fields::Fields},
    frame::{problem, token},
    parts::{sure, wrong},
    words::{moment, plural},
};
use crate::{
    acts::{members::tag, teams::MAX_DESCRIPTION_CHARS},
    model::{Role, word},
    store::{Invitation, Member, Team},
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Members<'a> {
    pub organization: &'a str,
    /// They may invite, remove and change roles.
    pub changes: bool,
    /// They may change teams.
    pub changes_teams: bool,
    pub csrf: &'a str,
    /// All of them, by name.
    pub members: &'a [Member],
    /// Those of this page.
    pub listed: &'a [&'a Member],
    /// How many there are on all pages.
    pub found: usize,
    /// The part of a name that was asked for.
    pub find: &'a str,
    /// The last one of the page before.
    pub after: &'a str,
    /// Where the next page is.
    pub next: Option<&'a str>,
    pub teams: &'a [Team],
    /// Those that wait.
    pub invitations: &'a [Invitation],
    pub typed: &'a Fields,
    pub problem: Option<&'a Problem>,
    pub invited: Option<Invited<'a>>,
}

/// Somebody who was just invited.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Invited<'a> {
    pub user: &'a str,
    /// None: they have an account, and answer once signed in.
    pub secret: Option<&'a Secret>,
}

/// What each role is for.
const ROLES: [(Role, &str); 4] = [
    (Role::Member, "Member: is restricted"),
    (Role::Auditor, "Auditor: sees everything, is restricted"),
    (Role::Admin, "Admin: changes the policy, is restricted"),
    (Role::Owner, "Owner: changes everything, is never restricted"),
];

pub(in super::super) fn content(page: &Members<'_>) -> Markup {
    html! {
        h1 { "Members and teams" }
        p .lead { "Who belongs to " b { (page.organization) } ", as what." }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(invited) = page.invited { (made(page.organization, invited)) }
        section .card aria-labelledby="h-members" {
            h2 #h-members {
                @if !page.find.is_empty() { (page.found) " of " }
                (plural(page.members.len(), "member"))
            }
            form .row .search method="get" action={ "/orgs/" (page.organization) "/members" } role="search" {
                div .field {
                    label for="find" { "Part of a name" }
                    input #find type="search" name="find" value=(page.find) autocapitalize="none" spellcheck="false" autocomplete="off";
                }
                button { "Find" }
            }
            table .stack {
                thead {
                    tr {
                        th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Teams" } th scope="col" { "Said by" }
                        @if page.changes { th scope="col" { "Change" } th scope="col" { "Remove" } }
                    }
                }
                tbody { @for member in page.listed { (row(page, member)) } }
            }
            @if let Some(next) = page.next { p { a href=(next) { "More" } } }
        }
        @if !page.invitations.is_empty() { (waiting(page)) }
        @if page.changes { (invite(page)) }
        (teams(page))
    }
}

/// What whoever invited hands on.
fn made(organization: &str, invited: Invited<'_>) -> Markup {
    html! {
        div .note .good role="status" {
            @match invited.secret {
                Some(secret) => {
                    p { b { (invited.user) " is invited." } " There is no such account yet. Send them this link: whoever opens it chooses the password, and it works once, for a week." }
                    code .once #link data-here={ "/join#" (secret.expose()) } { "/join#" (secret.expose()) }
                    p { "It is shown now and never again." }
                },
                None => p { b { (invited.user) " is invited." } " They answer under " b { "Account" } " once they are signed in here, and belong to " (organization) " then." },
            }
        }
    }
}

fn row(page: &Members<'_>, member: &Member) -> Markup {
    let base = format!("/orgs/{}/members", page.organization);
    // Among thousands, whoever is on a later page stays there.
    let here: Vec<(&str, &str)> =
        [("find", page.find), ("after", page.after)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
    html! {
        tr {
            th scope="row" { (member.user) }
            td data-head="Role" { (word(member.role)) }
            td data-head="Teams" { @if member.teams.is_empty() { span .none { "–" } } @else { (member.teams.join(", ")) } }
            td data-head="Said by" {
                (member.source.elsewhere().unwrap_or("an owner here"))
            }
            @if page.changes {
                td {
                    details .change {
                        summary aria-label={ "Change " (member.user) } { "Change" }
                        form method="post" action={ (base) "/change" } {
                            (token(page.csrf))
                            input type="hidden" name="user" value=(member.user);
                            input type="hidden" name="seen" value=(tag(member).as_str());
                            @for (field, value) in &here { input type="hidden" name=(field) value=(value); }
                            (role(&format!("role-{}", member.user), member.role))
                            div .field {
                                label for={ "teams-" (member.user) } { "Teams" }
                                input id={ "teams-" (member.user) } name="teams" value=(member.teams.join(", "))
                                    autocapitalize="none" spellcheck="false" autocomplete="off";
                            }
                            button .small { "Save" }
                        }
                    }
                }
                td {
                    (sure(&format!("{base}/remove"), page.csrf, "Remove", &member.user, &[&[("user", member.user.as_str())], &here[..]].concat()))
                }
            }
        }
    }
}

fn role(id: &str, now: Role) -> Markup {
    html! {
        div .field {
            label for=(id) { "Role" }
            select id=(id) name="role" {
                @for (one, text) in ROLES { option value=(word(one)) selected[one == now] { (text) } }
            }
        }
    }
}

fn waiting(page: &Members<'_>) -> Markup {
    let address = format!("/orgs/{}/members/uninvite", page.organization);
    html! {
        section .card aria-labelledby="h-waiting" {
            h2 #h-waiting { "Invitations that wait" }
            table .stack {
                thead {
                    tr {
                        th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "Teams" }
                        th scope="col" { "Invited by" } th scope="col" { "Until" }
                        @if page.changes { th scope="col" { "Take back" } }
                    }
                }
                tbody {
                    @for invitation in page.invitations {
                        tr {
                            th scope="row" { (invitation.invitee) }
                            td data-head="Role" { (word(invitation.role)) }
                            td data-head="Teams" { (invitation.teams.join(", ")) }
                            td data-head="Invited by" { (invitation.inviter) }
                            td data-head="Until" { (moment(invitation.expires_at)) }
                            @if page.changes {
                                td { (sure(&address, page.csrf, "Take back", &invitation.invitee, &[("invitation", &invitation.id)])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn invite(page: &Members<'_>) -> Markup {
    let typed = |name: &str| page.typed.text(name);
    let now = page.typed.choice("role").unwrap_or(Role::Member);
    html! {
        section .card aria-labelledby="h-invite" {
            h2 #h-invite { "Invite somebody" }
            p .hint { "Nobody becomes a member unasked: they say yes, with an account that they have here or one that the link makes." }
            form method="post" action={ "/orgs/" (page.organization) "/members/invite" } {
                (token(page.csrf))
                div .row {
                    div .field {
                        label for="user" { "Name" }
                        input #user name="user" value=(typed("user")) required autocapitalize="none" spellcheck="false"
                            autocomplete="off" aria-invalid=[wrong(page.problem, "user")];
                    }
                    (role("role", now))
                    div .field {
                        label for="teams" { "Teams" }
                        input #teams name="teams" value=(typed("teams")) placeholder="ops, web" autocapitalize="none"
                            spellcheck="false" autocomplete="off" aria-invalid=[wrong(page.problem, "teams")];
                    }
                    button .primary { "Invite" }
                }
            }
        }
    }
}

/// People of one team, and names that are offered, at most: a page is for people, and the row of each member has their
/// teams too.
const MOST_NAMES: usize = 50;
const MOST_OFFERED: usize = 500;

fn teams(page: &Members<'_>) -> Markup {
    html! {
        @if page.changes_teams && !page.teams.is_empty() {
            datalist #names { @for member in page.members.iter().take(MOST_OFFERED) { option value=(member.user) {} } }
        }
        section .card aria-labelledby="h-teams" {
            h2 #h-teams { "Teams" }
            p .hint { "An entry of the allowlist or the denylist may hold for a team alone, and ends with it." }
            @if page.teams.is_empty() { p .none { "There is no team yet." } }
            @for team in page.teams { (one_team(page, team)) }
            @if page.changes_teams {
                form method="post" action={ "/orgs/" (page.organization) "/teams/add" } {
                    (token(page.csrf))
                    div .row .after {
                        div .field {
                            label for="team" { "New team" }
                            input #team name="team" value=(page.typed.text("team")) required autocapitalize="none" spellcheck="false"
                                autocomplete="off" aria-invalid=[wrong(page.problem, "team")];
                        }
                        div .field {
                            label for="description" { "What it is" }
                            input #description name="description" value=(page.typed.text("description"))
                                maxlength=(MAX_DESCRIPTION_CHARS) autocomplete="off" aria-invalid=[wrong(page.problem, "description")];
                        }
                        button { "Add" }
                    }
                }
            }
        }
    }
}

fn one_team(page: &Members<'_>, team: &Team) -> Markup {
    let base = format!("/orgs/{}/teams", page.organization);
    let inside: Vec<&Member> = page.members.iter().filter(|member| member.teams.contains(&team.name)).collect();
    let unnamed = inside.len().saturating_sub(MOST_NAMES);
    html! {
        details .team {
            summary { b { (team.name) } " " span .hint { (plural(inside.len(), "person").replace("persons", "people")) @if !team.description.is_empty() { " · " (team.description) } } }
            ul .names {
                @for member in inside.iter().take(MOST_NAMES) {
                    li {
                        (member.user) " "
                        @if page.changes_teams {
                            form .inline method="post" action={ (base) "/person" } {
                                (token(page.csrf))
                                input type="hidden" name="team" value=(team.name);
                                input type="hidden" name="user" value=(member.user);
                                button .small aria-label={ "Take out: " (member.user) ", of " (team.name) } { "Take out" }
                            }
                        }
                    }
                }
            }
            @if unnamed > 0 { p .hint { "And " (unnamed) " more: find them above." } }
            @if page.changes_teams {
                div .row {
                    form .row method="post" action={ (base) "/person" } {
                        (token(page.csrf))
                        input type="hidden" name="team" value=(team.name);
                        input type="hidden" name="in" value="yes";
                        div .field {
                            label for={ "into-" (team.name) } { "Who else" }
                            input id={ "into-" (team.name) } name="user" list="names" required autocapitalize="none"
                                spellcheck="false" autocomplete="off";
                        }
                        button .small { "Put in" }
                    }
                    (sure(&format!("{base}/remove"), page.csrf, "Remove the team", &team.name, &[("team", &team.name)]))
                }
            }
        }
    }
}
