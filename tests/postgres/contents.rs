//! `migrate-store` with random contents in every table that the schema has, and with what
//! PostgreSQL cannot keep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fluxnoc::store::{MovedTable, Progress, Store, StoreError};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::postgres_server::Server;

/// Stories of the random test.
const SEEDS: u64 = 3;
/// More rows than go at once.
const MANY: usize = 2300;

struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

async fn fresh() -> File {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("fluxnoc.db");
    Store::open_sqlite(&path).await.unwrap().close().await;
    File { _dir: dir, path }
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap()
}

async fn meddle(path: &Path, sql: &'static str) {
    let mut connection = open(path).await;
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn tables(connection: &mut SqliteConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
               AND name <> '_sqlx_migrations' ORDER BY name";
    sqlx::query_scalar(sql).fetch_all(connection).await.unwrap()
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Vec<(String, String, bool)> {
    let sql = "SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_info($1)";
    sqlx::query_as(sql).bind(table).fetch_all(connection).await.unwrap()
}

fn text(rng: &mut StdRng, n: usize) -> String {
    const ODD: [&str; 12] = [
        "ä",
        "\u{1f525}",
        "\u{feff}",
        "'",
        "\"",
        "\\",
        "\n",
        "\u{1}",
        "\u{7f}",
        "\u{200f}",
        "$1",
        "%",
    ];
    let length = rng.random_range(0..20);
    let some: String = (0..length).map(|_| ODD[rng.random_range(0..ODD.len())]).collect();
    // Every one is another one, so that no unique index stands in the way.
    if n == 0 { String::new() } else { format!("{some}{n}") }
}

fn whole(rng: &mut StdRng, n: usize) -> i64 {
    const EDGES: [i64; 6] = [i64::MIN, i64::MAX, 0, -1, 1, i64::MIN + 1];
    let random: u32 = rng.random();
    let other = i64::from(random) << 20 | i64::try_from(n).unwrap();
    EDGES.get(n).copied().unwrap_or(if n.is_multiple_of(2) { other } else { -other })
}

/// Fills a table with so many rows.
async fn fill(connection: &mut SqliteConnection, table: &str, rows: usize, rng: &mut StdRng) {
    let columns = columns(connection, table).await;
    let clear = format!("DELETE FROM \"{table}\"");
    sqlx::query(AssertSqlSafe(clear)).execute(&mut *connection).await.unwrap();
    let names: Vec<String> = columns.iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let insert =
        format!("INSERT INTO \"{table}\" ({}) VALUES ({})", names.join(", "), marks.join(", "));
    for n in 0..rows {
        let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
        for (_, kind, may_miss) in &columns {
            let there = !may_miss || rng.random_range(0..4) > 0;
            query = match kind.as_str() {
                "TEXT" => query.bind(there.then(|| text(rng, n))),
                "BIGINT" => query.bind(there.then(|| whole(rng, n))),
                "BOOLEAN" => query.bind(there.then(|| rng.random_range(0..2) == 0)),
                "BYTEA" => query.bind(there.then(|| {
                    let mut bytes = vec![0; rng.random_range(0..200)];
                    rng.fill_bytes(&mut bytes);
                    bytes
                })),
                // Infinities stay; SQLite itself makes NULL of what is no number.
                "DOUBLE PRECISION" => query.bind(there.then(|| {
                    [f64::INFINITY, f64::MIN_POSITIVE, -0.0, f64::MAX, 0.1][rng.random_range(0..5)]
                })),
                other => panic!("{table}: no random {other}"),
            };
        }
        query.execute(&mut *connection).await.unwrap();
    }
    if table == "meta" {
        // Whose database it is.
        let sql = "INSERT INTO meta (key, value) VALUES ('application', 'fluxnoc')";
        sqlx::query(sql).execute(connection).await.unwrap();
    }
}

/// What is compared as text, and the numbers with a point, which both write otherwise.
fn apart(
    columns: &[(String, String, bool)],
    cast: impl Fn(&(String, String, bool)) -> String,
) -> (Vec<String>, Vec<String>) {
    let (real, rest): (Vec<_>, Vec<_>) =
        columns.iter().partition(|(_, kind, _)| kind == "DOUBLE PRECISION");
    let names = real.iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    (rest.into_iter().map(cast).collect(), names)
}

/// A row as one line: its texts, then the bits of its numbers with a point.
fn line(text: &str, real: impl Iterator<Item = Option<f64>>) -> String {
    let real: Vec<String> =
        real.map(|one| one.map_or("-".to_owned(), |one| one.to_bits().to_string())).collect();
    format!("{text} {}", real.join(" "))
}

/// Every row of a table as one line, sorted: each value as its bytes in hexadecimal.
async fn there(url: &str, table: &str, columns: &[(String, String, bool)]) -> Vec<String> {
    let cast = |(name, kind, _): &(String, String, bool)| match kind.as_str() {
        "TEXT" => format!("COALESCE(encode(convert_to(\"{name}\", 'UTF8'), 'hex'), '-')"),
        "BYTEA" => format!("COALESCE(encode(\"{name}\", 'hex'), '-')"),
        "BOOLEAN" => format!("COALESCE(CAST(CAST(\"{name}\" AS INT) AS TEXT), '-')"),
        _ => format!("COALESCE(CAST(\"{name}\" AS TEXT), '-')"),
    };
    let (texts, real) = apart(columns, cast);
    let texts = format!("concat_ws(' ', {})", texts.join(", "));
    let all = std::iter::once(texts).chain(real.iter().cloned()).collect::<Vec<_>>();
    let sql = format!("SELECT {} FROM \"{table}\"", all.join(", "));
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    let read = |row: &sqlx::postgres::PgRow| {
        line(row.get(0), (1..=real.len()).map(|at| row.get::<Option<f64>, _>(at)))
    };
    let mut lines: Vec<String> = rows.iter().map(read).collect();
    lines.sort();
    lines
}

async fn here(path: &Path, table: &str, columns: &[(String, String, bool)]) -> Vec<String> {
    let cast = |(name, kind, _): &(String, String, bool)| match kind.as_str() {
        "TEXT" | "BYTEA" => {
            format!("CASE WHEN \"{name}\" IS NULL THEN '-' ELSE lower(hex(\"{name}\")) END")
        }
        _ => format!("COALESCE(CAST(\"{name}\" AS TEXT), '-')"),
    };
    let (texts, real) = apart(columns, cast);
    let all = std::iter::once(texts.join(" || ' ' || ")).chain(real.iter().cloned());
    let sql = format!("SELECT {} FROM \"{table}\"", all.collect::<Vec<_>>().join(", "));
    let mut connection = open(path).await;
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    let read = |row: &sqlx::sqlite::SqliteRow| {
        line(row.get(0), (1..=real.len()).map(|at| row.get::<Option<f64>, _>(at)))
    };
    let mut lines: Vec<String> = rows.iter().map(read).collect();
    lines.sort();
    lines
}

async fn moved(path: &Path, url: &str) -> Result<Vec<MovedTable>, StoreError> {
    Store::move_to_postgres(path, url, &mut |_: Progress<'_>| {}).await
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn every_table_of_the_schema_is_moved_with_whatever_stands_in_it() {
    let server = Server::start();
    for seed in 1..=SEEDS {
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        let (file, url) = (fresh().await, server.database());
        let mut connection = open(&file.path).await;
        let tables = tables(&mut connection).await;
        assert!(tables.len() > 15, "{tables:?}");
        let mut all = BTreeMap::new();
        for (n, table) in tables.iter().enumerate() {
            // Each is the large one in some story, and may be empty in another.
            let large = n as u64 % SEEDS == seed - 1 && n / 3 % 3 == 0;
            let rows = if large { MANY } else { rng.random_range(0..40) };
            fill(&mut connection, table, rows, &mut rng).await;
            all.insert(table.clone(), columns(&mut connection, table).await);
        }
        connection.close().await.unwrap();
        let moved = moved(&file.path, &url).await.unwrap();
        let names: Vec<&String> = moved.iter().map(|table| &table.name).collect();
        assert_eq!(names, tables.iter().collect::<Vec<_>>(), "every table and no other");
        for MovedTable { name, rows, .. } in &moved {
            let mine = here(&file.path, name, &all[name]).await;
            assert_eq!(mine.len() as u64, *rows, "{name}");
            assert!(mine == there(&url, name, &all[name]).await, "{name} differs, seed {seed}");
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn what_postgresql_cannot_keep_is_named_and_nothing_is_moved() {
    let server = Server::start();
    let url = server.database();
    let row = "INSERT INTO duty (seq, at, kind, text) VALUES (1, 2, 'note', 'fine')";
    for (bad, place) in [
        ("UPDATE duty SET text = CAST(X'610062' AS TEXT)", "`text`: a NUL"),
        ("UPDATE duty SET text = CAST(X'ff61' AS TEXT)", "`text`: the text is not UTF-8"),
        ("UPDATE duty SET at = 'soon'", "`at`: no whole number"),
        ("UPDATE duty SET at = 1e300", "`at`: no whole number"),
    ] {
        let file = fresh().await;
        meddle(&file.path, row).await;
        meddle(&file.path, bad).await;
        let refused = moved(&file.path, &url).await.unwrap_err().to_string();
        assert!(refused.contains("table `duty`, row 1"), "{refused}");
        assert!(refused.contains(place) && refused.contains("nothing was moved"), "{refused}");
        assert!(Store::look_at_postgres(&url).await.unwrap().contains("empty"), "{bad}");
    }
    // Another schema, and a target that is not empty.
    let file = fresh().await;
    meddle(&file.path, "DELETE FROM _sqlx_migrations WHERE version > 12").await;
    let refused = moved(&file.path, &url).await.unwrap_err().to_string();
    assert!(refused.contains("schema is 12"), "{refused}");
    let file = fresh().await;
    moved(&file.path, &url).await.unwrap();
    let refused = moved(&file.path, &url).await.unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
}
