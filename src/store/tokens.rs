//! Tokens: known by their hash, with what they may be used for and when they were.

use std::fmt::Write as _;

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::account::folded;
use crate::model::{KeptToken, Scope, Timestamp, Token, TokenHash};

type Row = (
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

impl Store {
    /// All tokens, by name.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn tokens(&self) -> Result<Vec<KeptToken>, StoreError> {
        const SQL: &str = "SELECT name, hash, role, scopes, created_by, created_at, expires_at, \
            last_used_at, agent, uses FROM tokens ORDER BY name";
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let read = |row: Row| {
            let name = words::safe(&row.0);
            token(row).ok_or_else(|| self.corrupt(format!("the token `{name}` cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

fn token(row: Row) -> Option<KeptToken> {
    let (name, hash, role, scopes, created_by, created, expires, last_used, agent, uses) = row;
    // What is not known must not become something by chance.
    let scopes: Result<Vec<Scope>, _> = scopes.split(' ').map(str::parse).collect();
    let token = Token {
        name: name.into(),
        role: role.parse().ok()?,
        scopes: scopes.ok()?,
        created: Timestamp::from_millis(created),
        created_by: words::safe(&created_by),
        expires: words::moment(expires),
        last_used: words::moment(last_used),
        agent: agent.map(Into::into),
        uses: uses.map(u32::try_from).transpose().ok()?,
    };
    Some(KeptToken { token, hash: TokenHash(from_hex(&hash)?) })
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    let mut out = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

pub(super) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl Tx {
    /// Adds a token.
    ///
    /// # Errors
    /// When the database cannot be written, or there is one of that name.
    pub async fn add_token(&mut self, kept: &KeptToken) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO tokens (name, folded, hash, role, scopes, created_by, \
            created_at, expires_at, last_used_at, agent, uses) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let KeptToken { token, hash } = kept;
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
        on!(self, c => sqlx::query(SQL)
            .bind(&*token.name).bind(folded(&token.name)).bind(hex(&hash.0))
            .bind(token.role.word()).bind(scopes.join(" ")).bind(token.created_by.as_str())
            .bind(token.created.millis()).bind(words::millis(token.expires))
            .bind(words::millis(token.last_used)).bind(token.agent.as_deref())
            .bind(token.uses.map(i64::from))
            .execute(c).await.map(drop))
    }

    /// Writes when a token was last used.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn token_used(&mut self, name: &str, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE tokens SET last_used_at = $2 WHERE folded = $1";
        on!(self, c => sqlx::query(SQL)
            .bind(folded(name)).bind(at.millis()).execute(c).await.map(drop))
    }

    /// Writes how often a token may still be used to let an agent in.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn token_uses(&mut self, name: &str, left: u32) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE tokens SET uses = $2 WHERE folded = $1";
        on!(self, c => sqlx::query(SQL)
            .bind(folded(name)).bind(i64::from(left)).execute(c).await.map(drop))
    }

    /// Removes a token.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_token(&mut self, name: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM tokens WHERE folded = $1";
        on!(self, c => sqlx::query(SQL).bind(folded(name)).execute(c).await.map(drop))
    }
}
