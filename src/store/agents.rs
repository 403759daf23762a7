//! Agents: what proves them, which start of them is the present one, how far their results were
//! taken.

use super::tokens::{from_hex, hex};
use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::agent::STREAM_LIMIT;
use crate::model::{KeptAgent, Name, StreamMark, Timestamp, TokenHash};

type Row =
    (String, String, String, String, String, Option<String>, Option<i64>, i64, i64, Option<i64>);

fn agent(row: Row) -> Option<KeptAgent> {
    let (name, hash, location, machine, version, address, boot, life, registered, seen) = row;
    Some(KeptAgent {
        name: name.into(),
        hash: TokenHash(from_hex(&hash)?),
        location: words::safe(&location),
        machine: words::safe(&machine),
        version: words::safe(&version),
        address: address.as_deref().map(words::safe),
        boot: boot.map(i64::cast_unsigned),
        life: u64::try_from(life).ok()?,
        registered: Timestamp::from_millis(registered),
        seen: words::moment(seen),
    })
}

impl Store {
    /// All agents, by name.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn agents(&self) -> Result<Vec<KeptAgent>, StoreError> {
        const SQL: &str = "SELECT name, hash, location, machine, version, address, boot, life, \
            registered_at, seen_at FROM agents ORDER BY name";
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let read = |row: Row| {
            let name = words::safe(&row.0);
            agent(row).ok_or_else(|| self.corrupt(format!("the agent `{name}` cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }

    /// How far the results of all agents were taken.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn streams(&self) -> Result<Vec<(Name, StreamMark)>, StoreError> {
        const SQL: &str = "SELECT agent, stream, last, at FROM streams ORDER BY agent, at";
        let rows: Vec<(String, i64, i64, i64)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let mark = |(agent, stream, last, at): (String, i64, i64, i64)| {
            let (stream, last) = (stream.cast_unsigned(), last.cast_unsigned());
            (agent.into(), StreamMark { stream, last, at: Timestamp::from_millis(at) })
        };
        Ok(rows.into_iter().map(mark).collect())
    }
}

impl Tx {
    /// Adds or changes an agent.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_agent(&mut self, agent: &KeptAgent) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO agents (name, hash, location, machine, version, address, \
            boot, life, registered_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
            ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, location = excluded.location, \
            machine = excluded.machine, version = excluded.version, address = excluded.address, \
            boot = excluded.boot, life = excluded.life, registered_at = excluded.registered_at, \
            seen_at = excluded.seen_at";
        let life = i64::try_from(agent.life).unwrap_or(i64::MAX);
        on!(self, c => sqlx::query(SQL)
            .bind(&*agent.name).bind(hex(&agent.hash.0)).bind(agent.location.as_str())
            .bind(agent.machine.as_str()).bind(agent.version.as_str())
            .bind(agent.address.as_ref().map(|address| address.as_str().to_owned()))
            .bind(agent.boot.map(u64::cast_signed)).bind(life)
            .bind(agent.registered.millis()).bind(words::millis(agent.seen))
            .execute(c).await.map(drop))
    }

    /// Forgets an agent with its streams.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_agent(&mut self, name: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM agents WHERE name = $1";
        on!(self, c => sqlx::query(SQL).bind(name).execute(c).await.map(drop))?;
        self.delete_streams(name).await
    }

    /// Forgets how far an agent's results were taken: it begins anew with another key.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_streams(&mut self, agent: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM streams WHERE agent = $1";
        on!(self, c => sqlx::query(SQL).bind(agent).execute(c).await.map(drop))
    }

    /// The results of an agent's stream were taken as far as this; only its newest streams are
    /// remembered.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_stream(&mut self, agent: &str, mark: StreamMark) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO streams (agent, stream, last, at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (agent, stream) DO UPDATE SET last = excluded.last, at = excluded.at";
        const OLD: &str = "DELETE FROM streams WHERE agent = $1 AND stream NOT IN \
            (SELECT stream FROM streams WHERE agent = $1 ORDER BY at DESC, stream LIMIT $2)";
        let (stream, last) = (mark.stream.cast_signed(), mark.last.cast_signed());
        on!(self, c => sqlx::query(SQL)
            .bind(agent).bind(stream).bind(last).bind(mark.at.millis())
            .execute(c).await.map(drop))?;
        if mark.last == 1 {
            on!(self, c => sqlx::query(OLD)
                .bind(agent).bind(i64::from(STREAM_LIMIT)).execute(c).await.map(drop))?;
        }
        Ok(())
    }
}
