//! Which schema a database has, and bringing it up to date: the same migrations on both.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::StoreError;

/// What [`super::META`] says under `application` in a database of ours.
pub(super) const APPLICATION: &str = "fluxnoc";
/// The highest schema that was applied.
pub(super) const VERSION: &str = "SELECT MAX(version) FROM _sqlx_migrations";

const FIRST: &str = include_str!("migrations/0001_start.sql");
const SECOND: &str = include_str!("migrations/0002_console.sql");
const THIRD: &str = include_str!("migrations/0003_rules.sql");
const FOURTH: &str = include_str!("migrations/0004_durations.sql");
const FIFTH: &str = include_str!("migrations/0005_promises.sql");
const SIXTH: &str = include_str!("migrations/0006_recurrence.sql");
const SEVENTH: &str = include_str!("migrations/0007_incidents.sql");
const EIGHTH: &str = include_str!("migrations/0008_gathering.sql");
const NINTH: &str = include_str!("migrations/0009_reach.sql");
const TENTH: &str = include_str!("migrations/0010_escalation.sql");
const ELEVENTH: &str = include_str!("migrations/0011_duty.sql");
const TWELFTH: &str = include_str!("migrations/0012_children.sql");
const THIRTEENTH: &str = include_str!("migrations/0013_accounts.sql");
const FOURTEENTH: &str = include_str!("migrations/0014_cluster.sql");
const FIFTEENTH: &str = include_str!("migrations/0015_agents.sql");
const SIXTEENTH: &str = include_str!("migrations/0016_tests.sql");
const SEVENTEENTH: &str = include_str!("migrations/0017_traffic.sql");

/// All migrations, oldest first. An old one is never changed: its checksum is in the databases.
pub(super) fn migrator() -> Migrator {
    let all = [
        (1, "start", FIRST),
        (2, "console", SECOND),
        (3, "rules", THIRD),
        (4, "durations", FOURTH),
        (5, "promises", FIFTH),
        (6, "recurrence", SIXTH),
        (7, "incidents", SEVENTH),
        (8, "gathering", EIGHTH),
        (9, "reach", NINTH),
        (10, "escalation", TENTH),
        (11, "duty", ELEVENTH),
        (12, "children", TWELFTH),
        (13, "accounts", THIRTEENTH),
        (14, "cluster", FOURTEENTH),
        (15, "agents", FIFTEENTH),
        (16, "tests", SIXTEENTH),
        (17, "traffic", SEVENTEENTH),
    ];
    let migrations = all.into_iter().map(|(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(version, Cow::Borrowed(name), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// The newest schema that this program knows.
pub(super) fn known() -> i64 {
    migrator().iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// What was found in a database before anything was changed in it.
pub(super) struct Found {
    /// Its tables.
    pub(super) tables: Vec<String>,
    /// The application it says to belong to.
    pub(super) application: Option<String>,
    /// Its schema.
    pub(super) version: Option<i64>,
}

impl Found {
    /// True when tables of ours are there, so that their rows can be asked.
    pub(super) fn has(tables: &[String], name: &str) -> bool {
        tables.iter().any(|table| table == name)
    }

    /// Refuses what is not ours or newer. `fresh` says whether a database without tables is fine.
    pub(super) fn judge(&self, place: &str, fresh: bool) -> Result<(), StoreError> {
        let foreign = |what: String| Err(StoreError::Foreign { place: place.to_owned(), what });
        if self.tables.is_empty() {
            return if fresh { Ok(()) } else { foreign("it holds no tables".to_owned()) };
        }
        match self.application.as_deref() {
            Some(APPLICATION) => {}
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                return foreign(format!("it says it belongs to `{}`", other.escape_debug()));
            }
            // A migration that was killed leaves nothing but its own empty table on PostgreSQL.
            None if fresh && self.tables.iter().all(|table| table == "_sqlx_migrations") => {
                return Ok(());
            }
            None => {
                let names: Vec<_> = self.tables.iter().take(3).map(String::as_str).collect();
                return foreign(format!(
                    "it holds tables of another program: {}",
                    names.join(", ")
                ));
            }
        }
        match self.version {
            Some(found) if found > known() => Err(StoreError::Newer { found, known: known() }),
            _ => Ok(()),
        }
    }
}

/// The meaning of a failed migration.
pub(super) fn failed(place: &str, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            StoreError::of(place, &error)
        }
        MigrateError::VersionMissing(found) | MigrateError::VersionTooNew(found, _) => {
            StoreError::Newer { found, known: known() }
        }
        other => StoreError::Foreign { place: place.to_owned(), what: other.to_string() },
    }
}
