//! Which servers share this PostgreSQL, which of them leads, and the word that wakes the others.

use sqlx::Row as _;
use sqlx::postgres::{PgListener, PgRow};

use super::lease::now;
use super::{Store, StoreError};
use crate::model::Span;

/// The channel on which servers wake each other.
const CHANNEL: &str = "fluxnoc";
/// A server that was not seen for so long is forgotten.
const FORGOTTEN: i64 = 24 * 3600 * 1000;
/// Most servers that are read.
const MOST: i64 = 64;

const SEEN: &str = concat!(
    "INSERT INTO servers (node, owner, url, version, started_at, seen_at) VALUES ($1, $2, $3, $4, ",
    now!(),
    ", ",
    now!(),
    ") ON CONFLICT (node) DO UPDATE SET started_at = CASE WHEN servers.owner = EXCLUDED.owner \
     THEN servers.started_at ELSE EXCLUDED.started_at END, owner = EXCLUDED.owner, \
     url = EXCLUDED.url, version = EXCLUDED.version, seen_at = EXCLUDED.seen_at"
);
const LEFT: &str = "DELETE FROM servers WHERE node = $1 AND owner = $2";
const FORGET: &str = concat!("DELETE FROM servers WHERE seen_at < ", now!(), " - $1");
const ALL: &str = concat!(
    "SELECT node, owner, url, GREATEST(0, ",
    now!(),
    " - seen_at) AS age FROM servers ORDER BY node LIMIT $1"
);
const HOLDER: &str = concat!(
    "SELECT owner, epoch, GREATEST(0, until - ",
    now!(),
    ") AS rest FROM leases WHERE name = 'leader'"
);
const NOTIFY: &str = "SELECT 1 FROM (SELECT pg_notify($1, $2)) AS said";
const OWN_ADDRESS: &str = "SELECT host(inet_client_addr())";

/// A server as it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub node: String,
    /// This run of it.
    pub owner: String,
    /// Where the others reach it.
    pub url: String,
}

/// A server that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub member: Member,
    /// How long ago.
    pub age: Span,
}

/// The lease as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Whose it is; empty when it never was anybody's.
    pub owner: String,
    /// Its epoch.
    pub epoch: i64,
    /// For how long; zero when it is free.
    pub rest: Span,
}

/// All servers and the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// The servers, by name.
    pub seen: Vec<Seen>,
    /// The lease.
    pub holder: Holder,
}

/// Hears when servers wake each other.
#[derive(Debug)]
pub struct Wakes(PgListener);

impl Wakes {
    /// Waits for the next word. The connection is made again when it is lost.
    ///
    /// # Errors
    /// While the database cannot be reached.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        // `None`: it was lost, and something may have been missed.
        self.0.try_recv().await.map(drop).map_err(|error| StoreError::of("of the servers", &error))
    }
}

impl Store {
    /// Says that a server is there, and forgets those that were not for a day.
    ///
    /// # Errors
    /// When the database does not take it, or is not PostgreSQL.
    pub async fn member_seen(&self, member: &Member, version: &str) -> Result<(), StoreError> {
        let pool = self.postgres()?;
        self.ok(sqlx::query(FORGET).bind(FORGOTTEN).execute(pool).await)?;
        let query = sqlx::query(SEEN).bind(&member.node).bind(&member.owner);
        let query = query.bind(&member.url).bind(version);
        self.ok(query.execute(pool).await.map(drop))
    }

    /// Says that a server went away as it should.
    ///
    /// # Errors
    /// As [`Self::member_seen`].
    pub async fn member_left(&self, member: &Member) -> Result<(), StoreError> {
        let query = sqlx::query(LEFT).bind(&member.node).bind(&member.owner);
        self.ok(query.execute(self.postgres()?).await.map(drop))
    }

    /// All servers that were seen within a day, and who leads.
    ///
    /// # Errors
    /// As [`Self::member_seen`].
    pub async fn roll(&self) -> Result<Roll, StoreError> {
        let pool = self.postgres()?;
        let rows = self.ok(sqlx::query(ALL).bind(MOST).fetch_all(pool).await)?;
        let seen: Result<Vec<Seen>, sqlx::Error> = rows.iter().map(seen).collect();
        let holder = self.ok(sqlx::query(HOLDER).fetch_one(pool).await)?;
        Ok(Roll { seen: self.ok(seen)?, holder: self.ok(held(&holder))? })
    }

    /// Wakes the other servers.
    ///
    /// # Errors
    /// As [`Self::member_seen`].
    pub async fn wake_members(&self, word: &str) -> Result<(), StoreError> {
        let query = sqlx::query(NOTIFY).bind(CHANNEL).bind(word);
        self.ok(query.execute(self.postgres()?).await.map(drop))
    }

    /// Hears when other servers wake this one.
    ///
    /// # Errors
    /// As [`Self::member_seen`].
    pub async fn wakes(&self) -> Result<Wakes, StoreError> {
        let mut listener = self.ok(PgListener::connect_with(self.postgres()?).await)?;
        self.ok(listener.listen(CHANNEL).await)?;
        Ok(Wakes(listener))
    }

    /// The address under which the database sees this machine; `None` over a Unix socket.
    ///
    /// # Errors
    /// As [`Self::member_seen`].
    pub async fn own_address(&self) -> Result<Option<String>, StoreError> {
        self.ok(sqlx::query_scalar(OWN_ADDRESS).fetch_one(self.postgres()?).await)
    }

    /// A value of `meta` that the first one sets and all others read.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn agreed(&self, key: &str, proposed: &str) -> Result<String, StoreError> {
        const PROPOSE: &str =
            "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        if let Some(value) = self.meta(key).await? {
            return Ok(value);
        }
        let query = sqlx::query(PROPOSE).bind(key).bind(proposed);
        self.ok(query.execute(self.postgres()?).await.map(drop))?;
        let agreed = self.meta(key).await?;
        agreed.ok_or_else(|| self.corrupt(format!("its row `{key}` of meta is gone")))
    }
}

fn span(row: &PgRow, column: &str) -> Result<Span, sqlx::Error> {
    let millis: i64 = row.try_get(column)?;
    Ok(Span::from_millis(u64::try_from(millis).unwrap_or(0)))
}

fn seen(row: &PgRow) -> Result<Seen, sqlx::Error> {
    let member = Member {
        node: row.try_get("node")?,
        owner: row.try_get("owner")?,
        url: row.try_get("url")?,
    };
    Ok(Seen { member, age: span(row, "age")? })
}

fn held(row: &PgRow) -> Result<Holder, sqlx::Error> {
    let (owner, epoch) = (row.try_get("owner")?, row.try_get("epoch")?);
    Ok(Holder { owner, epoch, rest: span(row, "rest")? })
}
