//! *Allowlist*, and the denylist beside it.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use http::StatusCode;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::Fields,
    flash::Flash,
    view::{
        Here, Tab,
        lists::{self as view, Asks, Lists, Typed, Whom},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{
        ActError, activity,
        rules::{self, Meant, NewRule},
    },
    clock,
    model::{Effect, Scope},
    names::Name,
    rest::Api,
    roles::Deed,
};

/// Rules of one page.
const PAGE: u32 = 200;

/// Which rules.
struct Asked {
    effect: Effect,
    /// Behind this one, by id; empty: from the first on.
    after: String,
}

impl Asked {
    fn first(effect: Effect) -> Self {
        Self { effect, after: String::new() }
    }
}

/// One of the lists.
pub(super) async fn list(
    State(api): State<Api>,
    Path(organization): Path<String>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes());
    // A refusal in *Activity* leads here with its image.
    let typed = Typed { pattern: query.text("pattern").to_owned(), ..Typed::default() };
    let list = Asked { effect: query.choice("list").unwrap_or(Effect::Allow), after: query.text("after").to_owned() };
    show(&api, &visitor, &organization, &list, &typed, None).await
}

/// Adds a rule, or changes the one with the same pattern for the same people.
pub(super) async fn add(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (effect, typed, now) = (fields.word("list")?, Typed::read(&fields)?, clock::now());
    let wrong = match (rule(effect, &typed), fields.confirmation()) {
        (Ok(new), Ok(confirmation)) => {
            match rules::put(&api.store, &visitor.actor(), &name, new, confirmation, now).await {
                Ok(put) => {
                    let flash = if put.concerns_nobody { Flash::RuleOfNobody } else { Flash::RuleAdded };
                    return Ok(visitor::see_other_and_say(&view::address(name.as_str(), effect), flash));
                }
                Err(error) => Wrong::of(error, Asks::Add)?,
            }
        }
        (Err(problem), _) | (_, Err(problem)) => Wrong { problem, ..Wrong::default() },
    };
    show(&api, &visitor, &organization, &Asked::first(effect), &typed, Some(&wrong)).await
}

/// Takes a rule away.
pub(super) async fn remove(
    State(api): State<Api>,
    Path(organization): Path<String>,
    Posted { visitor, fields }: Posted,
) -> Result<Response, Fault> {
    let (_, name) = visitor.member_of(&organization)?;
    let (effect, rule) = (fields.word("list")?, fields.text("rule"));
    let wrong = match fields.confirmation() {
        Ok(confirmation) => {
            let (actor, meant) = (visitor.actor(), Meant::Id(rule));
            match rules::remove(&api.store, &actor, &name, effect, meant, confirmation, clock::now()).await {
                Ok(_) => {
                    return Ok(visitor::see_other_and_say(&view::address(name.as_str(), effect), Flash::RuleRemoved));
                }
                Err(error) => Wrong::of(error, Asks::Remove(rule.to_owned()))?,
            }
        }
        Err(problem) => Wrong { problem, asks: Some(Asks::Remove(rule.to_owned())), ..Wrong::default() },
    };
    show(&api, &visitor, &organization, &Asked::first(effect), &Typed::default(), Some(&wrong)).await
}

/// Why nothing was changed.
#[derive(Debug)]
struct Wrong {
    status: StatusCode,
    problem: Problem,
    /// It would be, once the number of people is said.
    asks: Option<Asks>,
}

impl Default for Wrong {
    fn default() -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, problem: Problem::default(), asks: None }
    }
}

impl Wrong {
    fn of(error: ActError, wanted: Asks) -> Result<Self, Fault> {
        let unconfirmed = matches!(error, ActError::Unconfirmed { .. });
        let problem = error.explained()?;
        Ok(match unconfirmed {
            true => Self { status: StatusCode::PRECONDITION_REQUIRED, problem, asks: Some(wanted) },
            false => Self { problem, ..Self::default() },
        })
    }
}

async fn show(
    api: &Api,
    visitor: &Visitor,
    organization: &str,
    Asked { effect, after }: &Asked,
    typed: &Typed,
    wrong: Option<&Wrong>,
) -> Result<Response, Fault> {
    let (membership, name) = visitor.member_of(organization)?;
    let (actor, effect) = (visitor.actor(), *effect);
    let mut rules = rules::page(&api.store, &actor, &name, effect, after, PAGE + 1).await?;
    let more = rules.len() > PAGE as usize;
    rules.truncate(PAGE as usize);
    let hits = match visitor.may(membership, Deed::ReadActivity) {
        true => {
            let ids: Vec<&str> = rules.iter().map(|rule| rule.rule.id.as_str()).collect();
            Some(activity::hits(&api.store, &actor, &name, &ids).await?)
        }
        false => None,
    };
    let page = Lists {
        organization,
        effect,
        editable: visitor.may(membership, Deed::ChangeLists),
        csrf: &visitor.cookie.csrf(),
        rules: &rules,
        more,
        hits: hits.as_ref(),
        typed,
        problem: wrong.map(|wrong| &wrong.problem),
        asks: wrong.and_then(|wrong| wrong.asks.as_ref()),
        now: clock::now(),
    };
    let status = wrong.map_or(StatusCode::OK, |wrong| wrong.status);
    Ok(visitor.page(status, Here::Of(membership, Tab::Lists), view::title(effect), &view::content(&page)))
}

impl Typed {
    fn read(fields: &Fields) -> Result<Self, Fault> {
        let text = |name| fields.text(name).to_owned();
        Ok(Self {
            pattern: text("pattern"),
            whom: fields.word::<Whom>("whom")?,
            name: text("name"),
            until: text("until"),
            reason: text("reason"),
        })
    }
}

fn rule(effect: Effect, typed: &Typed) -> Result<NewRule, Problem> {
    let name = || match typed.name.parse::<Name>() {
        Ok(name) => Ok(name.to_string()),
        Err(error) => Err(Problem { text: error.to_string(), field: Some("name") }),
    };
    let scope = match typed.whom {
        Whom::Everybody => Scope::Organization,
        Whom::Team => Scope::Team(name()?),
        Whom::Person => Scope::User(name()?),
    };
    let expires_at = match typed.until.as_str() {
        "" => None,
        day => Some(end_of(day)?),
    };
    Ok(NewRule { effect, pattern: typed.pattern.clone(), scope, expires_at, reason: typed.reason.clone() })
}

/// The last second of a day, seconds since the Unix epoch.
pub(super) fn end_of(day: &str) -> Result<i64, Problem> {
    let end = OffsetDateTime::parse(&format!("{day}T23:59:59Z"), &Rfc3339);
    end.map(OffsetDateTime::unix_timestamp).map_err(|_| Problem {
        text: format!("`{day}` is no day; write for example `2027-01-31`"),
        field: Some("expires_at"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_its_last_second() {
        assert_eq!(end_of("2027-01-15"), Ok(1_800_057_599));
        for bad in ["2027-02-30", "15.1.2027", "2027-1-1", "x"] {
            assert!(end_of(bad).is_err(), "{bad}");
        }
    }
}
