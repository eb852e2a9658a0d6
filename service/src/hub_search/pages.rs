//! One search, page by page.
//!
//! INVARIANT: a search counts as read to its end only when as many different results came as it says there are, that
//! number was the same on every page, and it is none at which a search stops counting.

use std::{collections::HashSet, time::Duration};

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Found, Progress, SearchError, Short, result};
use crate::{
    clock,
    model::Badge,
    outgoing::{Answer, Base, MAX_ANSWER, Outgoing, OutgoingError, wait},
};

/// Results of one page: some KiB are left for each of them in the longest answer that is read.
pub const PAGE: usize = 100;
const _: () = assert!(MAX_ANSWER / PAGE > 2 << 10);
/// A page is not asked for with less, however long its results are.
const SMALLEST_PAGE: usize = 10;
/// Most results of one search: where search engines stop counting. It bounds the calls too.
pub const MOST_RESULTS: usize = 10_000;
/// Waits of one search because Docker Hub asks for them.
const MOST_WAITS: usize = 10;

const PATH: &str = "/api/search/v4";

/// Asks one address.
pub(super) struct Asking<'a> {
    pub outgoing: &'a Outgoing,
    pub base: &'a Base,
    /// When it has to be done.
    pub until: Instant,
    /// How long that was.
    pub within: Duration,
}

#[derive(Deserialize)]
struct Page {
    total: u64,
    results: Vec<Value>,
}

/// What came of one question.
enum Asked {
    Page(Page),
    /// Come back later.
    Later(Duration),
    /// The time is over.
    Late,
}

impl Asking<'_> {
    /// Adds what one search shows. Returns why it was not read to its end, if it was not.
    pub async fn read(
        &self,
        badge: Badge,
        found: &mut Found,
        told: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Option<Short>, SearchError> {
        let (mut names, mut good) = (HashSet::new(), 0);
        let (mut seen, mut odd, mut size, mut waits) = (0, 0, PAGE, 0);
        let (mut total, mut steady) = (None, true);
        let short = loop {
            let asked = match self.ask(badge, seen, size.min(MOST_RESULTS - seen)).await {
                Err(SearchError::Call(OutgoingError::TooLarge { .. })) if size / 2 >= SMALLEST_PAGE => {
                    size /= 2;
                    continue;
                }
                asked => asked?,
            };
            // Without a single result there is nothing to tell of.
            let any = found.results > 0 || seen > 0;
            let page = match asked {
                Asked::Page(page) => page,
                Asked::Later(pause) if waits < MOST_WAITS && Instant::now() + pause < self.until => {
                    waits += 1;
                    tokio::time::sleep(pause).await;
                    continue;
                }
                Asked::Later(_) if any => break Some(Short::Limited),
                Asked::Later(pause) => return Err(SearchError::Limited(pause)),
                Asked::Late if any => break Some(Short::Time),
                Asked::Late => return Err(SearchError::Slow(self.within)),
            };
            steady &= total.is_none_or(|before| before == page.total);
            total = Some(page.total);
            seen += page.results.len();
            for one in &page.results {
                match result::read(one, badge) {
                    Some((name, namespace)) => {
                        names.insert(name.to_owned());
                        good += 1;
                        found.badges.entry(namespace).or_insert(badge);
                    }
                    None => odd += 1,
                }
            }
            told(Progress { badge, seen, total: page.total });
            if seen >= MOST_RESULTS || page.total >= MOST_RESULTS as u64 && page.results.is_empty() {
                break Some(Short::TooMany);
            }
            if page.results.is_empty() || seen as u64 >= page.total {
                let all = steady && (names.len() + odd) as u64 == page.total && page.total < MOST_RESULTS as u64;
                break (!all).then_some(Short::Gaps);
            }
        };
        if seen > 0 && good == 0 {
            let what = format!("none of its {seen} results is an image with the badge `{}`", result::word(badge));
            return Err(self.strange(what));
        }
        found.results += seen;
        found.passed_over += odd;
        Ok(short)
    }

    async fn ask(&self, badge: Badge, from: usize, size: usize) -> Result<Asked, SearchError> {
        let badge = result::word(badge);
        let address = self.base.join(&format!("{PATH}?badges={badge}&type=image&from={from}&size={size}"));
        let Ok(answer) = tokio::time::timeout_at(self.until, self.outgoing.get(&address, None)).await else {
            return Ok(Asked::Late);
        };
        let answer = answer?;
        match answer.status {
            StatusCode::OK => Ok(Asked::Page(self.page(&answer)?)),
            StatusCode::TOO_MANY_REQUESTS => Ok(Asked::Later(wait(&answer.headers, clock::now()))),
            status => Err(self.strange(format!("the status is {status}"))),
        }
    }

    fn page(&self, answer: &Answer) -> Result<Page, SearchError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            self.strange(format!("what came is no JSON with `total` and `results` ({:?})", error.classify()))
        })
    }

    fn strange(&self, what: String) -> SearchError {
        SearchError::Strange { address: self.base.join(PATH), what }
    }
}
