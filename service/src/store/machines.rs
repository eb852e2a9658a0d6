//! Machines on which members are signed in.

use sqlx::FromRow;

use super::{Reading, StoreError, sql::made};
use crate::model::{Guard, Posture, from_word, word};

/// A signed-in user of a machine, as the service knows them.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MachineRow {
    /// Account.
    pub user: String,
    /// The machine's own id.
    pub machine_id: String,
    /// Local user there.
    pub uid: i64,
    /// Version of the agent.
    pub agent_version: String,
    /// When the session there was sealed, seconds since the Unix epoch.
    pub session_issued_at: i64,
    /// When it ends.
    pub session_expires_at: i64,
    /// Records that were lost there, as it says.
    pub records_dropped: i64,
    /// Records of it that were not taken.
    pub records_refused: i64,
    /// Accounts of unrelated organizations reported this machine.
    pub disputed: bool,
    /// Policy generation of the newest decision of this organization that it reported; absent: none.
    pub generation: Option<i64>,
    /// When that was received, milliseconds since the Unix epoch.
    pub last_record_at_ms: Option<i64>,
    /// What guards the machine, as it said last.
    #[sqlx(skip)]
    pub posture: Option<Posture>,
    /// When it said so, milliseconds since the Unix epoch.
    pub posture_at_ms: Option<i64>,
}

/// With the posture as it is stored.
#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    machine: MachineRow,
    posture: String,
}

impl From<Row> for MachineRow {
    fn from(row: Row) -> Self {
        Self { posture: Posture::from_text(&row.posture), ..row.machine }
    }
}

/// The word of a row's [`Guard`].
const GUARD: &str = "CASE WHEN g.open_ways IS NULL THEN 'untold' WHEN g.open_ways = 0 THEN 'whole' ELSE 'open' END";

/// Which machines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WhichMachines<'a> {
    /// Of this user; empty: of all.
    pub user: &'a str,
    /// Guarded like this.
    pub guard: Option<Guard>,
}

/// All columns of a [`MachineRow`]; `of` narrows the records that say which policy is in force.
fn columns(of: &str) -> String {
    let newest = |column: &str| {
        format!(
            "(SELECT r.{column} FROM machine_generations r WHERE r.machine_id = g.machine_id{of} \
             ORDER BY r.record_id DESC LIMIT 1)"
        )
    };
    format!(
        "a.name AS \"user\", g.machine_id, g.uid, g.version AS agent_version, g.issued_at AS session_issued_at, \
         g.expires_at AS session_expires_at, g.records_dropped, g.records_refused, \
         COALESCE(m.disputed, FALSE) AS disputed, {} AS generation, {} AS last_record_at_ms, \
         g.posture, g.posture_at_ms",
        newest("generation"),
        newest("received_at_ms")
    )
}

impl Reading {
    /// Machines of the members of an organization behind this one, by user, machine and local user.
    pub(crate) async fn machines(
        &mut self,
        organization: (i64, &str),
        after: &(String, String, i64),
        which: WhichMachines<'_>,
        limit: u32,
    ) -> Result<Vec<MachineRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM memberships s JOIN accounts a ON a.id = s.account_id \
             JOIN agents g ON g.account_id = a.id LEFT JOIN machines m ON m.machine_id = g.machine_id \
             WHERE s.organization_id = $2 AND ($3 = '' OR a.name = $3) \
             AND (a.name, g.machine_id, g.uid) > ($4, $5, $6) AND ($8 = '' OR {GUARD} = $8) \
             ORDER BY a.name, g.machine_id, g.uid LIMIT $7",
            columns(" AND r.organization = $1")
        );
        let rows: Vec<Row> = made(sql)
            .bind(organization.1)
            .bind(organization.0)
            .bind(which.user)
            .bind(&after.0)
            .bind(&after.1)
            .bind(after.2)
            .bind(limit)
            .bind(which.guard.map(word).unwrap_or_default())
            .rows()
            .fetch_all(&mut self.0)
            .await?;
        Ok(rows.into_iter().map(MachineRow::from).collect())
    }

    /// How many machines of the members of an organization are guarded how.
    pub(crate) async fn guards(&mut self, organization: i64) -> Result<Vec<(Guard, i64)>, StoreError> {
        let sql = format!(
            "SELECT {GUARD} AS guard, COUNT(*) AS machines FROM memberships s JOIN agents g \
             ON g.account_id = s.account_id WHERE s.organization_id = $1 GROUP BY 1 ORDER BY 1"
        );
        let rows: Vec<(String, i64)> = made(sql).bind(organization).rows().fetch_all(&mut self.0).await?;
        let guard =
            |(text, machines): (String, i64)| Ok((from_word(&text).map_err(StoreError::unknown("guard"))?, machines));
        rows.into_iter().map(guard).collect()
    }

    /// One account's machines, by machine and local user.
    pub(crate) async fn machines_of(&mut self, account: i64) -> Result<Vec<MachineRow>, StoreError> {
        let sql = format!(
            "SELECT {} FROM accounts a JOIN agents g ON g.account_id = a.id \
             LEFT JOIN machines m ON m.machine_id = g.machine_id WHERE a.id = $1 ORDER BY g.machine_id, g.uid",
            columns("")
        );
        let rows: Vec<Row> = made(sql).bind(account).rows().fetch_all(&mut self.0).await?;
        Ok(rows.into_iter().map(MachineRow::from).collect())
    }
}
