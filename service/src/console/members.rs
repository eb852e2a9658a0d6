//! *Members and teams*.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;
use proto::secret::Secret;

use super::{
    fault::{Explained, Fault, Problem},
    fields::Fields,
    flash::Flash,
    view::{
        Here, Tab,
        members::{self as view, Invited, Members},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{
        ActError, Condition, invitations,
        members::{self, Joins, NewAccount},
        teams,
    },
    clock,
    names::Name,
    rest::Api,
    roles::Deed,
    store::Member,
};

/// Shows them.
pub(super) async fn page(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let asked = Asked::read(&Fields::parse(query.unwrap_or_default().as_bytes()));
    show(&api, &visitor, &organization, StatusCode::OK, &Shown { asked, ..Shown::default() }).await
}

/// Gives a member another role or other teams, if nobody else did meanwhile.
pub(super) async fn change(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let seen = Condition::One(vec![fields.text("seen").to_owned()]);
    let done = match joins(&fields)? {
        Ok(joins) => {
            members::put(&api.store, &visitor.actor(), &name, &joins, NewAccount::No, &seen, clock::now()).await
        }
        Err(problem) => return again(&api, &visitor, &organization, problem, &fields).await,
    };
    after(&api, &visitor, &organization, done, Flash::MemberSaved, &fields).await
}

/// Ends a membership.
pub(super) async fn remove(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let user: Name = fields.text("user").parse().map_err(|_| Fault::Damaged)?;
    let done = members::remove(&api.store, &visitor.actor(), &name, &user, &Condition::Any).await;
    after(&api, &visitor, &organization, done, Flash::MemberRemoved, &fields).await
}

/// Invites somebody. Whoever has no account yet gets it with a link, which is shown once.
pub(super) async fn invite(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let made = match joins(&fields)? {
        Ok(joins) => invitations::create(&api.store, &visitor.actor(), &name, &joins, clock::now()).await,
        Err(problem) => return again(&api, &visitor, &organization, problem, &fields).await,
    };
    match made {
        Ok(made) => {
            let invited = Some((made.invitation.invitee, made.secret));
            show(&api, &visitor, &organization, StatusCode::OK, &Shown { invited, ..Shown::default() }).await
        }
        Err(error) => again(&api, &visitor, &organization, error.explained()?, &fields).await,
    }
}

/// Takes an invitation back.
pub(super) async fn uninvite(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let done = invitations::remove(&api.store, &visitor.actor(), &name, fields.text("invitation")).await;
    after(&api, &visitor, &organization, done, Flash::Uninvited, &fields).await
}

/// Makes a team.
pub(super) async fn add_team(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let team = match named(fields.text("team"), "team") {
        Ok(team) => team,
        Err(problem) => return again(&api, &visitor, &organization, problem, &fields).await,
    };
    let (actor, text) = (visitor.actor(), fields.text("description"));
    let done = teams::add(&api.store, &actor, &name, &team, text, clock::now()).await;
    after(&api, &visitor, &organization, done, Flash::TeamSaved, &fields).await
}

/// Ends a team.
pub(super) async fn remove_team(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let team: Name = fields.text("team").parse().map_err(|_| Fault::Damaged)?;
    let done = teams::remove(&api.store, &visitor.actor(), &name, &team, &Condition::Any).await;
    after(&api, &visitor, &organization, done, Flash::TeamRemoved, &fields).await
}

/// Puts a member into a team, or takes them out.
pub(super) async fn put_in_team(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let team: Name = fields.text("team").parse().map_err(|_| Fault::Damaged)?;
    let user = match named(fields.text("user"), "user") {
        Ok(user) => user,
        Err(problem) => return again(&api, &visitor, &organization, problem, &fields).await,
    };
    let done = teams::put_member(&api.store, &visitor.actor(), &name, &team, &user, fields.is("in")).await;
    after(&api, &visitor, &organization, done, Flash::TeamSaved, &fields).await
}

/// What a page shows beside what is stored.
#[derive(Default)]
struct Shown {
    problem: Option<Problem>,
    /// What was typed into the form that invites.
    typed: Fields,
    /// Which members are looked at.
    asked: Asked,
    /// Who was just invited, and the secret of their link.
    invited: Option<(String, Option<Secret>)>,
}

/// Members of one page.
const PAGE: usize = 100;

/// Which members are looked at.
#[derive(Clone, Debug, Default)]
struct Asked {
    /// A part of their names.
    find: String,
    /// The last one of the page before.
    after: String,
}

impl Asked {
    fn read(fields: &Fields) -> Self {
        Self { find: fields.text("find").to_ascii_lowercase(), after: fields.text("after").to_owned() }
    }

    /// Those of the page, how many there are in all pages, and where the next one is. They are given by name.
    fn cut<'a>(&self, members: &'a [Member], path: &str) -> (Vec<&'a Member>, usize, Option<String>) {
        let found: Vec<&Member> = members.iter().filter(|member| member.user.contains(&self.find)).collect();
        let count = found.len();
        let mut page: Vec<&Member> =
            found.into_iter().filter(|member| member.user.as_str() > self.after.as_str()).take(PAGE + 1).collect();
        let more = page.len() > PAGE;
        page.truncate(PAGE);
        let last = page.last().filter(|_| more).map(|last| last.user.as_str());
        let next = last.map(|last| Fields::default().address(path, &[("find", &self.find), ("after", last)]));
        (page, count, next)
    }
}

