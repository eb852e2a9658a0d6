//! How databases run statements: whether a page finds its rows by an index, or reads all that there is.

use std::cell::RefCell;

use crate::store::{
    Store,
    sql::{Query, RUN, Transaction, query},
};

/// Tables that grow with people, machines and time.
const LARGE: [&str; 18] = [
    "access_requests",
    "accounts",
    "affiliations",
    "agents",
    "audit",
    "browser_sessions",
    "credentials",
    "daily_counts",
    "decision_counts",
    "machine_generations",
    "machines",
    "memberships",
    "publications",
    "record_ids",
    "records",
    "rules",
    "sign_ins",
    "team_members",
];

/// Does some work, and says which of its statements read a whole table of the large ones, with how they are run.
pub(crate) async fn scans<T>(store: &Store, work: impl Future<Output = T>) -> (T, Vec<String>) {
    let watched = async {
        let done = work.await;
        (done, RUN.with(RefCell::take))
    };
    let (done, statements) = RUN.scope(RefCell::default(), watched).await;
    let mut found = Vec::new();
    for statement in statements {
        let plan = plan(store, &statement).await;
        if reads_all(&statement, &plan) {
            found.push(format!("{}\n    {}", statement.text(), plan.join("\n    ")));
        }
    }
    (done, found)
}

/// Line by line.
async fn plan(store: &Store, statement: &Query) -> Vec<String> {
    let mut view = store.read().await.unwrap();
    if let Transaction::Sqlite(_) = view.0 {
        let rows: Vec<(i64, i64, i64, String)> =
            statement.explained("EXPLAIN QUERY PLAN").rows().fetch_all(&mut view.0).await.unwrap();
        return rows.into_iter().map(|(_, _, _, line)| line).collect();
    }
    // A test's few rows are read fastest without an index; this tells whether there is one.
    for sql in ["SET LOCAL enable_seqscan = off", "SET LOCAL enable_bitmapscan = off"] {
        query(sql).execute(&mut view.0).await.unwrap();
    }
    let rows: Vec<(String,)> = statement.explained("EXPLAIN").rows().fetch_all(&mut view.0).await.unwrap();
    rows.into_iter().map(|(line,)| line).collect()
}

/// Whether a line of a plan reads a large table, or an index of it, from one end to the other.
fn reads_all(statement: &Query, plan: &[String]) -> bool {
    plan.iter().enumerate().any(|(at, line)| {
        let line = line.trim_start().trim_start_matches("->").trim_start();
        // SQLite: `SCAN r USING ...`, with the name that the statement gives the table.
        if let Some(rest) = line.strip_prefix("SCAN ") {
            return is_large(statement.text(), rest.split_whitespace().next().unwrap_or_default());
        }
        // PostgreSQL: `Seq Scan on records r`, or `Index Scan using i on records r` with nothing that it looks for.
        let Some((scan, rest)) = line.split_once(" on ").filter(|(scan, _)| scan.contains("Scan")) else {
            return false;
        };
        let searches = plan.iter().skip(at + 1).take_while(|line| !line.contains("->"));
        let by_index = scan.starts_with("Index") && searches.into_iter().any(|line| line.contains("Index Cond:"));
        !by_index && LARGE.contains(&rest.split_whitespace().next().unwrap_or_default())
    })
}

/// Whether a name in a statement is that of a large table.
fn is_large(sql: &str, name: &str) -> bool {
    let words: Vec<&str> =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let named = words.windows(3).find_map(|three| match three {
        ["FROM" | "JOIN", table, alias] if *alias == name => Some(*table),
        _ => None,
    });
    LARGE.contains(&named.unwrap_or(name))
}
