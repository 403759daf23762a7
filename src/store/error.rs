//! What can go wrong with the store, in words that name the place and the mend.

use sqlx::error::DatabaseError;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be used now, and may work again without a restart: disk full, locked, no answer.
    #[error("the database {place} cannot be used: {why}")]
    Unavailable {
        /// The file, or server and database.
        place: String,
        /// What happened, with the mend.
        why: String,
    },
    /// What is stored is damaged. Nothing was changed.
    #[error(
        "the database {place} is damaged: {why}; nothing was changed. Stop fluxnoc, keep a copy of \
         the file and of its -wal file, then restore a backup, or recover what is readable with \
         `sqlite3 DATABASE .recover | sqlite3 RECOVERED`"
    )]
    Corrupt {
        /// The file, or server and database.
        place: String,
        /// What was found.
        why: String,
    },
    /// A newer fluxnoc wrote it.
    #[error(
        "the database was written by a newer fluxnoc (its schema is {found}, this program knows up \
         to {known}); install that version again, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// It belongs to another program.
    #[error(
        "{place} is not a database of fluxnoc ({what}); it was left as it is. Name another one"
    )]
    Foreign {
        /// The file, or server and database.
        place: String,
        /// What was found in it.
        what: String,
    },
    /// This server led and does no more.
    #[error("another server leads now; nothing was written")]
    Deposed,
    /// A defect of fluxnoc itself.
    #[error("fluxnoc itself made an error at its database: {0}")]
    Internal(String),
}

/// How SQLite begins its words when a table or column of ours is not there.
const MISSING: [&str; 3] = ["no such column", "no such table", "no such index"];

/// What a database error means, by its own code.
enum Meaning {
    Unavailable,
    Corrupt,
    Internal,
}

impl StoreError {
    /// The meaning of an error of the database at `place`.
    pub(super) fn of(place: &str, error: &sqlx::Error) -> Self {
        let place = place.to_owned();
        let why = words(error);
        match meaning(error) {
            Meaning::Unavailable => Self::Unavailable { place, why },
            Meaning::Corrupt => Self::Corrupt { place, why },
            Meaning::Internal => Self::Internal(format!("{why} (at {place})")),
        }
    }

    /// A failure of the file system at `place`.
    pub(super) fn io(place: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unavailable { place: place.display().to_string(), why: error.to_string() }
    }

    /// What happened in a few fixed words that name no place, for those who may not know it.
    #[must_use]
    pub fn brief(&self) -> &'static str {
        const KNOWN: [(&str, &str); 5] = [
            ("closed", "it was closed"),
            ("disk is full", "the disk is full"),
            ("may only be read", "it may only be read"),
            ("another program holds it", "another program holds it"),
            ("became free", "no connection became free in time"),
        ];
        match self {
            Self::Unavailable { why, .. } => {
                let known = KNOWN.iter().find(|(words, _)| why.contains(words));
                known.map_or("it cannot be used", |(_, brief)| brief)
            }
            Self::Corrupt { .. } => "it is damaged",
            Self::Newer { .. } => "a newer program wrote it",
            Self::Foreign { .. } => "it belongs to another program",
            Self::Deposed => "another server leads",
            Self::Internal(_) => "it does not take what is written",
        }
    }

    /// True when trying again later may help.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// True when SQLite does not find a table or column.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(says_missing)
}

/// The plain error of SQLite has no code of its own for it: only its words tell.
fn says_missing(error: &dyn DatabaseError) -> bool {
    MISSING.iter().any(|words| error.message().starts_with(words))
}

fn meaning(error: &sqlx::Error) -> Meaning {
    match error {
        sqlx::Error::Database(error) => meaning_of_code(error.as_ref()),
        // The driver's thread dies of a schema that is no text; nothing else is known to end it.
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::RowNotFound
        | sqlx::Error::WorkerCrashed => Meaning::Corrupt,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Configuration(_) => Meaning::Unavailable,
        _ => Meaning::Internal,
    }
}

/// SQLite gives its extended result code as a number, PostgreSQL five characters.
fn meaning_of_code(error: &dyn DatabaseError) -> Meaning {
    let code = error.code().unwrap_or_default();
    if code.len() == 5 {
        return match &code[..2] {
            // Connection, transaction rollback, resources, operator, system; login and database.
            "08" | "40" | "53" | "55" | "57" | "58" | "28" | "3D" => Meaning::Unavailable,
            "XX" => Meaning::Corrupt,
            // A table or a column of ours is not there: somebody or something took it.
            _ if matches!(&*code, "42P01" | "42703") => Meaning::Corrupt,
            _ => Meaning::Internal,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
        Ok(5..=10 | 13..=15) => Meaning::Unavailable,
        // CORRUPT, NOTADB.
        Ok(11 | 26) => Meaning::Corrupt,
        // The file's schema is not the one that was written, as after a flipped byte in it.
        Ok(1) if says_missing(error) => Meaning::Corrupt,
        _ => Meaning::Internal,
    }
}

fn words(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(inner) = error else {
        return match error {
            sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
            sqlx::Error::PoolClosed => "it was closed".to_owned(),
            other => other.to_string(),
        };
    };
    let text = inner.message();
    let primary = inner.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff);
    let Some(primary) = primary.filter(|_| inner.code().is_some_and(|code| code.len() != 5)) else {
        return text.to_owned();
    };
    let mend = match primary {
        5 | 6 => "another program holds it; it is tried again",
        8 => "it may only be read; check owner and mode of file and directory",
        10 => "the file system refused to read or write; check the disk (dmesg) and its quota",
        13 => "the disk is full; free space there, it goes on by itself",
        14 => "it cannot be opened; check owner and mode of file and directory",
        _ => return text.to_owned(),
    };
    format!("{text}: {mend}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_place_and_mend() {
        let error = StoreError::of("/var/lib/x.db", &sqlx::Error::PoolTimedOut);
        assert!(error.may_pass());
        assert_eq!(
            error.to_string(),
            "the database /var/lib/x.db cannot be used: no connection became free in time"
        );
        let corrupt = StoreError::Corrupt { place: "/x.db".into(), why: "page 3".into() };
        assert!(corrupt.to_string().contains(".recover"), "{corrupt}");
        assert!(!corrupt.may_pass());
        assert_eq!(error.brief(), "no connection became free in time");
        assert_eq!(corrupt.brief(), "it is damaged");
    }
}
