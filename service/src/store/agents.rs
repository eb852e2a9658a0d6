//! Signed-in users of machines, each with the session sealed for it.

use super::{
    Reading, StoreError, Writing,
    publications::sha256,
    sql::{query, query_as, query_scalar},
};
use crate::model::Posture;

/// Machines of one account whose sessions are kept; the least recently sealed goes first.
const KEPT_AGENTS: i64 = 200;
/// Of one organization access token.
const KEPT_AGENTS_OF_TOKEN: i64 = 4096;

/// How long a machine is remembered after its session ended, in seconds. It goes when its account's next session is sealed.
const REMEMBERED: i64 = 90 * 86_400;

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AgentKey {
    /// Row of the account.
    pub account: i64,
    /// The machine's own id.
    pub machine_id: String,
    /// Local user there.
    pub uid: u32,
}

/// A sealed session, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSession {
    /// Unique and rising, over all accounts and machines.
    pub generation: i64,
    /// SHA-256 of the session without its header.
    pub content_sha256: [u8; 32],
    /// The exact bytes of the envelope.
    pub envelope: Vec<u8>,
    /// Key that signed it.
    pub keyid: String,
    /// Seconds since the Unix epoch.
    pub issued_at: i64,
    /// Seconds since the Unix epoch.
    pub refresh_after: i64,
    /// Seconds since the Unix epoch.
    pub expires_at: i64,
}

type Row = (i64, Vec<u8>, Vec<u8>, String, i64, i64, i64);

impl Reading {
    /// The session that was sealed last for this agent.
    pub(crate) async fn session(&mut self, key: &AgentKey) -> Result<Option<SealedSession>, StoreError> {
        let sql = "SELECT generation, content_sha256, envelope, keyid, issued_at, refresh_after, expires_at \
                   FROM agents WHERE account_id = $1 AND machine_id = $2 AND uid = $3";
        let row: Option<Row> =
            query_as(sql).bind(key.account).bind(&key.machine_id).bind(key.uid).fetch_optional(&mut self.0).await?;
        let Some((generation, content, envelope, keyid, issued_at, refresh_after, expires_at)) = row else {
            return Ok(None);
        };
        let content_sha256 = sha256("content_sha256", content)?;
        Ok(Some(SealedSession { generation, content_sha256, envelope, keyid, issued_at, refresh_after, expires_at }))
    }
}

impl Writing {
    /// The next session generation: rising over all accounts, and at least `at_least`.
    pub(crate) async fn next_session_generation(&mut self, at_least: i64) -> Result<i64, StoreError> {
        let sql = "UPDATE sequence SET session_generation = CASE WHEN session_generation < $1 THEN $1 \
                   ELSE session_generation + 1 END RETURNING session_generation";
        query_scalar(sql).bind(at_least).fetch_one(&mut self.0.0).await
    }

    /// Stores what was sealed for this agent.
    pub(crate) async fn put_session(
        &mut self,
        key: &AgentKey,
        session: &SealedSession,
        version: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO agents (account_id, machine_id, uid, generation, content_sha256, envelope, keyid, \
                   issued_at, refresh_after, expires_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                   ON CONFLICT (account_id, machine_id, uid) DO UPDATE SET generation = excluded.generation, \
                   content_sha256 = excluded.content_sha256, envelope = excluded.envelope, keyid = excluded.keyid, \
                   issued_at = excluded.issued_at, refresh_after = excluded.refresh_after, \
                   expires_at = excluded.expires_at, version = excluded.version";
        query(sql)
            .bind(key.account)
            .bind(&key.machine_id)
            .bind(key.uid)
            .bind(session.generation)
            .bind(session.content_sha256.as_slice())
            .bind(&session.envelope)
            .bind(&session.keyid)
            .bind(session.issued_at)
            .bind(session.refresh_after)
            .bind(session.expires_at)
            .bind(version)
            .execute(&mut self.0.0)
            .await?;
        let sql = "DELETE FROM agents WHERE account_id = $1 AND (expires_at < $4 OR generation <= \
                   (SELECT generation FROM agents WHERE account_id = $1 ORDER BY generation DESC LIMIT 1 OFFSET \
                   (SELECT CASE origin WHEN 'organization' THEN $3 ELSE $2 END FROM accounts WHERE id = $1)))";
        query(sql)
            .bind(key.account)
            .bind(KEPT_AGENTS)
            .bind(KEPT_AGENTS_OF_TOKEN)
            .bind(session.issued_at.saturating_sub(REMEMBERED))
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }

    /// Keeps what guards the machine, as the agent says.
    pub(crate) async fn set_posture(
        &mut self,
        key: &AgentKey,
        posture: &Posture,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let open = i64::try_from(posture.open().len()).unwrap_or(i64::MAX);
        let sql = "UPDATE agents SET posture = $4, posture_at_ms = $5, open_ways = $6 \
                   WHERE account_id = $1 AND machine_id = $2 AND uid = $3";
        query(sql)
            .bind(key.account)
            .bind(&key.machine_id)
            .bind(key.uid)
            .bind(posture.to_text())
            .bind(now_ms)
            .bind(open)
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }

    /// Adds to what a machine says it lost, and to what was not taken from it.
    pub(crate) async fn add_lost(&mut self, key: &AgentKey, dropped: i64, refused: i64) -> Result<(), StoreError> {
        let sql = "UPDATE agents SET records_dropped = records_dropped + $4, records_refused = records_refused + $5 \
                   WHERE account_id = $1 AND machine_id = $2 AND uid = $3";
        query(sql)
            .bind(key.account)
            .bind(&key.machine_id)
            .bind(key.uid)
            .bind(dropped)
            .bind(refused)
            .execute(&mut self.0.0)
            .await?;
        Ok(())
    }
}