async fn after<T>(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    done: Result<T, ActError>,
    flash: Flash,
    fields: &Fields,
) -> Result<Response, Fault> {
    match done {
        // To the page on which it was said.
        Ok(_) => {
            let Asked { find, after } = Asked::read(fields);
            let path = format!("/orgs/{organization}/members");
            let address = Fields::default().address(&path, &[("find", &find), ("after", &after)]);
            Ok(visitor::see_other_and_say(&address, flash))
        }
        Err(error) => again(api, visitor, organization, error.explained()?, fields).await,
    }
}

async fn again(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    problem: Problem,
    typed: &Fields,
) -> Result<Response, Fault> {
    // Whom it is about: among thousands they would not be on the first page.
    let asked = Asked { find: typed.text("user").to_ascii_lowercase(), after: String::new() };
    let shown = Shown { problem: Some(problem), typed: typed.clone(), asked, invited: None };
    show(api, visitor, organization, StatusCode::UNPROCESSABLE_ENTITY, &shown).await
}

async fn show(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    status: StatusCode,
    shown: &Shown,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(organization)?;
    let actor = visitor.actor();
    let may = |deed: Deed| visitor.may(membership, deed);
    let members = members::list(&api.store, &actor, &name).await?;
    let mut asked = shown.asked.clone();
    if shown.problem.is_some() && !members.iter().any(|member| member.user == asked.find) {
        asked = Asked::default();
    }
    let (listed, found, next) = asked.cut(&members, &format!("/orgs/{name}/members"));
    let page = Members {
        organization: name.as_str(),
        changes: may(Deed::ChangeMembers),
        changes_teams: may(Deed::ChangeTeams),
        csrf: &visitor.cookie.csrf(),
        members: &members,
        listed: &listed,
        found,
        find: &asked.find,
        after: &asked.after,
        next: next.as_deref(),
        teams: &teams::list(&api.store, &actor, &name).await?,
        invitations: &invitations::list(&api.store, &actor, &name, clock::now()).await?,
        typed: &shown.typed,
        problem: shown.problem.as_ref(),
        invited: shown.invited.as_ref().map(|(user, secret)| Invited { user, secret: secret.as_ref() }),
    };
    Ok(visitor.page(status, Here::Of(membership, Tab::Members), "Members and teams", &view::content(&page)))
}

/// A name that was typed, in any case.
pub(super) fn named(text: &str, field: &'static str) -> Result<Name, Problem> {
    let name = text.trim().to_ascii_lowercase().parse::<Name>();
    name.map_err(|error| Problem { text: error.to_string(), field: Some(field) })
}

/// Names with commas or white space between them.
pub(super) fn names(text: &str, field: &'static str) -> Result<Vec<Name>, Problem> {
    let parts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
    parts.map(|part| named(part, field)).collect()
}

fn joins(fields: &Fields) -> Result<Result<Joins, Problem>, Fault> {
    let role = fields.word("role")?;
    let read =
        || Ok(Joins { user: named(fields.text("user"), "user")?, role, teams: names(fields.text("teams"), "teams")? });
    Ok(read())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Role, Source};

    #[test]
    fn members_come_in_pages_and_nobody_is_left_out() {
        let member = |n: usize| Member {
            user: format!("user-{n:03}"),
            role: Role::Member,
            teams: vec![],
            origin: Origin::Own,
            source: Source::Admin,
        };
        let all: Vec<Member> = (0..250).map(member).collect();
        let read = |address: &str| {
            Asked::read(&Fields::parse(address.split_once('?').map_or("", |(_, query)| query).as_bytes()))
        };
        let (mut seen, mut next) = (Vec::new(), Some("/m".to_owned()));
        while let Some(address) = next {
            let (page, count, more) = read(&address).cut(&all, "/m");
            assert_eq!(count, 250);
            seen.extend(page.into_iter().cloned());
            next = more;
        }
        assert_eq!(seen, all);
        let (page, count, next) = read("/m?find=USER-1").cut(&all, "/m");
        assert_eq!((page.len(), count, next), (100, 100, None), "a hundred are one page");
        let (page, count, _) = read("/m?find=nobody&after=user-5").cut(&all, "/m");
        assert_eq!((page.len(), count), (0, 0));
    }

    #[test]
    fn names_are_read_as_people_type_them() {
        let read = |text| names(text, "teams").map(|all| all.iter().map(Name::to_string).collect::<Vec<_>>());
        assert_eq!(read(" Ops, web\nci ").unwrap(), ["ops", "web", "ci"]);
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        assert_eq!(read("a, b/c").unwrap_err().field, Some("teams"));
    }
}
