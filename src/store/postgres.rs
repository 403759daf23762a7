//! Opening PostgreSQL: looked at before it is touched.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool};

use super::schema::{self, Found};
use super::{Database, META, Store, StoreError, dialect};

const CONNECTIONS: u32 = 8;
const QUEUE: Duration = Duration::from_secs(10);

pub(super) async fn open(url: &str) -> Result<Store, StoreError> {
    // The error text of a bad URL may repeat parts of it, and a password is in it.
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Unavailable {
        place: "of `[store] url`".to_owned(),
        why: "its URL cannot be read; write it as postgres://USER@HOST:PORT/DATABASE".to_owned(),
    })?;
    let options = options
        .application_name("fluxnoc")
        .options([("statement_timeout", "60s"), ("lock_timeout", "10s")])
        .disable_statement_logging();
    let place: Arc<str> = format!(
        "{} at {}:{}",
        options.get_database().unwrap_or("(default)"),
        options.get_host(),
        options.get_port()
    )
    .into();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(QUEUE)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::of(&place, &error))?;
    inspect(&pool, &place).await?;
    schema::migrator().run(&pool).await.map_err(|error| schema::failed(&place, error))?;
    Ok(Store { database: Database::Postgres(pool), place, meters: Arc::default() })
}

async fn inspect(pool: &PgPool, place: &str) -> Result<(), StoreError> {
    let of = |error: sqlx::Error| StoreError::of(place, &error);
    let tables: Vec<String> =
        sqlx::query_scalar(dialect::TABLES_POSTGRES).fetch_all(pool).await.map_err(of)?;
    let mut found = Found { tables, application: None, version: None };
    if Found::has(&found.tables, "meta") {
        let query = sqlx::query_scalar(META).bind("application");
        // A foreign table may have the same name and other columns.
        found.application = match query.fetch_optional(pool).await {
            Ok(application) => application,
            Err(error) => match StoreError::of(place, &error) {
                StoreError::Internal(_) | StoreError::Corrupt { .. } => None,
                error => return Err(error),
            },
        };
    }
    if found.application.is_some() && Found::has(&found.tables, "_sqlx_migrations") {
        let version = sqlx::query_scalar(schema::VERSION).fetch_one(pool).await;
        found.version = version.map_err(of)?;
    }
    found.judge(place, true)
}
