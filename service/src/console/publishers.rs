//! *Publishers*: the directory of badges, which holds for all organizations of the service.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;

use super::{
    fault::{Explained as _, Fault, Problem},
    fields::{Fields, lines},
    flash::Flash,
    members::named,
    view::{
        Here, Own,
        publishers::{self as view, Publishers},
    },
    visitor::{self, Posted, Visitor},
};
use crate::{
    acts::{
        ActError, Condition,
        publishers::{self, Refreshed, Wanted},
    },
    hub_search::SearchError,
    model::{Badge, Publisher, from_word},
    names::Name,
    rest::Api,
    roles::Deed,
};

/// Publishers of one page.
const PAGE: usize = 100;

/// Shows them.
pub(super) async fn page(
    State(api): State<Api>,
    RawQuery(query): RawQuery,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let query = Fields::parse(query.unwrap_or_default().as_bytes());
    show(&api, &visitor, Shown { query, ..Shown::default() }).await
}

/// Gives a badge, or many.
pub(super) async fn give(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let given = match read(&fields) {
        Ok(given) => publishers::import(&api.store, &visitor.actor(), &given).await.map_err(ActError::explained),
        Err(problem) => Err(Ok(problem)),
    };
    match given {
        Ok(_) => Ok(visitor::see_other_and_say("/publishers", Flash::BadgesSaved)),
        Err(problem) => show(&api, &visitor, Shown { typed: fields, ..Shown::problem(problem?) }).await,
    }
}

/// Takes one away.
pub(super) async fn take(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let namespace: Name = fields.text("namespace").parse().map_err(|_| Fault::Damaged)?;
    match publishers::remove(&api.store, &visitor.actor(), &namespace, &Condition::Any).await {
        Ok(_) => Ok(visitor::see_other_and_say("/publishers", Flash::BadgeTaken)),
        Err(error) => show(&api, &visitor, Shown::problem(error.explained()?)).await,
    }
}

/// Asks Docker Hub, and says what that changes or changed. The answer comes when all of it is done.
pub(super) async fn refresh(State(api): State<Api>, Posted { visitor, fields }: Posted) -> Result<Response, Fault> {
    let wanted = match (fields.is("look"), fields.text("confirm")) {
        (true, _) => Wanted::DryRun,
        (false, "") => Wanted::Change(None),
        (false, typed) => match typed.parse() {
            Ok(losing) => Wanted::Change(Some(losing)),
            Err(_) => {
                let text = format!("`{typed}` is no number of namespaces");
                let shown = Shown::problem(Problem { text, field: Some("confirm") });
                return show(&api, &visitor, Shown { asks: true, ..shown }).await;
            }
        },
    };
    let shown = match publishers::refresh(&api.store, &visitor.actor(), &api.search, wanted, |_| ()).await {
        Ok(refreshed) => Shown { asks: refreshed.asks(), refreshed: Some(refreshed), ..Shown::default() },
        Err(error) => {
            let (status, asks) = match &error {
                ActError::UnconfirmedPublishers { .. } => (StatusCode::PRECONDITION_REQUIRED, true),
                ActError::Search(SearchError::Running) => (StatusCode::CONFLICT, false),
                ActError::Search(_) => (StatusCode::SERVICE_UNAVAILABLE, false),
                _ => (StatusCode::UNPROCESSABLE_ENTITY, false),
            };
            Shown { status, asks, ..Shown::problem(error.explained()?) }
        }
    };
    show(&api, &visitor, shown).await
}

/// What is said beside the directory.
#[derive(Debug, Default)]
struct Shown {
    status: StatusCode,
    query: Fields,
    typed: Fields,
    problem: Option<Problem>,
    refreshed: Option<Refreshed>,
    /// The number of namespaces that lose their badge has to be typed.
    asks: bool,
}

impl Shown {
    fn problem(problem: Problem) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, problem: Some(problem), ..Self::default() }
    }
}

/// `namespace badge` on each line; a line without a badge has the one that is chosen.
fn read(fields: &Fields) -> Result<Vec<(Name, Badge)>, Problem> {
    let wrong = |text: String| Problem { text, field: Some("publishers") };
    let chosen = fields.choice("badge").unwrap_or(Badge::VerifiedPublisher);
    let line = |line: String| {
        let mut words = line.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let namespace = named(words.next().unwrap_or_default(), "publishers")?;
        let badge = match words.next() {
            None => chosen,
            Some(word) => from_word(word).map_err(|word| {
                wrong(format!("`{word}` is no badge; write `verified-publisher` or `sponsored-open-source`"))
            })?,
        };
        match words.next() {
            None => Ok((namespace, badge)),
            Some(_) => Err(wrong(format!("`{line}` is more than a namespace and a badge"))),
        }
    };
    let given: Vec<(Name, Badge)> = lines(fields.raw("publishers")).into_iter().map(line).collect::<Result<_, _>>()?;
    if given.is_empty() { Err(wrong("name at least one namespace".to_owned())) } else { Ok(given) }
}

async fn show(api: &Api, visitor: &Visitor, shown: Shown) -> Result<Response, Fault> {
    let Shown { status, query, typed, problem, refreshed, asks } = shown;
    let actor = visitor.actor();
    let all = publishers::list(&api.store, &actor).await?;
    let (search, after) = (query.text("search").to_ascii_lowercase(), query.text("after"));
    let count = all.len();
    let found = all.into_iter().filter(|row| row.namespace.contains(&search) && row.namespace.as_str() > after);
    let mut rows: Vec<Publisher> = found.take(PAGE + 1).collect();
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next =
        rows.last().filter(|_| more).map(|row| query.address("/publishers", &[("after", row.namespace.as_str())]));
    let changes = match actor.in_service(&mut api.store.read().await?, Deed::ChangePublishers).await {
        Ok(()) => true,
        Err(ActError::Forbidden { .. } | ActError::Scope(_)) => false,
        Err(error) => return Err(error.into()),
    };
    let page = Publishers {
        changes,
        csrf: &visitor.cookie.csrf(),
        count,
        search: &search,
        rows: &rows,
        next: next.as_deref(),
        typed: &typed,
        problem: problem.as_ref(),
        address: &api.search.address(),
        refreshed: refreshed.as_ref(),
        asks,
    };
    Ok(visitor.page(status, Here::Own(Own::Publishers), "Publishers", &view::content(&page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Result<Vec<(String, Badge)>, String> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("publishers", text)
            .append_pair("badge", "sponsored-open-source")
            .finish();
        let given = read(&Fields::parse(query.as_bytes())).map_err(|problem| problem.text)?;
        Ok(given.into_iter().map(|(name, badge)| (name.to_string(), badge)).collect())
    }

    #[test]
    fn lines_are_read_with_their_badge_or_the_chosen_one() {
        let expected = [("grafana", Badge::SponsoredOpenSource), ("bitnami", Badge::VerifiedPublisher)];
        let expected = expected.map(|(name, badge)| (name.to_owned(), badge));
        assert_eq!(given("Grafana\n\nbitnami, verified-publisher\n").unwrap(), expected);
        for (bad, said) in [("", "at least one"), ("a b", "is no badge"), ("a/b", "is not a name")] {
            assert!(given(bad).unwrap_err().contains(said), "{bad}");
        }
        assert!(given("a verified-publisher x").unwrap_err().contains("more than"));
    }
}
