//! Requests for access.

use sqlx::FromRow;

use super::{
    Reading, StoreError, Writing,
    sql::{Query, Value, made, query, query_as},
};
use crate::model::{AccessRequest, AccessState, from_word, word};

/// A request that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewAccessRequest<'a> {
    /// ULID.
    pub id: &'a str,
    /// Row of the organization.
    pub organization: i64,
    /// Row of the account.
    pub account: i64,
    /// As the engine reads it.
    pub image: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The decision that it is about; may be empty.
    pub decision: &'a str,
    /// Where it was asked.
    pub machine_id: &'a str,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// The new state.
    pub state: AccessState,
    /// Who; empty: the one who asked.
    pub by: &'a str,
    /// Seconds since the Unix epoch.
    pub at: i64,
    /// In words; may be empty.
    pub text: &'a str,
    /// The rule that was made; empty: none.
    pub rule_id: &'a str,
    /// When it ends; none: never.
    pub expires_at: Option<i64>,
}

/// Which requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessFilter<'a> {
    /// Of this state.
    pub state: Option<AccessState>,
    /// To this organization.
    pub organization: Option<&'a str>,
    /// Of this account.
    pub account: Option<i64>,
    /// For this image.
    pub image: Option<&'a str>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    organization: String,
    user: String,
    image: String,
    reason: String,
    decision: String,
    machine_id: String,
    state: String,
    created_at: i64,
    decided_at: Option<i64>,
    decided_by: String,
    answer: String,
    rule_id: String,
    expires_at: Option<i64>,
}

impl TryFrom<Row> for AccessRequest {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            organization: row.organization,
            user: row.user,
            image: row.image,
            reason: row.reason,
            decision: row.decision,
            machine_id: row.machine_id,
            state: from_word(&row.state).map_err(StoreError::unknown("the state of a request"))?,
            created_at: row.created_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by,
            answer: row.answer,
            rule_id: row.rule_id,
            expires_at: row.expires_at,
        })
    }
}

/// All columns of a [`Row`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, o.name AS organization, a.name AS \"user\", r.image, r.reason, r.decision, r.machine_id, ",
            "r.state, r.created_at, r.decided_at, r.decided_by, r.answer, r.rule_id, r.expires_at ",
            "FROM access_requests r JOIN organizations o ON o.id = r.organization_id ",
            "JOIN accounts a ON a.id = r.account_id ",
            $rest
        )
    };
}

impl Reading {
    /// The request, if there is one.
    pub(crate) async fn access_request(&mut self, id: &str) -> Result<Option<AccessRequest>, StoreError> {
        let row: Option<Row> = query_as(select!("WHERE r.id = $1")).bind(id).fetch_optional(&mut self.0).await?;
        row.map(AccessRequest::try_from).transpose()
    }

    /// The newest of them, newest first.
    pub(crate) async fn access_requests(
        &mut self,
        filter: &AccessFilter<'_>,
        limit: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        let narrowed = [
            ("r.state", filter.state.map(|state| Value::from(word(state)))),
            ("o.name", filter.organization.map(Value::from)),
            ("r.account_id", filter.account.map(Value::from)),
            ("r.image", filter.image.map(Value::from)),
        ];
        // Only what is asked for is part of the statement: a database finds it by an index then.
        let (mut sql, mut values) = (select!("WHERE TRUE").to_owned(), Vec::new());
        for (column, value) in narrowed {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        values.push(limit.into());
        sql.push_str(&format!(" ORDER BY r.created_at DESC, r.id DESC LIMIT ${}", values.len()));
        let statement = values.into_iter().fold(made(sql), Query::bind);
        let rows: Vec<Row> = statement.rows().fetch_all(&mut self.0).await?;
        rows.into_iter().map(AccessRequest::try_from).collect()
    }

    /// The request that waits for the same, if there is one.
    pub(crate) async fn pending_access_request(
        &mut self,
        organization: i64,
        account: i64,
        image: &str,
    ) -> Result<Option<AccessRequest>, StoreError> {
        let sql =
            select!("WHERE r.organization_id = $1 AND r.account_id = $2 AND r.image = $3 AND r.state = 'pending'");
        let row: Option<Row> =
            query_as(sql).bind(organization).bind(account).bind(image).fetch_optional(&mut self.0).await?;
        row.map(AccessRequest::try_from).transpose()
    }

    /// How many requests the account made since then, and how many of all its requests wait.
    pub(crate) async fn access_requests_of(&mut self, account: i64, since: i64) -> Result<(i64, i64), StoreError> {
        let sql = "SELECT COUNT(CASE WHEN created_at >= $2 THEN 1 END), COUNT(CASE WHEN state = 'pending' THEN 1 END) \
                   FROM access_requests WHERE account_id = $1";
        query_as(sql).bind(account).bind(since).fetch_one(&mut self.0).await
    }
}

impl Writing {
    /// Adds a request that nobody made yet ([`Reading::pending_access_request`]).
    pub(crate) async fn add_access_request(&mut self, new: &NewAccessRequest<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO access_requests (id, organization_id, account_id, image, reason, decision, machine_id, \
                   state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8)";
        query(sql)
            .bind(new.id)
            .bind(new.organization)
            .bind(new.account)
            .bind(new.image)
            .bind(new.reason)
            .bind(new.decision)
            .bind(new.machine_id)
            .bind(new.now)
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }

    /// Whoever asks again may have better words.
    pub(crate) async fn reword_access_request(
        &mut self,
        id: &str,
        reason: &str,
        decision: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE access_requests SET reason = $2, decision = $3 WHERE id = $1 AND state = 'pending'";
        query(sql).bind(id).bind(reason).bind(decision).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Answers a request that waits. False: it does not.
    pub(crate) async fn answer_access_request(&mut self, id: &str, answer: &Answer<'_>) -> Result<bool, StoreError> {
        let sql = "UPDATE access_requests SET state = $2, decided_by = $3, decided_at = $4, answer = $5, rule_id = $6, \
                   expires_at = $7 WHERE id = $1 AND state = 'pending'";
        let done = query(sql)
            .bind(id)
            .bind(word(answer.state))
            .bind(answer.by)
            .bind(answer.at)
            .bind(answer.text)
            .bind(answer.rule_id)
            .bind(answer.expires_at)
            .execute(&mut self.0.0)
            .await?;
        Ok(done > 0)
    }

    /// Forgets what was decided more than `keep` seconds before `now`; the trail keeps who decided. Returns how many.
    pub(crate) async fn forget_access_requests(&mut self, now: i64, keep: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM access_requests WHERE decided_at < $1";
        let before = now.saturating_sub(keep);
        query(sql).bind(before).execute(&mut self.0.0).await
    }
}
