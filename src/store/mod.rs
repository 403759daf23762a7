//! Durable memory: SQL lives here and nowhere else.
//!
//! In: nouns of the model, and the moments at which things happened.
//! Out: the same nouns as they were stored; a [`StoreError`] that names place and mend.
//! Never: decides anything, reads a clock, reaches the network but for its own database.
//!
//! | what | where |
//! |---|---|
//! | opening, refusing what is newer, foreign or damaged | `sqlite`, `wal`, `postgres`, `schema` |
//! | the unit of work; all that differs between the databases | `tx`, `dialect` |
//! | results: append, fold into hours, roll into days, read back | `journal`, `fold`, `days`, `history`, `pack` |
//! | present state and episodes | `inventory`, `statuses`, `alerts`, `edges`, `maintenance`, `outbox`, `gathering`, `requests`, `load` |
//! | what operators keep and look back at | `comments`, `preferences`, `paths`, `log`, `duty` |
//! | network tests: each run whole, what is run again and again | `results`, `schedules` |
//! | who may come in | `users`, `tokens`, `agents` |
//! | moving from SQLite to PostgreSQL | `moving` |
//! | forgetting | `retention` |
//! | one engine per data directory, one that leads per PostgreSQL | `lock`, `lease`, `servers` |

#![expect(clippy::doc_markdown, reason = "SQLite and PostgreSQL are names, not code")]

mod agents;
mod alerts;
mod bulk;
mod comments;
mod days;
mod dialect;
mod duty;
mod edges;
mod error;
mod fold;
mod gathering;
mod history;
mod incidents;
mod inventory;
mod journal;
mod lease;
mod load;
pub mod lock;
mod log;
mod maintenance;
mod metered;
mod moving;
mod outbox;
pub mod pack;
mod past;
mod paths;
mod postgres;
mod preferences;
mod promises;
mod requests;
mod results;
mod retention;
mod schedules;
mod schema;
mod series;
mod servers;
mod sqlite;
mod statuses;
mod telling;
mod tokens;
mod traffic;
mod tx;
mod users;
mod wal;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Pool, SqlitePool};

use crate::meters::{Meters, PoolNumbers};

pub use error::StoreError;
pub use gathering::{Gathered, Pass, Piled, RENEWED, Select};
pub use history::{DayPoint, DayStates, History, Point, Series, StatePoint};
pub use journal::JournalRow;
pub use lease::Fence;
pub use load::{KnownCheck, KnownHost, Loaded};
pub use lock::{DirLock, LockError};
pub use log::{Action, LogMark, LogRange, LogRow};
pub use moving::{MovedTable, Progress, Tell};
pub use outbox::{Delivered, OutboxRow};
pub use past::{Past, Recorded};
pub use promises::{Listed, Standing};
pub use requests::{AuditRow, BeforeImage};
pub use results::{Measure, TestSelect};
pub use retention::{DELETE_LIMIT, Retention};
pub use servers::{Holder, Member, Roll, Seen, Wakes};
pub use telling::Telling;
pub use traffic::{LastRate, Moved};
pub use tx::Tx;

use metered::Metered;
use tx::{Held, Inner};

/// Reads a row of `meta`.
const META: &str = "SELECT value FROM meta WHERE key = $1";

/// The patience of [`Store::write_soon`].
const SOON: std::time::Duration = std::time::Duration::from_secs(2);

