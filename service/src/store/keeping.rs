//! What organizations keep of decisions, and what is forgotten.

use super::{
    Reading, StoreError, Writing,
    counts::day,
    sql::{query, query_as, query_scalar},
};
use crate::model::{AllowedPulls, Keeping, from_word, word};

const DAY_MS: i64 = 86_400_000;
/// A record that is sent again is known for this long after everything else of it was forgotten, in milliseconds:
/// a laptop that lay in a drawer meanwhile may not have heard that it arrived.
const GRACE_MS: i64 = 30 * DAY_MS;

type Row = (String, Option<i64>);

fn keeping((allowed_pulls, keep_records): Row) -> Result<Keeping, StoreError> {
    let allowed_pulls = from_word(&allowed_pulls).map_err(StoreError::unknown("allowed_pulls"))?;
    Ok(Keeping { allowed_pulls, keep_records })
}

impl Reading {
    /// What the organization keeps.
    pub(crate) async fn keeping(&mut self, organization: i64) -> Result<Keeping, StoreError> {
        let sql = "SELECT allowed_pulls, keep_records FROM organizations WHERE id = $1";
        keeping(query_as(sql).bind(organization).fetch_one(&mut self.0).await?)
    }

    /// The same of all, by name.
    pub(crate) async fn all_keeping(&mut self) -> Result<Vec<(String, Keeping)>, StoreError> {
        let sql = "SELECT name, allowed_pulls, keep_records FROM organizations ORDER BY name";
        let rows: Vec<(String, String, Option<i64>)> = query_as(sql).fetch_all(&mut self.0).await?;
        rows.into_iter().map(|(name, allowed, keep)| Ok((name, keeping((allowed, keep))?))).collect()
    }

    /// When a machine was heard of last, milliseconds since the Unix epoch; none: never.
    async fn newest_record_ms(&mut self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT MAX(received_at_ms) FROM records";
        let kept: Option<i64> = query_scalar(sql).fetch_one(&mut self.0).await?;
        let sql = "SELECT MAX(received_at_ms) FROM machine_generations";
        let heard: Option<i64> = query_scalar(sql).fetch_one(&mut self.0).await?;
        Ok(kept.max(heard))
    }
}

impl Writing {
    /// Replaces what the organization keeps. What is there already and is not to be kept any more, the next
    /// [`Writing::forget_records`] forgets.
    pub(crate) async fn set_keeping(&mut self, organization: i64, keeping: Keeping) -> Result<(), StoreError> {
        let sql = "UPDATE organizations SET allowed_pulls = $1, keep_records = $2 WHERE id = $3";
        let allowed_pulls = word(keeping.allowed_pulls);
        query(sql).bind(allowed_pulls).bind(keeping.keep_records).bind(organization).execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Forgets what was received longer ago than it is kept, before both `now_ms` and the newest record: a clock that
    /// jumps ahead forgets nothing. And what an organization does not keep at all. Returns how many records.
    pub(crate) async fn forget_records(&mut self, now_ms: i64, keep_ms: i64) -> Result<u64, StoreError> {
        let Some(newest_ms) = self.newest_record_ms().await? else { return Ok(0) };
        let now_ms = now_ms.min(newest_ms);
        let mut organizations = self.all_keeping().await?;
        // What belongs to none is the service's.
        organizations.push((String::new(), Keeping { allowed_pulls: AllowedPulls::All, keep_records: None }));
        let (mut forgotten, mut longest_ms) = (0, keep_ms);
        for (name, keeping) in organizations {
            let keep_ms = keeping.keep_records.map_or(keep_ms, |seconds| seconds.saturating_mul(1000));
            longest_ms = longest_ms.max(keep_ms);
            let before_ms = now_ms.saturating_sub(keep_ms);
            let sql = "DELETE FROM records WHERE organization = $1 AND received_at_ms < $2";
            forgotten += query(sql).bind(&name).bind(before_ms).execute(&mut self.0.0).await?;
            let sql = "DELETE FROM decision_counts WHERE organization = $1 AND day < $2";
            query(sql).bind(&name).bind(day(before_ms)).execute(&mut self.0.0).await?;
            forgotten += self.forget_allowed(&name, keeping.allowed_pulls).await?;
        }
        let sql = "DELETE FROM record_ids WHERE day < $1";
        let before = day(now_ms.saturating_sub(longest_ms).saturating_sub(GRACE_MS));
        query(sql).bind(before).execute(&mut self.0.0).await?;
        Ok(forgotten)
    }

    async fn forget_allowed(&mut self, organization: &str, kept: AllowedPulls) -> Result<u64, StoreError> {
        if kept == AllowedPulls::None {
            let sql = "DELETE FROM decision_counts WHERE organization = $1 AND decision = 'allowed'";
            query(sql).bind(organization).execute(&mut self.0.0).await?;
        }
        if kept == AllowedPulls::All {
            return Ok(0);
        }
        let sql = "DELETE FROM records WHERE organization = $1 AND allowed AND NOT would_deny AND act = ''";
        query(sql).bind(organization).execute(&mut self.0.0).await
    }
}
