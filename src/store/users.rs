//! Users: who may log in, the hash of their password, the epoch of their sessions.

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::account::folded;
use crate::model::{KeptUser, PasswordHash, Timestamp, User};

type Row = (String, String, String, i64, i64, String, i64);

impl Store {
    /// All users, by name.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn users(&self) -> Result<Vec<KeptUser>, StoreError> {
        const SQL: &str = "SELECT name, role, password, epoch, created_at, created_by, changed_at \
            FROM users ORDER BY name";
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let read = |(name, role, password, epoch, created, created_by, changed): Row| {
            // A role that is not known is no role: it must not become one by chance.
            let role = role.parse();
            let (Ok(role), Ok(epoch)) = (role, u64::try_from(epoch)) else {
                return Err(
                    self.corrupt(format!("the user `{}` cannot be read", words::safe(&name)))
                );
            };
            let user = User {
                name: name.into(),
                role,
                created: Timestamp::from_millis(created),
                created_by: words::safe(&created_by),
                changed: Timestamp::from_millis(changed),
            };
            Ok(KeptUser { user, password: PasswordHash(password), epoch })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Adds a user, or changes the one of that name.
    ///
    /// # Errors
    /// When the database cannot be written, or another user has the name in other letters.
    pub async fn put_user(&mut self, kept: &KeptUser) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO users \
            (name, folded, role, password, epoch, created_at, created_by, changed_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
            ON CONFLICT (name) DO UPDATE SET role = excluded.role, password = excluded.password, \
            epoch = excluded.epoch, changed_at = excluded.changed_at";
        let KeptUser { user, password, epoch } = kept;
        let epoch = i64::try_from(*epoch)
            .map_err(|_| StoreError::Internal("an epoch has 63 bits".to_owned()))?;
        on!(self, c => sqlx::query(SQL)
            .bind(&*user.name).bind(folded(&user.name)).bind(user.role.word())
            .bind(&password.0).bind(epoch).bind(user.created.millis())
            .bind(user.created_by.as_str()).bind(user.changed.millis())
            .execute(c).await.map(drop))
    }

    /// Removes a user.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_user(&mut self, name: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM users WHERE folded = $1";
        on!(self, c => sqlx::query(SQL).bind(folded(name)).execute(c).await.map(drop))
    }
}
