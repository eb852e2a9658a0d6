//! Counts over the decisions of an organization, from those of each day. What is refused most is looked for in the newest
//! [`WINDOW`] of them at most, so that a page with counts costs the same however many there are.

use sqlx::FromRow;

use super::{Reading, StoreError, WINDOW, counts::day, daily::Subject, sql::made};

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

/// The counts of a subject since a day, the newest days first.
const COUNTS: &str = "SELECT day, name, decision, times, last_ms FROM daily_counts WHERE organization = $1 \
                      AND subject = $2 AND day >= $3 ORDER BY day DESC";

impl Reading {
    /// How often these rules of an organization decided, of those that decided something, by id: as long as counts are
    /// kept, which is a row a day. A page of them at most.
    pub(crate) async fn rule_hits(&mut self, organization: &str, rules: &[&str]) -> Result<Vec<RuleHits>, StoreError> {
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        // The index is of this subject, so that it stands there as text.
        let marks: Vec<String> = (2..rules.len() + 2).map(|number| format!("${number}")).collect();
        let sql = format!(
            "SELECT name AS rule, CAST(SUM(times) AS BIGINT) AS hits, MAX(last_ms) AS last_ms FROM daily_counts \
             WHERE organization = $1 AND subject = 'rule' AND name IN ({}) GROUP BY name ORDER BY name",
            marks.join(", ")
        );
        rules.iter().fold(made(sql).bind(organization), |sql, rule| sql.bind(*rule)).rows().fetch_all(&mut self.0).await
    }

    /// Refusals of each day since that of this time, of days that have any, oldest first.
    pub(crate) async fn refusals_by_day(&mut self, organization: &str, since_ms: i64) -> Result<Vec<Day>, StoreError> {
        let sum =
            |decision: &str| format!("CAST(SUM(CASE decision WHEN '{decision}' THEN times ELSE 0 END) AS BIGINT)");
        let sql = format!(
            "SELECT day, {} AS denied, {} AS would_deny FROM daily_counts WHERE organization = $1 AND subject = $2 \
             AND day >= $3 AND decision <> 'allowed' GROUP BY day ORDER BY day",
            sum("denied"),
            sum("would-deny")
        );
        made(sql).bind(organization).bind(Subject::All.word()).bind(day(since_ms)).rows().fetch_all(&mut self.0).await
    }

    /// The images that were refused most since that day, most refused first.
    pub(crate) async fn top_images(
        &mut self,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        self.top(Subject::Image, organization, since_ms, limit).await
    }

    /// The accounts to which most was refused since that day.
    pub(crate) async fn top_people(
        &mut self,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        self.top(Subject::Account, organization, since_ms, limit).await
    }

    async fn top(
        &mut self,
        subject: Subject,
        organization: &str,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<Top>, StoreError> {
        let sql = format!(
            "SELECT name, CAST(SUM(times) AS BIGINT) AS refusals FROM ({COUNTS} LIMIT {WINDOW}) c \
             GROUP BY name ORDER BY refusals DESC, name LIMIT $4"
        );
        made(sql)
            .bind(organization)
            .bind(subject.word())
            .bind(day(since_ms))
            .bind(limit)
            .rows()
            .fetch_all(&mut self.0)
            .await
    }
}
