//! Opening SQLite: created whole or not at all, looked at before it is touched, one writer.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::schema::{self, Found};
use super::{Database, META, Store, StoreError, dialect, error, wal};

/// The first release without the write-ahead log reset bug that corrupts databases.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a statement waits for another process.
const BUSY: Duration = Duration::from_secs(5);
/// How long a unit of work waits for the one before it.
const QUEUE: Duration = Duration::from_secs(30);
const READERS: u32 = 4;
/// Rows that a connection's thread may be ahead of their reader: with few of them a start with
/// 60,000 checks is mostly two threads waking each other.
const ROWS: usize = 512;
/// The log file is cut to this after it has been emptied.
const LOG_LIMIT: &str = "67108864";
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The words of all definitions. The driver ends when a column's type is no text, and what it read
/// is then nothing, without an error.
const DEFINITIONS: &str = "SELECT CAST(sql AS BLOB) FROM sqlite_master WHERE sql IS NOT NULL";

/// Looks for damage in one table and its indexes each (a quick check does not compare those, and a
/// lost entry of an index hides its row); all that [`Store::load`] reads is small.
const DAMAGE_CHECKS: [&str; 8] = [
    "PRAGMA integrity_check('meta')",
    "PRAGMA integrity_check('counters')",
    "PRAGMA integrity_check('hosts')",
    "PRAGMA integrity_check('checks')",
    "PRAGMA integrity_check('statuses')",
    "PRAGMA integrity_check('alerts')",
    "PRAGMA integrity_check('maintenance')",
    "PRAGMA integrity_check('outbox')",
];

pub(super) async fn open(path: &Path) -> Result<Store, StoreError> {
    let place: Arc<str> = path.display().to_string().into();
    let to_error = |error: &sqlx::Error| StoreError::of(&place, error);
    match std::fs::metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => create(path, &place).await?,
        Err(error) => return Err(StoreError::io(path, &error)),
    }
    inspect(path, &place).await?;
    let options = options(path);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(QUEUE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(
            options.clone().journal_mode(SqliteJournalMode::Wal).optimize_on_close(true, 400),
        )
        .await
        .map_err(|error| to_error(&error))?;
    schema::migrator().run(&writer).await.map_err(|error| schema::failed(&place, error))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(QUEUE)
        .test_before_acquire(false)
        .connect_with(options.read_only(true))
        .await
        .map_err(|error| to_error(&error))?;
    let database = Database::Sqlite { path: Arc::new(path.to_owned()), writer, readers };
    Ok(Store { database, place, meters: Arc::default(), fence: None })
}

/// What every connection has. What the file remembers (log, vacuum) is said when it is made.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .row_buffer_size(ROWS)
        .pragma("mmap_size", "0")
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", LOG_LIMIT)
        .disable_statement_logging()
}

/// Makes the whole database beside `path` and then gives it its name. So at `path` there is never
/// a half-made one, and an empty file there is always damage.
async fn create(path: &Path, place: &str) -> Result<(), StoreError> {
    let log = beside(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Err(corrupt(place, "the file is gone, but its log is there"));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(directory) = directory {
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        made.map_err(|error| StoreError::io(directory, &error))?;
    }
    let fresh = beside(path, ".new");
    for old in [fresh.clone(), beside(&fresh, "-wal"), beside(&fresh, "-shm")] {
        if let Err(error) = std::fs::remove_file(&old)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(StoreError::io(&old, &error));
        }
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true).mode(0o600);
    file.open(&fresh).map_err(|error| StoreError::io(&fresh, &error))?;
    let of = |error: sqlx::Error| StoreError::of(place, &error);
    let options = options(&fresh)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal);
    let mut connection = options.connect().await.map_err(of)?;
    supported(&mut connection).await?;
    let migrated = schema::migrator().run(&mut connection).await;
    migrated.map_err(|error| schema::failed(place, error))?;
    // Closing the only connection moves everything from the log into the file and syncs it.
    connection.close().await.map_err(of)?;
    std::fs::rename(&fresh, path).map_err(|error| StoreError::io(path, &error))?;
    let directory = directory.unwrap_or(Path::new("."));
    let synced = std::fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|error| StoreError::io(directory, &error))
}

