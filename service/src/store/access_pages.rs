//! Requests for access, a page at a time.

use super::{Reading, StoreError, sql::query_scalar};
use crate::model::{AccessRequest, AccessState, word};

/// Which requests of an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccessPage<'a> {
    /// Its row.
    pub organization: i64,
    /// Of this state; none: of any.
    pub state: Option<AccessState>,
    /// Of this account; empty: of any.
    pub user: &'a str,
    /// Made before this one: seconds since the Unix epoch, and id.
    pub before: (i64, &'a str),
}

impl Reading {
    /// The newest of them, newest first.
    pub(crate) async fn access_page(
        &mut self,
        page: &AccessPage<'_>,
        limit: u32,
    ) -> Result<Vec<AccessRequest>, StoreError> {
        let sql = "SELECT r.id FROM access_requests r JOIN accounts a ON a.id = r.account_id \
                   WHERE r.organization_id = $1 AND (r.created_at, r.id) < ($2, $3) AND ($4 = '' OR r.state = $4) \
                   AND ($5 = '' OR a.name = $5) ORDER BY r.created_at DESC, r.id DESC LIMIT $6";
        let ids: Vec<String> = query_scalar(sql)
            .bind(page.organization)
            .bind(page.before.0)
            .bind(page.before.1)
            .bind(page.state.map(word).unwrap_or_default())
            .bind(page.user)
            .bind(limit)
            .fetch_all(&mut self.0)
            .await?;
        let mut requests = Vec::with_capacity(ids.len());
        for id in ids {
            requests.extend(self.access_request(&id).await?);
        }
        Ok(requests)
    }
}
