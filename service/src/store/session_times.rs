//! How long sessions last, as organizations choose.

use super::{
    Reading, StoreError, Writing,
    sql::{query, query_as},
};
use crate::validity::SessionTimes;

type Row = (Option<i64>, Option<i64>);

fn times((fresh, valid): Row) -> SessionTimes {
    SessionTimes { fresh, valid }
}

impl Reading {
    /// What the organization chose.
    pub(crate) async fn session_times(&mut self, organization: i64) -> Result<SessionTimes, StoreError> {
        let sql = "SELECT session_refresh_after, session_expires_after FROM organizations WHERE id = $1";
        let row: Row = query_as(sql).bind(organization).fetch_one(&mut self.0).await?;
        Ok(times(row))
    }

    /// What each organization chose that the account is a member of.
    pub(crate) async fn session_times_of(&mut self, account: i64) -> Result<Vec<SessionTimes>, StoreError> {
        let sql = "SELECT o.session_refresh_after, o.session_expires_after FROM memberships m \
                   JOIN organizations o ON o.id = m.organization_id WHERE m.account_id = $1";
        let rows: Vec<Row> = query_as(sql).bind(account).fetch_all(&mut self.0).await?;
        Ok(rows.into_iter().map(times).collect())
    }
}

impl Writing {
    /// Replaces what the organization chose; its members' sessions are sealed anew.
    pub(crate) async fn set_session_times(&mut self, organization: i64, times: SessionTimes) -> Result<(), StoreError> {
        let sql = "UPDATE organizations SET session_refresh_after = $1, session_expires_after = $2 WHERE id = $3";
        query(sql).bind(times.fresh).bind(times.valid).bind(organization).execute(&mut self.0.0).await?;
        let revision = self.next_revision().await?;
        let sql = "UPDATE accounts SET revision = $1 \
                   WHERE id IN (SELECT account_id FROM memberships WHERE organization_id = $2)";
        query(sql).bind(revision).bind(organization).execute(&mut self.0.0).await?;
        Ok(())
    }
}
