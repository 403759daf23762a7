//! Moves an SQLite database to an empty PostgreSQL database whole.
//!
//! In: the file, the URL, and who is told how far it is. Out: what was moved, compared on both
//! sides. Never: changes the file, or leaves a half-moved database behind: everything there happens
//! in one transaction, the tables themselves included, so a target is empty or complete.
//!
//! Which tables and columns there are is asked of the databases, so that none can be forgotten. The
//! statements are therefore made here, from names that our own migrations gave; everywhere else in
//! the store they are constants.

mod value;

use std::path::Path;

use futures::TryStreamExt as _;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::schema::{self, Found};
use super::{StoreError, dialect, postgres, sqlite};
use value::{Batch, Fingerprint, Form, Value};

/// Most rows that are sent at once.
const ROWS: usize = 1000;
/// Most bytes that are sent at once, but for a single row.
const BYTES: usize = 4 << 20;
/// The columns of a table on either side.
const COLUMNS_SQLITE: &str = "SELECT name FROM pragma_table_info($1)";
const COLUMNS_POSTGRES: &str = "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) \
    FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
/// What the migrations keep for themselves; the schemas are compared by their versions.
const OWN: &str = "_sqlx_migrations";

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// What all of them together are, whatever their order: the same on both sides.
    pub digest: String,
}

/// How far a move is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// So many rows of a table were sent.
    Sent(&'a str, u64),
    /// A table is there whole, and was compared.
    Compared(&'a str, u64),
}

/// Who is told how far it is.
pub type Tell<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

struct Table {
    name: String,
    columns: Vec<(String, Form)>,
}

/// Both sides, with their places in words.
struct Ways<'a> {
    from: SqliteConnection,
    from_place: &'a str,
    to: &'a mut PgConnection,
    to_place: &'a str,
}

/// Moves it; see the module's head.
pub(super) async fn run(
    path: &Path,
    url: &str,
    tell: Tell<'_>,
) -> Result<Vec<MovedTable>, StoreError> {
    let (options, to_place) = postgres::long(url)?;
    let (from, from_place) = sqlite::read_only(path).await?;
    let of = |error: sqlx::Error| StoreError::of(&to_place, &error);
    let mut connection = postgres::reach(&options, &to_place).await?;
    let found = postgres::inspect(&mut connection, &to_place).await?;
    is_empty(&found, &to_place)?;
    // Dropped anywhere before its end, nothing of it is there.
    let mut whole = connection.begin().await.map_err(of)?;
    let migrated = schema::migrator().run(&mut *whole).await;
    migrated.map_err(|error| schema::failed(&to_place, error))?;
    let mut ways = Ways { from, from_place: &from_place, to: &mut whole, to_place: &to_place };
    let mut moved = Vec::new();
    for table in ways.tables().await? {
        moved.push(ways.table(&table, tell).await?);
    }
    let Ways { from, .. } = ways;
    from.close().await.map_err(|error| StoreError::of(&from_place, &error))?;
    whole.commit().await.map_err(of)?;
    connection.close().await.map_err(of)?;
    Ok(moved)
}

fn is_empty(found: &Found, place: &str) -> Result<(), StoreError> {
    if found.tables.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = found.tables.iter().take(3).map(String::as_str).collect();
    let why = format!(
        "it is not empty ({} tables, such as {}); make an empty one with createdb and name that",
        found.tables.len(),
        names.join(", ")
    );
    Err(unavailable(place, why))
}

fn unavailable(place: &str, why: String) -> StoreError {
    StoreError::Unavailable { place: place.to_owned(), why }
}

/// A name of a table or column between quotes; ours have none in them.
fn quoted(name: &str) -> Result<String, StoreError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(fine) {
        let why = format!("a table or column is called {}", name.escape_debug());
        return Err(StoreError::Internal(why));
    }
    Ok(format!("\"{name}\""))
}

