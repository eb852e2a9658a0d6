//! One text of statements, run on whichever database there is.
//!
//! The names are those of `sqlx`, so that a statement reads as its readers know it. What differs between SQLite
//! and PostgreSQL is not in the statements: values are mapped here, and each has its own set of migrations.

use std::{borrow::Cow, marker::PhantomData, time::Duration};

use sqlx::{AssertSqlSafe, FromRow, Postgres, Sqlite, postgres::PgRow, sqlite::SqliteRow};
use tokio_stream::StreamExt as _;

use super::StoreError;

/// PostgreSQL answers within this time, or the connection is given up. It ends statements by itself before
/// that ([`super::postgres`]): this is for a server or a network that went silent.
const ANSWER: Duration = Duration::from_secs(12);

/// From so many values on, SQLite is given `?` for each: it looks up every `$1` among all that stand before it, which
/// for the rows of a large report took longer than to store them.
const MANY: usize = 32;

/// An open transaction; dropped without [`Transaction::commit`] it leaves nothing.
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
            Self::Postgres(transaction) => in_time(transaction.commit()).await,
        }
    }
}

/// What PostgreSQL answers, or that it does not.
pub(super) async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    Ok(tokio::time::timeout(ANSWER, answer).await.map_err(|_| StoreError::Silent)??)
}

/// A row of either database.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A value for a `$1`.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($from:ty => |$value:ident| $into:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })*
    };
}

values! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(Some(value));
    u32 => |value| Self::Int(Some(value.into()));
    Option<i64> => |value| Self::Int(value);
    String => |value| Self::Text(Some(value));
    &str => |value| Self::Text(Some(value.to_owned()));
    &String => |value| Self::Text(Some(value.clone()));
    Option<String> => |value| Self::Text(value);
    Option<&str> => |value| Self::Text(value.map(str::to_owned));
    &[u8] => |value| Self::Bytes(Some(value.to_vec()));
    &Vec<u8> => |value| Self::Bytes(Some(value.clone()));
    Option<Vec<u8>> => |value| Self::Bytes(value);
}

