//! Decisions that machines reported of an organization, a page at a time.

use super::{Reading, RecordRow, StoreError, sql::made};

/// Rows that one page looks at: a search for what is rare answers with a part, and goes on from there.
pub(crate) const WINDOW: i64 = 50_000;

/// Where a page begins: when it was received in milliseconds since the Unix epoch, the machine, and the id.
pub(crate) type Position = (i64, String, String);

/// Which decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// Refused, or would have been.
    Refused,
    /// Refused.
    Denied,
    /// Allowed, and would have been refused.
    WouldDeny,
    /// Allowed.
    Allowed,
}

/// Which decisions of an organization.
#[derive(Clone, Debug)]
pub(crate) struct ActivityFilter {
    /// Its name.
    pub organization: String,
    /// Which.
    pub which: Which,
    /// Received before.
    pub before: Position,
    /// Received since, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Received until then, exclusive.
    pub until_ms: i64,
    /// A part of the image's name; empty: any.
    pub image: String,
    /// Somebody with a session then, or who reported it; empty: anybody.
    pub user: String,
    /// A machine; empty: any.
    pub machine: String,
    /// Reason code; empty: any.
    pub reason: String,
    /// Category code; empty: any.
    pub category: String,
    /// Action; empty: any.
    pub action: String,
    /// Rule; empty: any.
    pub rule: String,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Newest first.
    pub rows: Vec<RecordRow>,
    /// Where the search goes on that looked at enough; none: it came to the end, or found enough.
    pub rest: Option<Position>,
}

/// Narrows the rows of an organization by an index.
fn narrow(which: Which) -> &'static str {
    match which {
        Which::All | Which::Allowed => "",
        Which::Refused | Which::Denied | Which::WouldDeny => " AND (NOT allowed OR would_deny)",
    }
}

/// Text that `LIKE` finds anywhere in what `LOWER` made of another: SQLite itself would not look at the case, and
/// PostgreSQL would.
fn anywhere(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    format!("%{}%", text.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

impl Reading {
    /// The newest of them, newest first by this service's clock.
    pub(crate) async fn activity(&mut self, filter: &ActivityFilter, limit: u32) -> Result<Part, StoreError> {
        let (at, machine, id) = &filter.before;
        // The names of columns and the conditions are this program's own; what people type is bound.
        let window = format!(
            "FROM records WHERE organization = $1 AND (received_at_ms, machine_id, id) < ($2, $3, $4) \
             AND received_at_ms >= $5 AND received_at_ms < $6{} \
             ORDER BY received_at_ms DESC, machine_id DESC, id DESC",
            narrow(filter.which)
        );
        let which = match filter.which {
            Which::All | Which::Refused => "",
            Which::Denied => " AND NOT r.allowed",
            Which::WouldDeny => " AND r.allowed AND r.would_deny",
            Which::Allowed => " AND r.allowed AND NOT r.would_deny",
        };
        let sql = format!(
            "SELECT r.*, COALESCE(m.disputed, FALSE) AS machine_disputed FROM (SELECT * {window} LIMIT {WINDOW}) r \
             LEFT JOIN machines m ON m.machine_id = r.machine_id \
             WHERE LOWER(r.image) LIKE $7 ESCAPE '\\' AND (LOWER(r.users) LIKE $8 ESCAPE '\\' OR r.reported_by = $9) \
             AND ($10 = '' OR r.machine_id = $10) AND ($11 = '' OR r.reason = $11) AND ($12 = '' OR r.category = $12) \
             AND ($13 = '' OR r.action = $13) AND ($14 = '' OR r.rule = $14){which} \
             ORDER BY r.received_at_ms DESC, r.machine_id DESC, r.id DESC LIMIT $15"
        );
        // In the array of names each stands in quotes.
        let user = if filter.user.is_empty() { String::new() } else { format!("\"{}\"", filter.user) };
        let rows: Vec<RecordRow> = made(sql)
            .bind(&filter.organization)
            .bind(*at)
            .bind(machine)
            .bind(id)
            .bind(filter.since_ms)
            .bind(filter.until_ms)
            .bind(anywhere(&filter.image))
            .bind(anywhere(&user))
            .bind(&filter.user)
            .bind(&filter.machine)
            .bind(&filter.reason)
            .bind(&filter.category)
            .bind(&filter.action)
            .bind(&filter.rule)
            .bind(limit)
            .rows()
            .fetch_all(&mut self.0)
            .await?;
        if rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(Part { rows, rest: None });
        }
        let sql = format!("SELECT received_at_ms, machine_id, id {window} LIMIT 1 OFFSET {}", WINDOW - 1);
        let rest = made(sql)
            .bind(&filter.organization)
            .bind(*at)
            .bind(machine)
            .bind(id)
            .bind(filter.since_ms)
            .bind(filter.until_ms)
            .rows()
            .fetch_optional(&mut self.0)
            .await?;
        Ok(Part { rows, rest })
    }
}
