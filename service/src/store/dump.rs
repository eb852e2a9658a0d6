//! All that a database holds, table by table, in values that both kinds of database have.

use sqlx::{Column as _, FromRow, Row as _, TypeInfo as _, ValueRef as _, postgres::PgRow, sqlite::SqliteRow};

use super::{
    Reading, StoreError, Writing,
    sql::{Transaction, Value, made, placeholders, query, query_as, query_scalar},
};

/// Every table, each behind those that it refers to.
pub(crate) const TABLES: [&str; 29] = [
    "sequence",
    "key_changes",
    "organizations",
    "namespaces",
    "accounts",
    "credentials",
    "memberships",
    "teams",
    "team_members",
    "policies",
    "setting_patterns",
    "registries",
    "registry_notes",
    "rules",
    "publishers",
    "publications",
    "agents",
    "affiliations",
    "machines",
    "records",
    "record_ids",
    "machine_generations",
    "decision_counts",
    "daily_counts",
    "sign_ins",
    "access_requests",
    "audit",
    "browser_sessions",
    "invitations",
];

/// Values in one statement: SQLite takes some 32,000, PostgreSQL 65,535.
const MOST_VALUES: usize = 8_000;

/// One value. What is true or false is a number, as in SQLite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cells(pub Vec<Cell>);

/// A column as this database has it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Column {
    pub name: String,
    kind: String,
}

macro_rules! cells {
    ($row:ty) => {
        impl<'r> FromRow<'r, $row> for Cells {
            fn from_row(row: &'r $row) -> Result<Self, sqlx::Error> {
                let cell = |n: usize| -> Result<Cell, sqlx::Error> {
                    let value = row.try_get_raw(n)?;
                    if value.is_null() {
                        return Ok(Cell::Null);
                    }
                    match value.type_info().name() {
                        "INTEGER" | "INT8" => row.try_get(n).map(Cell::Int),
                        "BOOL" => row.try_get(n).map(|value: bool| Cell::Int(value.into())),
                        "TEXT" => row.try_get(n).map(Cell::Text),
                        "BLOB" | "BYTEA" => row.try_get(n).map(Cell::Bytes),
                        other => Err(sqlx::Error::ColumnDecode {
                            index: row.column(n).name().to_owned(),
                            source: format!("values of `{other}` are not expected").into(),
                        }),
                    }
                };
                (0..row.len()).map(cell).collect::<Result<_, _>>().map(Self)
            }
        }
    };
}

cells!(SqliteRow);
cells!(PgRow);

impl Column {
    /// None: such a value does not fit.
    fn value(&self, cell: Cell) -> Option<Value> {
        Some(match (self.kind.as_str(), cell) {
            ("INTEGER" | "bigint", Cell::Int(value)) => Value::Int(Some(value)),
            ("INTEGER" | "bigint", Cell::Null) => Value::Int(None),
            ("boolean", Cell::Int(value @ (0 | 1))) => Value::Bool(value == 1),
            ("TEXT" | "text", Cell::Text(value)) => Value::Text(Some(value)),
            ("TEXT" | "text", Cell::Null) => Value::Text(None),
            ("BLOB" | "bytea", Cell::Bytes(value)) => Value::Bytes(Some(value)),
            ("BLOB" | "bytea", Cell::Null) => Value::Bytes(None),
            _ => return None,
        })
    }
}

impl Reading {
    /// The newest step of the schema.
    pub(crate) async fn schema(&mut self) -> Result<i64, StoreError> {
        query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&mut self.0).await
    }

    /// The columns of one of [`TABLES`].
    pub(crate) async fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        let sql = match self.0 {
            Transaction::Sqlite(_) => "SELECT name, type AS kind FROM pragma_table_info($1) ORDER BY cid",
            Transaction::Postgres(_) => {
                "SELECT column_name::TEXT AS name, data_type::TEXT AS kind FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
            }
        };
        query_as(sql).bind(table).fetch_all(&mut self.0).await
    }

    /// Hands over the rows of one of [`TABLES`], one after the other.
    pub(crate) async fn each_row<E: From<StoreError>>(
        &mut self,
        table: &'static str,
        columns: &[Column],
        take: impl FnMut(Cells) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Transaction::Postgres(_) = self.0 {
            // Whoever takes them may be slow; each row that does not come is noticed in any case.
            query("SET LOCAL statement_timeout = 0").execute(&mut self.0).await?;
        }
        made(format!("SELECT {} FROM {table}", names(columns))).rows().each(&mut self.0, take).await
    }

    /// True while there is nothing that anybody could lose, whatever step the schema has reached.
    pub(crate) async fn is_empty(&mut self) -> Result<bool, StoreError> {
        for table in TABLES.into_iter().filter(|table| *table != "sequence") {
            // Of an older schema: the table came later.
            if self.columns(table).await?.is_empty() {
                continue;
            }
            let any: (bool,) =
                made(format!("SELECT EXISTS (SELECT 1 FROM {table})")).rows().fetch_one(&mut self.0).await?;
            if any.0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}

impl Writing {
    /// Makes room for the sequence of a backup.
    pub(crate) async fn forget_sequence(&mut self) -> Result<(), StoreError> {
        query("DELETE FROM sequence").execute(&mut self.0.0).await?;
        Ok(())
    }

    /// Adds rows to one of [`TABLES`]. False: a value does not fit.
    pub(crate) async fn add_rows(
        &mut self,
        table: &'static str,
        columns: &[Column],
        rows: Vec<Cells>,
    ) -> Result<bool, StoreError> {
        let at_once = (MOST_VALUES / columns.len().max(1)).max(1);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<Cells> = rows.by_ref().take(at_once).collect();
            let values = placeholders(some.len(), columns.len());
            let mut query = made(format!("INSERT INTO {table} ({}) VALUES {values}", names(columns)));
            for Cells(cells) in some {
                if cells.len() != columns.len() {
                    return Ok(false);
                }
                for (column, cell) in columns.iter().zip(cells) {
                    let Some(value) = column.value(cell) else { return Ok(false) };
                    query = query.bind(value);
                }
            }
            query.execute(&mut self.0.0).await?;
        }
        Ok(true)
    }

    /// Rows that come later get numbers above those that were added with theirs.
    pub(crate) async fn continue_numbers(&mut self) -> Result<(), StoreError> {
        if let Transaction::Sqlite(_) = self.0.0 {
            return Ok(());
        }
        let sql = "SELECT table_name::TEXT FROM information_schema.columns \
                   WHERE table_schema = current_schema() AND is_identity = 'YES' AND column_name = 'id'";
        let tables: Vec<String> = query_scalar(sql).fetch_all(&mut self.0.0).await?;
        for table in tables {
            let newest = format!("(SELECT MAX(id) FROM {table})");
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE({newest}, 1), {newest} IS NOT NULL)"
            );
            made(sql).execute(&mut self.0.0).await?;
        }
        Ok(())
    }
}