/// A statement of this `sqlx` database with the values bound.
macro_rules! bound {
    ($query:expr, $prepare:expr) => {{
        let Query { sql, values } = $query;
        let mut query = $prepare(AssertSqlSafe(sql));
        for value in values {
            query = match value {
                Value::Bool(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// What a call of `sqlx` returns, from whichever database it is.
macro_rules! fetch {
    ($query:expr, $row:ty, $call:ident, $transaction:expr) => {
        match $transaction {
            Transaction::Sqlite(connection) => {
                Ok(bound!($query.for_sqlite(), sqlx::query_as::<Sqlite, $row>).$call(&mut **connection).await?)
            }
            Transaction::Postgres(connection) => {
                in_time(bound!($query, sqlx::query_as::<Postgres, $row>).$call(&mut **connection)).await
            }
        }
    };
}

#[cfg(test)]
tokio::task_local! {
    /// The statements that this task runs, where a test wants to know them.
    pub(super) static RUN: std::cell::RefCell<Vec<Query>>;
}

/// A statement that returns nothing.
#[derive(Clone, Debug)]
#[must_use]
pub(super) struct Query {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

/// `sqlx::query`.
pub(super) fn query(sql: &'static str) -> Query {
    made(sql)
}

/// A statement whose text is put together, of constants only: no value from elsewhere is part of it.
pub(super) fn made(sql: impl Into<Cow<'static, str>>) -> Query {
    Query { sql: sql.into(), values: Vec::new() }
}

impl Query {
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Returns the number of rows that it touched.
    pub(super) async fn execute(self, transaction: &mut Transaction) -> Result<u64, StoreError> {
        self.note();
        match transaction {
            Transaction::Sqlite(connection) => {
                Ok(bound!(self.for_sqlite(), sqlx::query::<Sqlite>).execute(&mut **connection).await?.rows_affected())
            }
            Transaction::Postgres(connection) => {
                let done = in_time(bound!(self, sqlx::query::<Postgres>).execute(&mut **connection)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    fn for_sqlite(self) -> Self {
        let unnumbered = (self.values.len() >= MANY).then(|| unnumbered(&self.sql, self.values.len())).flatten();
        match unnumbered {
            Some(sql) => Self { sql: sql.into(), values: self.values },
            None => self,
        }
    }

    /// Tells a test which statements are run (`testing::plans`).
    fn note(&self) {
        #[cfg(test)]
        let _ = RUN.try_with(|run| run.borrow_mut().push(self.clone()));
    }

    /// The same statement, with rows as its result.
    pub(super) fn rows<R: Row>(self) -> QueryAs<R> {
        QueryAs { query: self, row: PhantomData }
    }
}

/// A statement that returns rows.
#[must_use]
pub(super) struct QueryAs<R> {
    query: Query,
    row: PhantomData<fn() -> R>,
}

/// `sqlx::query_as`.
pub(super) fn query_as<R: Row>(sql: &'static str) -> QueryAs<R> {
    query(sql).rows()
}

impl<R: Row> QueryAs<R> {
    pub(super) fn bind(self, value: impl Into<Value>) -> Self {
        Self { query: self.query.bind(value), row: PhantomData }
    }

    pub(super) async fn fetch_all(self, transaction: &mut Transaction) -> Result<Vec<R>, StoreError> {
        self.query.note();
        fetch!(self.query, R, fetch_all, transaction)
    }

    /// Hands over one row after the other; they are never all in memory.
    pub(super) async fn each<E: From<StoreError>>(
        self,
        transaction: &mut Transaction,
        mut take: impl FnMut(R) -> Result<(), E>,
    ) -> Result<(), E> {
        self.query.note();
        match transaction {
            Transaction::Sqlite(connection) => {
                let query = self.query.for_sqlite();
                let mut rows = bound!(query, sqlx::query_as::<Sqlite, R>).fetch(&mut **connection);
                while let Some(row) = rows.try_next().await.map_err(StoreError::from)? {
                    take(row)?;
                }
            }
            Transaction::Postgres(connection) => {
                let mut rows = bound!(self.query, sqlx::query_as::<Postgres, R>).fetch(&mut **connection);
                while let Some(row) = in_time(rows.try_next()).await? {
                    take(row)?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn fetch_optional(self, transaction: &mut Transaction) -> Result<Option<R>, StoreError> {
        self.query.note();
        fetch!(self.query, R, fetch_optional, transaction)
    }

    pub(super) async fn fetch_one(self, transaction: &mut Transaction) -> Result<R, StoreError> {
        self.query.note();
        fetch!(self.query, R, fetch_one, transaction)
    }
}

/// A statement that returns rows of one value.
#[must_use]
pub(super) struct QueryScalar<T>(QueryAs<(T,)>);

/// `sqlx::query_scalar`.
pub(super) fn query_scalar<T>(sql: &'static str) -> QueryScalar<T>
where
    (T,): Row,
{
    QueryScalar(query_as(sql))
}

impl<T> QueryScalar<T>
where
    (T,): Row,
{
    pub(super) fn bind(self, value: impl Into<Value>) -> Self {
        Self(self.0.bind(value))
    }

    pub(super) async fn fetch_all(self, transaction: &mut Transaction) -> Result<Vec<T>, StoreError> {
        Ok(self.0.fetch_all(transaction).await?.into_iter().map(|(value,)| value).collect())
    }

    pub(super) async fn fetch_optional(self, transaction: &mut Transaction) -> Result<Option<T>, StoreError> {
        Ok(self.0.fetch_optional(transaction).await?.map(|(value,)| value))
    }

    pub(super) async fn fetch_one(self, transaction: &mut Transaction) -> Result<T, StoreError> {
        Ok(self.0.fetch_one(transaction).await?.0)
    }
}

/// `($1, $2), ($3, $4)`: so many rows of so many values.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let values: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", values.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// The statement with `?` for each of its values; none: they do not stand there once each and in order.
fn unnumbered(sql: &str, values: usize) -> Option<String> {
    let mut parts = sql.split('$');
    let mut text = String::with_capacity(sql.len());
    text.push_str(parts.next()?);
    let mut number = 0;
    for part in parts {
        number += 1;
        let behind = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if part[..part.len() - behind.len()].parse() != Ok(number) {
            return None;
        }
        text.push('?');
        text.push_str(behind);
    }
    (number == values).then_some(text)
}

#[cfg(test)]
impl Query {
    /// The statement that says how the database would run it.
    pub(super) fn explained(&self, explain: &str) -> Self {
        Self { sql: format!("{explain} {}", self.sql).into(), values: self.values.clone() }
    }

    pub(super) fn text(&self) -> &str {
        &self.sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_stand_once_and_in_order_need_no_numbers() {
        let sql = format!("INSERT INTO t VALUES {} ON CONFLICT DO NOTHING", placeholders(2, 2));
        assert_eq!(unnumbered(&sql, 4).unwrap(), "INSERT INTO t VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
        assert_eq!(unnumbered(&placeholders(3, 7), 21).unwrap().matches('?').count(), 21);
        for (sql, values) in [("$1, $1", 1), ("$2, $1", 2), ("$1, $3", 2), ("$1", 2), ("'$.a', $1", 1), ("$1, $", 2)] {
            assert_eq!(unnumbered(sql, values), None, "{sql}");
        }
        let few = query("SELECT $1").bind("a").for_sqlite();
        assert_eq!(few.text(), "SELECT $1");
        let many = (0..64_u32).fold(made(format!("SELECT {}", placeholders(1, 64))), |query, n| query.bind(n));
        assert!(!many.for_sqlite().text().contains('$'));
    }
}
