//! Counts over the decisions of an organization. Each looks at the newest [`WINDOW`] of them at most, so that a page
//! with counts costs the same however many there are.

use sqlx::FromRow;

use super::{Reading, StoreError, WINDOW, sql::made};

/// How often a rule decided.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RuleHits {
    /// Its id.
    pub rule: String,
    /// Decisions.
    pub hits: i64,
    /// The newest, when it was received: milliseconds since the Unix epoch.
    pub last_ms: i64,
}

/// Refusals of a day.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Day {
    /// Days since the Unix epoch, in UTC, by this service's clock.
    pub day: i64,
    /// Refused.
    pub denied: i64,
    /// Let through, and would have been refused.
    pub would_deny: i64,
}

/// Something with how often it was refused.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Top {
    /// An image, or an account.
    pub name: String,
    /// How often.
    pub refusals: i64,
}

/// The refusals that are counted, as the index has them.
const REFUSED: &str = "SELECT received_at_ms, image, reported_by, allowed FROM records WHERE organization = $1 \
                       AND received_at_ms >= $2 AND (NOT allowed OR would_deny) \
                       ORDER BY received_at_ms DESC, machine_id DESC, id DESC";

impl Reading {
    /// How often each rule of an organization decided.
    pub(crate) async fn rule_hits(&mut self, organization: &str) -> Result<Vec<RuleHits>, StoreError> {
        let sql = format!(
            "SELECT rule, COUNT(*) AS hits, MAX(received_at_ms) AS last_ms FROM (SELECT rule, received_at_ms FROM \
             records WHERE organization = $1 ORDER BY received_at_ms DESC, machine_id DESC, id DESC LIMIT {WINDOW}) r \
             WHERE rule <> '' GROUP BY rule ORDER BY rule"
        );
        made(sql).bind(organization).rows().fetch_all(&mut self.0).await
    }

    /// Refusals of each day since, of days that have any, oldest first.
    pub(crate) async fn refusals_by_day(&mut self, organization: &str, since_ms: i64) -> Result<Vec<Day>, StoreError> {
        let sql = format!(
            "SELECT received_at_ms / 86400000 AS day, SUM(CASE WHEN allowed THEN 0 ELSE 1 END) AS denied, \
             SUM(CASE WHEN allowed THEN 1 ELSE 0 END) AS would_deny FROM ({REFUSED} LIMIT {WINDOW}) r \
             GROUP BY received_at_ms / 86400000 ORDER BY day"
        );
        made(sql).bind(organization).bind(since_ms).rows().fetch_all(&mut self.0).await
    }

    /// The images that were refused most since, most refused first.
    pub(crate) async fn top_images(
        &mut self,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        self.top("image", organization, since_ms, limit).await
    }

    /// The accounts to which most was refused since.
    pub(crate) async fn top_people(
        &mut self,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        self.top("reported_by", organization, since_ms, limit).await
    }

    async fn top(
        &mut self,
        column: &'static str,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        let sql = format!(
            "SELECT {column} AS name, COUNT(*) AS refusals FROM ({REFUSED} LIMIT {WINDOW}) r WHERE {column} <> '' \
             GROUP BY {column} ORDER BY refusals DESC, name LIMIT $3"
        );
        made(sql).bind(organization).bind(since_ms).bind(limit).rows().fetch_all(&mut self.0).await
    }
}
