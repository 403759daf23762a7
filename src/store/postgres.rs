//! Opening PostgreSQL: looked at before it is touched.

use std::io::ErrorKind;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::schema::{self, Found};
use super::{Database, META, Store, StoreError, dialect};

const CONNECTIONS: u32 = 8;
const QUEUE: Duration = Duration::from_secs(10);

/// What a URL means, and its place in words.
fn options(url: &str) -> Result<(PgConnectOptions, Arc<str>), StoreError> {
    // The error text of a bad URL may repeat parts of it, and a password is in it.
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Unavailable {
        place: "of `[store] url`".to_owned(),
        why: "its URL cannot be read; write it as postgres://USER@HOST:PORT/DATABASE".to_owned(),
    })?;
    let options = options
        .application_name("fluxnoc")
        .options([
            ("statement_timeout", "60s"),
            ("lock_timeout", "10s"),
            // A server that was paused in the middle of a unit of work must not hold its row of
            // the lease against whoever takes over.
            ("idle_in_transaction_session_timeout", "4s"),
        ])
        .disable_statement_logging();
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let place = format!("{} at {host}", options.get_database().unwrap_or("(default)")).into();
    Ok((options, place))
}

pub(super) async fn open(url: &str) -> Result<Store, StoreError> {
    let (options, place) = options(url)?;
    let mut first = reach(&options, &place).await?;
    inspect(&mut first, &place).await?.judge(&place, true)?;
    schema::migrator().run(&mut first).await.map_err(|error| schema::failed(&place, error))?;
    first.close().await.map_err(|error| StoreError::of(&place, &error))?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(QUEUE)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::of(&place, &error))?;
    Ok(Store { database: Database::Postgres(pool), place, meters: Arc::default(), fence: None })
}

/// What answers at a URL and what is in it, in words; changes nothing.
pub(super) async fn look(url: &str) -> Result<String, StoreError> {
    let (options, place) = options(url)?;
    let mut connection = reach(&options, &place).await?;
    let found = inspect(&mut connection, &place).await?;
    found.judge(&place, true)?;
    let server: String = sqlx::query_scalar(dialect::VERSION_POSTGRES)
        .fetch_one(&mut connection)
        .await
        .map_err(|error| StoreError::of(&place, &error))?;
    let schema = match found.version {
        Some(version) => format!("schema {version}"),
        None => "empty; filled at the first start".to_owned(),
    };
    Ok(format!("{place}: PostgreSQL {server}, {schema}"))
}

/// The first connection, made alone: a pool would try again and again, and in the end say only that
/// none became free.
pub(super) async fn reach(
    options: &PgConnectOptions,
    place: &str,
) -> Result<PgConnection, StoreError> {
    let unavailable = |why: String| StoreError::Unavailable { place: place.to_owned(), why };
    match tokio::time::timeout(QUEUE, options.connect()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(match StoreError::of(place, &error) {
            StoreError::Unavailable { why, .. } => match mend(&error, options) {
                Some(mend) => unavailable(format!("{why}; {mend}")),
                None => unavailable(why),
            },
            other => other,
        }),
        Err(_) => Err(unavailable(
            "no answer within 10 s; check host and port in the URL, the network and firewalls"
                .to_owned(),
        )),
    }
}

/// What to do about a connection whose certificate is not good.
const TLS: &str = "check the host and sslmode in the URL; the certificate of an authority of your \
    own is named with sslrootcert=/path/ca.pem";

/// What to do about a connection that cannot be made.
fn mend(error: &sqlx::Error, options: &PgConnectOptions) -> Option<String> {
    Some(match error {
        sqlx::Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => {
                "nothing listens there: start PostgreSQL, or correct host and port in the URL"
            }
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
                "it hung up: is it PostgreSQL, and does it start or stop just now?"
            }
            // So says what looks at certificates.
            ErrorKind::InvalidData => TLS,
            _ => "check the host in the URL and the network",
        }
        .to_owned(),
        sqlx::Error::Tls(_) => TLS.to_owned(),
        sqlx::Error::Database(error) => match &*error.code()? {
            "28P01" | "28000" => {
                "check user and password in the URL, and its line in pg_hba.conf".to_owned()
            }
            "3D000" => {
                let name = options.get_database().unwrap_or("fluxnoc");
                format!("make it with: createdb {}", name.escape_debug())
            }
            "53300" => "raise max_connections there, or end others".to_owned(),
            _ => return None,
        },
        _ => return None,
    })
}

async fn inspect(connection: &mut PgConnection, place: &str) -> Result<Found, StoreError> {
    let of = |error: sqlx::Error| StoreError::of(place, &error);
    let tables: Vec<String> = sqlx::query_scalar(dialect::TABLES_POSTGRES)
        .fetch_all(&mut *connection)
        .await
        .map_err(of)?;
    let mut found = Found { tables, application: None, version: None };
    if Found::has(&found.tables, "meta") {
        let query = sqlx::query_scalar(META).bind("application");
        // A foreign table may have the same name and other columns.
        found.application = match query.fetch_optional(&mut *connection).await {
            Ok(application) => application,
            Err(error) => match StoreError::of(place, &error) {
                StoreError::Internal(_) | StoreError::Corrupt { .. } => None,
                error => return Err(error),
            },
        };
    }
    if found.application.is_some() && Found::has(&found.tables, "_sqlx_migrations") {
        let version = sqlx::query_scalar(schema::VERSION).fetch_one(&mut *connection).await;
        found.version = version.map_err(of)?;
    }
    Ok(found)
}
