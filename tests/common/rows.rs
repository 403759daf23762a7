//! Rows of a store as they are, past the program: of SQLite, or of PostgreSQL.
//!
//! A directory has its store in `fluxnoc.db`; or in the database whose URL is in its file `database`,
//! where there is one.
//!
//! Never: writes.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ColumnIndex, Connection as _, Decode, Type, ValueRef as _};

/// The file that names a PostgreSQL database.
pub const DATABASE: &str = "database";

/// The URL of the database that a directory's store is in, when it is in one.
pub fn database(dir: &Path) -> Option<String> {
    std::fs::read_to_string(dir.join(DATABASE)).ok()
}

/// One value; what is true is 1.
#[derive(Clone, Debug)]
enum Cell {
    Null,
    Number(i64),
    Text(String),
}

/// One row, by the number of the column.
#[derive(Clone, Debug)]
pub struct Row(Vec<Cell>);

impl Row {
    pub fn number(&self, at: usize) -> i64 {
        match &self.0[at] {
            Cell::Number(number) => *number,
            other => panic!("column {at} is no number: {other:?}"),
        }
    }

    pub fn is(&self, at: usize) -> bool {
        self.number(at) != 0
    }

    pub fn maybe(&self, at: usize) -> Option<String> {
        match &self.0[at] {
            Cell::Null => None,
            Cell::Text(text) => Some(text.clone()),
            Cell::Number(number) => Some(number.to_string()),
        }
    }

    pub fn text(&self, at: usize) -> String {
        self.maybe(at).unwrap_or_else(|| panic!("column {at} is empty"))
    }

    fn of<R>(row: &R) -> Self
    where
        R: sqlx::Row,
        usize: ColumnIndex<R>,
        for<'a> i64: Decode<'a, R::Database> + Type<R::Database>,
        for<'a> i32: Decode<'a, R::Database> + Type<R::Database>,
        for<'a> bool: Decode<'a, R::Database> + Type<R::Database>,
        for<'a> String: Decode<'a, R::Database> + Type<R::Database>,
    {
        let cell = |at| {
            if row.try_get_raw(at).unwrap().is_null() {
                return Cell::Null;
            }
            let number = row.try_get::<i64, _>(at);
            let number = number.or_else(|_| row.try_get::<i32, _>(at).map(i64::from));
            let number = number.or_else(|_| row.try_get::<bool, _>(at).map(i64::from));
            number.map_or_else(|_| Cell::Text(row.try_get(at).unwrap()), Cell::Number)
        };
        Self((0..row.len()).map(cell).collect())
    }
}

/// `None` while the store is not there or not made yet.
pub async fn try_rows(dir: &Path, sql: &'static str) -> Option<Vec<Row>> {
    if let Some(url) = database(dir) {
        let mut connection = PgConnection::connect(&url).await.ok()?;
        let rows = sqlx::query(sql).fetch_all(&mut connection).await;
        let _ = connection.close().await;
        return Some(rows.ok()?.iter().map(Row::of).collect());
    }
    let options = SqliteConnectOptions::new().filename(dir.join("fluxnoc.db")).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.ok()?;
    let rows = sqlx::query(sql).fetch_all(&mut connection).await;
    let _ = connection.close().await;
    Some(rows.ok()?.iter().map(Row::of).collect())
}

/// The same of a store that can be read.
pub async fn rows(dir: &Path, sql: &'static str) -> Vec<Row> {
    try_rows(dir, sql).await.expect("a store that can be read")
}