impl Ways<'_> {
    fn source(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of(self.from_place, error)
    }

    fn target(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of(self.to_place, error)
    }

    /// The tables of both sides, which must be the same.
    async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        let here = sqlx::query_scalar(dialect::TABLES_SQLITE).fetch_all(&mut self.from).await;
        let mut here: Vec<String> = here.map_err(|error| self.source(&error))?;
        let there = sqlx::query_scalar(dialect::TABLES_POSTGRES).fetch_all(&mut *self.to).await;
        let mut there: Vec<String> = there.map_err(|error| self.target(&error))?;
        for names in [&mut here, &mut there] {
            names.retain(|name| name != OWN);
            names.sort();
        }
        if here != there {
            let odd = |a: &[String], b: &[String]| a.iter().find(|name| !b.contains(name)).cloned();
            let odd = odd(&here, &there).or_else(|| odd(&there, &here)).unwrap_or_default();
            let why = format!("its table `{}` is on one side only", odd.escape_debug());
            return Err(unavailable(self.from_place, why));
        }
        let mut tables = Vec::new();
        for name in there {
            tables.push(self.look_at(name).await?);
        }
        Ok(tables)
    }

    async fn look_at(&mut self, name: String) -> Result<Table, StoreError> {
        let columns = sqlx::query_as(COLUMNS_POSTGRES).bind(&name).fetch_all(&mut *self.to).await;
        let found: Vec<(String, String)> = columns.map_err(|error| self.target(&error))?;
        let here = sqlx::query_scalar(COLUMNS_SQLITE).bind(&name).fetch_all(&mut self.from).await;
        let mut here: Vec<String> = here.map_err(|error| self.source(&error))?;
        let mut columns = Vec::new();
        for (column, kind) in found {
            let Some(form) = Form::of(&kind) else {
                let why = format!("`{name}.{column}` is of a kind that is not moved: {kind}");
                return Err(StoreError::Internal(why));
            };
            let before = here.len();
            here.retain(|other| *other != column);
            if here.len() == before {
                let why = format!("its table `{name}` has no column `{column}`");
                return Err(unavailable(self.from_place, why));
            }
            columns.push((column, form));
        }
        if let Some(more) = here.first() {
            let why = format!("its table `{name}` has a column more: `{}`", more.escape_debug());
            return Err(unavailable(self.from_place, why));
        }
        Ok(Table { name, columns })
    }

    /// Moves one table and compares what is there.
    async fn table(&mut self, table: &Table, tell: Tell<'_>) -> Result<MovedTable, StoreError> {
        // Some rows are there from the beginning, such as counters.
        let clear = format!("DELETE FROM {}", quoted(&table.name)?);
        let cleared = sqlx::query(AssertSqlSafe(clear)).execute(&mut *self.to).await;
        cleared.map_err(|error| self.target(&error))?;
        let sent = self.send(table, tell).await?;
        let there = self.read_back(table).await?;
        if sent != there {
            let why = format!(
                "`{}` is not there as it was here ({} rows sent, {} found); nothing was moved",
                table.name, sent.rows, there.rows
            );
            return Err(unavailable(self.to_place, why));
        }
        tell(Progress::Compared(&table.name, sent.rows));
        Ok(MovedTable { name: table.name.clone(), rows: sent.rows, digest: sent.text() })
    }

    /// Sends every row in the order in which they were written.
    async fn send(&mut self, table: &Table, tell: Tell<'_>) -> Result<Fingerprint, StoreError> {
        let read = select_sqlite(table)?;
        let insert = insert_postgres(table)?;
        let (mut seen, mut batch) = (Fingerprint::default(), Batch::new(&table.columns));
        let mut rows = sqlx::query(AssertSqlSafe(read)).fetch(&mut self.from);
        let failed = |error: &sqlx::Error| StoreError::of(self.from_place, error);
        loop {
            let row = rows.try_next().await.map_err(|error| failed(&error))?;
            let over = row.is_none();
            if let Some(row) = row {
                let values = Value::of_sqlite(&row, &table.columns).map_err(|(column, why)| {
                    let why = format!(
                        "table `{}`, row {}, column `{column}`: {why}; nothing was moved",
                        table.name,
                        seen.rows + 1
                    );
                    unavailable(self.from_place, why)
                })?;
                seen.add(&values);
                batch.push(values);
            }
            if batch.rows() >= ROWS || batch.bytes() >= BYTES || (over && batch.rows() > 0) {
                let full = std::mem::replace(&mut batch, Batch::new(&table.columns));
                let sent = full.send(&insert, self.to).await;
                sent.map_err(|error| StoreError::of(self.to_place, &error))?;
                tell(Progress::Sent(&table.name, seen.rows));
            }
            if over {
                return Ok(seen);
            }
        }
    }

    async fn read_back(&mut self, table: &Table) -> Result<Fingerprint, StoreError> {
        let read = select_postgres(table)?;
        let mut seen = Fingerprint::default();
        let mut rows = sqlx::query(AssertSqlSafe(read)).fetch(&mut *self.to);
        let of = |error: sqlx::Error| StoreError::of(self.to_place, &error);
        while let Some(row) = rows.try_next().await.map_err(of)? {
            seen.add(&Value::of_postgres(&row, &table.columns).map_err(of)?);
        }
        Ok(seen)
    }
}

/// Texts as the bytes that they are: nothing is known yet of what stands in them.
fn select_sqlite(table: &Table) -> Result<String, StoreError> {
    let column = |(name, form): &(String, Form)| {
        let name = quoted(name)?;
        Ok(if *form == Form::Text { format!("CAST({name} AS BLOB)") } else { name })
    };
    let columns: Result<Vec<String>, StoreError> = table.columns.iter().map(column).collect();
    Ok(format!("SELECT {} FROM {} ORDER BY rowid", columns?.join(", "), quoted(&table.name)?))
}

fn names(table: &Table) -> Result<String, StoreError> {
    let names: Result<Vec<String>, StoreError> =
        table.columns.iter().map(|(name, _)| quoted(name)).collect();
    Ok(names?.join(", "))
}

fn select_postgres(table: &Table) -> Result<String, StoreError> {
    Ok(format!("SELECT {} FROM {}", names(table)?, quoted(&table.name)?))
}

fn insert_postgres(table: &Table) -> Result<String, StoreError> {
    let binds: Vec<String> = (1..).zip(&table.columns).map(|(n, _)| format!("${n}")).collect();
    Ok(format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({})",
        quoted(&table.name)?,
        names(table)?,
        binds.join(", ")
    ))
}
