//! Sign-ins and refused attempts, a page at a time.

use super::{Reading, SignInRow, StoreError, sql::query_as};

/// Which attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignInFilter<'a> {
    /// Before this one.
    pub before: i64,
    /// Of this account; empty: of any.
    pub account: &'a str,
    /// That ended so; empty: any.
    pub outcome: &'a str,
}

impl Reading {
    /// The newest attempts of an organization's members and access tokens, newest first: all of the account's, since
    /// nothing says when a membership began or for which organization somebody signed in.
    pub(crate) async fn sign_ins_of(
        &mut self,
        organization: i64,
        filter: &SignInFilter<'_>,
        limit: u32,
    ) -> Result<Vec<SignInRow>, StoreError> {
        let sql = "SELECT id, at_ms, account, via, credential, outcome, peer, machine_id, count FROM sign_ins \
                   WHERE id < $1 AND ($2 = '' OR account = $2) AND ($3 = '' OR outcome = $3) AND account IN \
                   (SELECT a.name FROM memberships m JOIN accounts a ON a.id = m.account_id \
                   WHERE m.organization_id = $4) ORDER BY id DESC LIMIT $5";
        query_as(sql)
            .bind(filter.before)
            .bind(filter.account)
            .bind(filter.outcome)
            .bind(organization)
            .bind(limit)
            .fetch_all(&mut self.0)
            .await
    }

    /// The newest attempts of everybody, also of nobody known, newest first.
    pub(crate) async fn all_sign_ins(
        &mut self,
        filter: &SignInFilter<'_>,
        limit: u32,
    ) -> Result<Vec<SignInRow>, StoreError> {
        let sql = "SELECT id, at_ms, account, via, credential, outcome, peer, machine_id, count FROM sign_ins \
                   WHERE id < $1 AND ($2 = '' OR account = $2) AND ($3 = '' OR outcome = $3) ORDER BY id DESC LIMIT $4";
        query_as(sql)
            .bind(filter.before)
            .bind(filter.account)
            .bind(filter.outcome)
            .bind(limit)
            .fetch_all(&mut self.0)
            .await
    }
}