/// The memory of an engine; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    place: Arc<str>,
    meters: Arc<Meters>,
    /// What must hold while this store is written, where several servers share it.
    fence: Option<Arc<Fence>>,
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite {
        path: Arc<PathBuf>,
        /// One connection: writes queue here instead of at a lock.
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// Runs one body on the readers of a [`Store`], typed for each database.
macro_rules! read {
    ($store:expr, $pool:ident => $body:expr) => {{
        let meters = &$store.meters;
        let result = match &$store.database {
            $crate::store::Database::Sqlite { readers, .. } => match $store.take(readers).await {
                Ok(mut held) => {
                    let $pool = $crate::store::metered::Metered::new(&mut *held, meters);
                    $body
                }
                Err(error) => Err(error),
            },
            $crate::store::Database::Postgres(all) => match $store.take(all).await {
                Ok(mut held) => {
                    let $pool = $crate::store::metered::Metered::new(&mut *held, meters);
                    $body
                }
                Err(error) => Err(error),
            },
        };
        result.map_err(|error: sqlx::Error| $store.error(&error))
    }};
}
use read;

impl Store {
    /// Opens the SQLite database at `path`, or creates it (directory 0700, file 0600), and brings
    /// its schema up to date. The caller holds the directory's [`DirLock`].
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Foreign`] and [`StoreError::Corrupt`] leave the file
    /// as it was; a damaged file is never replaced by an empty one.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        sqlite::open(path).await
    }

    /// Opens the PostgreSQL database of `url` and brings its schema up to date.
    ///
    /// # Errors
    /// As [`Self::open_sqlite`]; no message repeats the password.
    pub async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        postgres::open(url).await
    }

    /// What answers at the `url` of a PostgreSQL database and what is in it, in words. Nothing is
    /// changed there.
    ///
    /// # Errors
    /// As [`Self::open_postgres`].
    pub async fn look_at_postgres(url: &str) -> Result<String, StoreError> {
        postgres::look(url).await
    }

    /// Moves the SQLite database at `path` to the empty PostgreSQL database of `url`: every table,
    /// in one transaction, compared on both sides. The caller holds the directory's [`DirLock`].
    ///
    /// # Errors
    /// When the target is not empty, the schema is another one, or a value cannot be kept there
    /// (named with its place); then nothing is there, and the file is as it was.
    pub async fn move_to_postgres(
        path: &Path,
        url: &str,
        tell: Tell<'_>,
    ) -> Result<Vec<MovedTable>, StoreError> {
        moving::run(path, url, tell).await
    }

    /// The same, counted by these meters from now on.
    #[must_use]
    pub fn metered(self, meters: Arc<Meters>) -> Self {
        Self { meters, ..self }
    }

    /// Reads something small.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.meta("application").await.map(drop)
    }

    /// Its files on disk; `None` where they are another server's.
    #[must_use]
    pub fn files(&self) -> Option<u32> {
        let path = self.path()?;
        let mut count = 0;
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            count += u32::from(Path::new(&name).exists());
        }
        Some(count)
    }

    /// Its connections now. On SQLite the one that writes and those that read together.
    #[must_use]
    pub fn pool(&self) -> PoolNumbers {
        let of = |size: u32, idle: usize, max: u32| {
            let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(size);
            PoolNumbers { acquired: size - idle, idle, total: size, max }
        };
        match &self.database {
            Database::Postgres(pool) => {
                of(pool.size(), pool.num_idle(), pool.options().get_max_connections())
            }
            Database::Sqlite { writer, readers, .. } => of(
                writer.size() + readers.size(),
                writer.num_idle() + readers.num_idle(),
                writer.options().get_max_connections() + readers.options().get_max_connections(),
            ),
        }
    }

    /// A connection; how long it was waited for is counted.
    async fn take<D: sqlx::Database>(
        &self,
        pool: &Pool<D>,
    ) -> Result<PoolConnection<D>, sqlx::Error> {
        let begun = std::time::Instant::now();
        let taken = pool.acquire().await;
        self.meters.database.acquired(begun.elapsed());
        taken
    }

    /// Begins a unit of work. On SQLite one at a time: the next one waits for it.
    ///
    /// # Errors
    /// When the database cannot be written now; [`StoreError::Deposed`] when another server leads.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.before_write()?;
        let inner = match &self.database {
            Database::Sqlite { writer, .. } => {
                let mut held = Held::new(self.ok(self.take(writer).await)?);
                if let Some(connection) = held.get() {
                    let connection = Metered::new(connection, &self.meters);
                    self.ok(sqlx::query(dialect::BEGIN_SQLITE).execute(connection).await)?;
                }
                Inner::Sqlite(held)
            }
            Database::Postgres(pool) => {
                let mut held = Held::new(self.ok(self.take(pool).await)?);
                if let Some(connection) = held.get() {
                    let connection = Metered::new(connection, &self.meters);
                    self.ok(sqlx::query(dialect::BEGIN_POSTGRES).execute(connection).await)?;
                }
                Inner::Postgres(held)
            }
        };
        let mut tx = Tx::new(inner, Arc::clone(&self.place), Arc::clone(&self.meters));
        self.check_fence(&mut tx).await?;
        Ok(tx)
    }

    /// The same with little patience, to see whether it works again: whoever asks has other things
    /// to do, and a pool tries for seconds to reach a server that is away.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_soon(&self) -> Result<Tx, StoreError> {
        let late = |_| {
            let why = "it gave no answer within 2 s".to_owned();
            Err(StoreError::Unavailable { place: self.place.to_string(), why })
        };
        tokio::time::timeout(SOON, self.write()).await.unwrap_or_else(late)
    }

    /// Closes it, after what is being done is done. On SQLite the write-ahead log is emptied.
    pub async fn close(self) {
        self.give_back().await;
        match self.database {
            Database::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }

    /// Where it is, in words without a password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    fn path(&self) -> Option<&Path> {
        match &self.database {
            Database::Sqlite { path, .. } => Some(path),
            Database::Postgres(_) => None,
        }
    }

    async fn read_postgres(&self, sql: &'static str) -> Result<i64, StoreError> {
        match &self.database {
            Database::Postgres(pool) => {
                let mut held = self.ok(self.take(pool).await)?;
                let connection = Metered::new(&mut *held, &self.meters);
                self.ok(sqlx::query_scalar(sql).fetch_one(connection).await)
            }
            Database::Sqlite { .. } => {
                Err(StoreError::Internal("a PostgreSQL statement for SQLite".to_owned()))
            }
        }
    }

    async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        read!(self, pool => sqlx::query_scalar(META).bind(key).fetch_optional(pool).await)
    }

    fn error(&self, error: &sqlx::Error) -> StoreError {
        StoreError::of(&self.place, error)
    }

    fn ok<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| self.error(&error))
    }

    fn corrupt(&self, why: impl Into<String>) -> StoreError {
        StoreError::Corrupt { place: self.place.to_string(), why: why.into() }
    }
}