/// Refuses what is damaged, foreign or newer, without changing anything.
async fn inspect(path: &Path, place: &str) -> Result<(), StoreError> {
    let mut head = [0; 16];
    let mut file = std::fs::File::open(path).map_err(|error| StoreError::io(path, &error))?;
    let is_file = file.metadata().map_err(|error| StoreError::io(path, &error))?.is_file();
    if !is_file {
        let what = "it is not a regular file".to_owned();
        return Err(StoreError::Foreign { place: place.to_owned(), what });
    }
    if file.read_exact(&mut head).is_err() {
        return Err(corrupt(place, "the file is empty or cut off"));
    }
    if &head != MAGIC {
        return Err(corrupt(place, "it does not begin as an SQLite database does"));
    }
    wal::check(&beside(path, "-wal")).map_err(|why| corrupt(place, why))?;
    let of = |error: sqlx::Error| StoreError::of(place, &error);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY)
        // Even a reader makes a log where there is none, and cannot remove it. Without a log
        // nobody has the file open.
        .immutable(!beside(path, "-wal").exists())
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF");
    let mut connection = options.connect().await.map_err(of)?;
    supported(&mut connection).await?;
    let tables: Vec<String> =
        sqlx::query_scalar(dialect::TABLES_SQLITE).fetch_all(&mut connection).await.map_err(of)?;
    let mut found = Found { tables, application: None, version: None };
    if Found::has(&found.tables, "meta") {
        let query = sqlx::query_scalar(META).bind("application");
        // A foreign table may have the same name and other columns.
        found.application = match query.fetch_optional(&mut connection).await {
            Ok(application) => application,
            Err(error) if error::is_missing(&error) => None,
            Err(error) => match StoreError::of(place, &error) {
                StoreError::Internal(_) => None,
                error => return Err(error),
            },
        };
    }
    if found.application.is_some() && Found::has(&found.tables, "_sqlx_migrations") {
        let version = sqlx::query_scalar(schema::VERSION).fetch_one(&mut connection).await;
        found.version = version.map_err(of)?;
    }
    found.judge(place, false)?;
    verify(&mut connection, &found.tables, place).await?;
    connection.close().await.map_err(of)
}

async fn verify(
    connection: &mut SqliteConnection,
    tables: &[String],
    place: &str,
) -> Result<(), StoreError> {
    let definitions: Vec<Vec<u8>> = sqlx::query_scalar(DEFINITIONS)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| StoreError::of(place, &error))?;
    if !definitions.iter().all(|sql| std::str::from_utf8(sql).is_ok()) {
        return Err(corrupt(place, "the definition of a table is no text"));
    }
    for sql in DAMAGE_CHECKS {
        let table = sql.split('\'').nth(1).unwrap_or_default();
        if !Found::has(tables, table) {
            return Err(corrupt(place, format!("its table `{table}` is missing")));
        }
        let lines: Vec<String> = sqlx::query_scalar(sql)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| StoreError::of(place, &error))?;
        if lines != ["ok"] {
            let first = lines.first().map_or("no answer", String::as_str);
            return Err(corrupt(place, format!("table `{table}`: {first}")));
        }
    }
    Ok(())
}

async fn supported(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let text: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::of("SQLite", &error))?;
    let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    let version = (next(), next(), next());
    if version >= OLDEST {
        return Ok(());
    }
    let (major, minor, patch) = OLDEST;
    Err(StoreError::Internal(format!(
        "it was built with SQLite {text}, which can corrupt databases; it needs \
         {major}.{minor}.{patch} or newer"
    )))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn corrupt(place: &str, why: impl Into<String>) -> StoreError {
    StoreError::Corrupt { place: place.to_owned(), why: why.into() }
}
