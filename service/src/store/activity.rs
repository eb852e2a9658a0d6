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
    format!("%{}%", text.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

/// Conditions on a row `r`, only of what is asked for: each costs time for every row that is looked at.
#[derive(Default)]
struct Narrowed {
    conditions: String,
    values: Vec<String>,
}

impl Narrowed {
    /// Values bound before these.
    const BEFORE: usize = 7;

    fn by(filter: &ActivityFilter) -> Self {
        let mut narrowed = Self::default();
        if !filter.image.is_empty() {
            let image = narrowed.bind(anywhere(&filter.image));
            narrowed.and(&format!("LOWER(r.image) LIKE {image} ESCAPE '\\'"));
        }
        if !filter.user.is_empty() {
            // In the array of names each stands in quotes.
            let among = narrowed.bind(anywhere(&format!("\"{}\"", filter.user)));
            let reporter = narrowed.bind(filter.user.clone());
            narrowed.and(&format!("(r.reported_by = {reporter} OR LOWER(r.users) LIKE {among} ESCAPE '\\')"));
        }
        let exact = [
            ("machine_id", &filter.machine),
            ("reason", &filter.reason),
            ("category", &filter.category),
            ("action", &filter.action),
            ("rule", &filter.rule),
        ];
        for (column, value) in exact.into_iter().filter(|(_, value)| !value.is_empty()) {
            let value = narrowed.bind(value.clone());
            narrowed.and(&format!("r.{column} = {value}"));
        }
        narrowed
    }

    /// The mark of a value in the statement.
    fn bind(&mut self, value: String) -> String {
        self.values.push(value);
        format!("${}", Self::BEFORE + self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
    }
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
        let narrowed = Narrowed::by(filter);
        let sql = format!(
            "SELECT r.*, COALESCE(m.disputed, FALSE) AS machine_disputed FROM (SELECT * {window} LIMIT {WINDOW}) r \
             LEFT JOIN machines m ON m.machine_id = r.machine_id WHERE TRUE{}{which} \
             ORDER BY r.received_at_ms DESC, r.machine_id DESC, r.id DESC LIMIT $7",
            narrowed.conditions
        );
        let rows = made(sql)
            .bind(&filter.organization)
            .bind(*at)
            .bind(machine)
            .bind(id)
            .bind(filter.since_ms)
            .bind(filter.until_ms)
            .bind(limit);
        let rows = narrowed.values.into_iter().fold(rows, |rows, value| rows.bind(value));
        let rows: Vec<RecordRow> = rows.rows().fetch_all(&mut self.0).await?;
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
