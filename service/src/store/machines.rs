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
    /// Whether that counts, and what it says.
    #[sqlx(skip)]
    pub guard: Guard,
}

/// With the posture and the guard as they are stored.
#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    machine: MachineRow,
    posture: String,
    guard: String,
}

impl TryFrom<Row> for MachineRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self { posture: Posture::from_text(&row.posture), guard: guard(&row.guard)?, ..row.machine })
    }
}

fn guard(text: &str) -> Result<Guard, StoreError> {
    from_word(text).map_err(StoreError::unknown("guard"))
}

/// Longest that nothing is heard of a machine until it counts as silent, in milliseconds. An agent tells what guards its
/// machine each 70 minutes at the latest; this leaves time to try again.
pub(crate) const SILENT_MS: i64 = 2 * 60 * 60 * 1000;

/// The word of a row's [`Guard`]; `now` and `heard` are the places of the values of [`moments`], and `whose` are the
/// organizations of which a record counts.
///
/// Heard are a posture, a session that was sealed anew, and a record. Who never told a posture is an agent that cannot: its
/// silence says nothing before its session ends.
///
/// INVARIANT: a record counts for the organization by whose policy it was decided, and for no other one. Anybody who
/// signs in can claim any machine, so another organization's people could speak for one that was stopped here. A
/// machine of people who belong to several is heard of by its posture in each of them, within 70 minutes.
fn guarded(now: u8, heard: u8, whose: &str) -> String {
    format!(
        "CASE WHEN g.expires_at <= ${now} THEN 'silent' WHEN g.open_ways IS NULL THEN 'untold' \
         WHEN g.posture_at_ms <= ${heard} AND g.issued_at * 1000 <= ${heard} AND NOT EXISTS (SELECT 1 \
         FROM machine_generations h WHERE h.machine_id = g.machine_id AND h.organization {whose} \
         AND h.received_at_ms > ${heard}) THEN 'silent' \
         WHEN g.open_ways = 0 THEN 'whole' ELSE 'open' END"
    )
}

/// Now, in seconds since the Unix epoch, and since when a machine was to be heard of, in milliseconds.
fn moments(now: i64) -> (i64, i64) {
    (now, now.saturating_mul(1000).saturating_sub(SILENT_MS))
}

/// Which machines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WhichMachines<'a> {
    /// Of this user; empty: of all.
    pub user: &'a str,
    /// Guarded like this.
    pub guard: Option<Guard>,
}

/// All columns of a [`MachineRow`]; `of` narrows the records that say which policy is in force.
fn columns(of: &str, guard: &str) -> String {
    let newest = |column: &str| {
        format!(
            "(SELECT r.{column} FROM machine_generations r WHERE r.machine_id = g.machine_id{of} \
             ORDER BY r.received_at_ms DESC, r.record_id DESC LIMIT 1)"
        )
    };
    format!(
        "a.name AS \"user\", g.machine_id, g.uid, g.version AS agent_version, g.issued_at AS session_issued_at, \
         g.expires_at AS session_expires_at, g.records_dropped, g.records_refused, \
         COALESCE(m.disputed, FALSE) AS disputed, {} AS generation, {} AS last_record_at_ms, \
         g.posture, g.posture_at_ms, {guard} AS guard",
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
        now: i64,
    ) -> Result<Vec<MachineRow>, StoreError> {
        let ((now, heard), guard) = (moments(now), guarded(9, 10, "= $1"));
        let sql = format!(
            "SELECT {} FROM memberships s JOIN accounts a ON a.id = s.account_id \
             JOIN agents g ON g.account_id = a.id LEFT JOIN machines m ON m.machine_id = g.machine_id \
             WHERE s.organization_id = $2 AND ($3 = '' OR a.name = $3) \
             AND (a.name, g.machine_id, g.uid) > ($4, $5, $6) AND ($8 = '' OR {guard} = $8) \
             ORDER BY a.name, g.machine_id, g.uid LIMIT $7",
            columns(" AND r.organization = $1", &guard)
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
            .bind(now)
            .bind(heard)
            .rows()
            .fetch_all(&mut self.0)
            .await?;
        rows.into_iter().map(MachineRow::try_from).collect()
    }

    /// How many machines of the members of an organization are guarded how.
    pub(crate) async fn guards(&mut self, organization: i64, now: i64) -> Result<Vec<(Guard, i64)>, StoreError> {
        let ((now, heard), word) = (moments(now), guarded(2, 3, "= o.name"));
        let sql = format!(
            "SELECT {word} AS guard, COUNT(*) AS machines FROM memberships s \
             JOIN organizations o ON o.id = s.organization_id JOIN agents g ON g.account_id = s.account_id WHERE s.organization_id = $1 GROUP BY 1 ORDER BY 1"
        );
        let counted = made(sql).bind(organization).bind(now).bind(heard).rows();
        let rows: Vec<(String, i64)> = counted.fetch_all(&mut self.0).await?;
        rows.into_iter().map(|(word, machines)| Ok((guard(&word)?, machines))).collect()
    }

    /// One account's machines, by machine and local user.
    pub(crate) async fn machines_of(&mut self, account: i64, now: i64) -> Result<Vec<MachineRow>, StoreError> {
        let (now, heard) = moments(now);
        let own = "IN (SELECT o.name FROM memberships s JOIN organizations o ON o.id = s.organization_id \
                   WHERE s.account_id = g.account_id)";
        let sql = format!(
            "SELECT {} FROM accounts a JOIN agents g ON g.account_id = a.id \
             LEFT JOIN machines m ON m.machine_id = g.machine_id WHERE a.id = $1 ORDER BY g.machine_id, g.uid",
            columns("", &guarded(2, 3, own))
        );
        let rows: Vec<Row> = made(sql).bind(account).bind(now).bind(heard).rows().fetch_all(&mut self.0).await?;
        rows.into_iter().map(MachineRow::try_from).collect()
    }
}
