//! `MySQL` and `MariaDB`: a login and one query, with each phase measured.
//!
//! In: login, password reference, encryption, query; the host's address, the run's deadline.
//! Out: times of connect, login and query, the query's number as `result`.
//! Never: sends a password where others read it, a local file, or more than one statement.
//!
//! The protocol is spoken here and not by a driver, because a driver trusts its server: one that
//! is asked for memory by a hostile count of columns ends the whole process.

mod login;
mod query;
mod wire;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tokio::net::UnixStream;

use self::login::{Greeting, Login};
use self::query::{Answer, Refused};
use self::wire::Wire;
use super::context::Context;
use super::dial::{self, early, shown, within};
use super::tls::Trust;
use super::{errno, resolve, secret};
use crate::model::spec::{Family, MysqlSpec};
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, Unit};

/// How long a good-bye may take; nobody waits for it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Connects, logs in and asks once.
///
/// # Errors
/// A failure before anything could be measured; later ones are in the observation, beside the
/// numbers that were measured until then.
pub(super) async fn run(
    check: &Check,
    spec: &MysqlSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    run_with(check, spec, context, None).await
}

/// The same with the roots of a test.
async fn run_with(
    check: &Check,
    spec: &MysqlSpec,
    context: &Context,
    trust: Option<&Trust>,
) -> Result<Observation, Failure> {
    for (what, text) in [("user", Some(&spec.user)), ("database", spec.database.as_ref())] {
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Failure::new(FailureKind::Config, format!("{what} has a NUL in it")));
        }
    }
    let context = early(context);
    let password = match &spec.password {
        Some(reference) => secret::resolve(reference, &context).await?,
        None => String::new(),
    };
    let mut seen = Seen::default();
    let login = Login { check, spec, password: &password, trust };
    let outcome = talk(&login, &context, &mut seen).await;
    Ok(seen.observation(outcome))
}

/// What was measured so far.
#[derive(Debug, Default)]
struct Seen {
    version: String,
    connect: Option<Duration>,
    login: Option<Duration>,
    query: Option<Duration>,
    result: Option<f64>,
    /// The value as it came, when a query was configured.
    value: Option<String>,
}

async fn talk(login: &Login<'_>, context: &Context, seen: &mut Seen) -> Result<(), Failure> {
    let timeout = login.check.timeout;
    let start = Instant::now();
    let mut wire = connect(login, context, seen).await?;
    seen.connect.get_or_insert_with(|| start.elapsed());
    let place = wire.place.clone();

    let start = Instant::now();
    let late = || format!("no MySQL greeting from {place} within {timeout}");
    let greeting = within(context, Greeting::read(&mut wire), late).await??;
    seen.version = version(&greeting.version);
    let late = || format!("no answer to the login from {place} within {timeout}");
    let mut wire = within(context, Box::pin(login.run(wire, &greeting)), late).await??;
    seen.login = Some(start.elapsed());

    let start = Instant::now();
    let sql = login.spec.query.as_deref().unwrap_or("SELECT 1");
    let late = || format!("query not answered by {place} within {timeout}");
    let answer = within(context, query::ask(&mut wire, sql), late).await?;
    let answer = match answer {
        Ok(answer) => answer,
        Err(Refused::Other(failure)) => return Err(failure),
        Err(Refused::Server(error)) => {
            bid_farewell(wire);
            let words = login::words(&error, login.password);
            return Err(Failure::new(FailureKind::Mismatch, format!("query failed: {words}")));
        }
    };
    seen.query = Some(start.elapsed());
    bid_farewell(wire);
    if login.spec.query.is_some() { judge(login.check, answer, seen) } else { Ok(()) }
}

/// Opens the connection, over TCP or a Unix socket.
async fn connect(login: &Login<'_>, context: &Context, seen: &mut Seen) -> Result<Wire, Failure> {
    let (check, spec) = (login.check, login.spec);
    let Some(path) = &spec.socket else {
        let addresses = resolve::addresses(&check.address, Family::Auto, context).await?;
        let dialed = dial::dial(&addresses, spec.port, check.timeout, context).await?;
        seen.connect = Some(dialed.took);
        return Ok(Wire::new(dialed.stream, dialed.peer.to_string()));
    };
    let late = || format!("no connection to {path} within {}", check.timeout);
    match within(context, UnixStream::connect(path), late).await? {
        Ok(stream) => Ok(Wire::new(stream, path.clone())),
        Err(error) => {
            use std::io::ErrorKind::{ConnectionRefused, NotFound, PermissionDenied};
            // A socket that is not there is a server that does not run.
            let kind = match error.kind() {
                ConnectionRefused | NotFound => FailureKind::Refused,
                PermissionDenied => FailureKind::Denied,
                _ => FailureKind::Local,
            };
            let words = errno::words(&error);
            Err(Failure::new(kind, format!("cannot connect to {path}: {words}")))
        }
    }
}

/// Closes in the background: the result is there, and a slow good-bye is nobody's latency.
fn bid_farewell(wire: Wire) {
    tokio::spawn(tokio::time::timeout(FAREWELL, wire.quit()));
}

/// What the configured query's answer means.
fn judge(check: &Check, answer: Answer, seen: &mut Seen) -> Result<(), Failure> {
    let mismatch = |why: String| Err(Failure::new(FailureKind::Mismatch, why));
    match answer {
        Answer::Done => Ok(()),
        Answer::Empty => mismatch("the query gave no row".to_owned()),
        Answer::Null => mismatch("the query gave NULL".to_owned()),
        Answer::Value(value) => {
            seen.result = value.trim().parse().ok().filter(|number: &f64| number.is_finite());
            let shown: String = value.chars().take(80).collect();
            if seen.result.is_none() && check.limit("result").is_some() {
                return mismatch(format!("the query gave `{shown}`, which is not a number"));
            }
            seen.value = Some(shown);
            Ok(())
        }
    }
}

/// `MariaDB 10.11.6` or `MySQL 8.0.36`.
fn version(greeting: &str) -> String {
    // MariaDB pretends to be 5.5.5, for old replicas.
    let bare = greeting.strip_prefix("5.5.5-").unwrap_or(greeting);
    let name = if greeting.contains("MariaDB") { "MariaDB" } else { "MySQL" };
    let number: String = bare.chars().take_while(|c| *c != '-').take(24).collect();
    format!("{name} {number}")
}

impl Seen {
    fn observation(&self, outcome: Result<(), Failure>) -> Observation {
        let (output, failure) = match outcome {
            Ok(()) => (SafeText::line(&self.text()), None),
            Err(failure) => (failure.message.clone(), Some(failure)),
        };
        Observation { output, failure, metrics: self.metrics(), ..Observation::default() }
    }

    fn text(&self) -> String {
        let mut text = self.version.clone();
        let phases = [("login", self.login), ("query", self.query)];
        for (name, took) in phases.into_iter().filter_map(|(name, took)| Some((name, took?))) {
            let _ = write!(text, ", {name} {}", shown(took));
        }
        if let Some(value) = &self.value {
            let _ = write!(text, ", result {value}");
        }
        text
    }

    fn metrics(&self) -> Vec<Metric> {
        let phases = [
            ("time_connect", self.connect),
            ("time_login", self.login),
            ("query_time", self.query),
        ];
        let times = phases
            .into_iter()
            .filter_map(|(name, took)| Some(Metric::new(name, took?.as_secs_f64(), Unit::Seconds)));
        let result = self.result.map(|value| Metric::new("result", value, Unit::Count));
        times.chain(result).collect()
    }
}

#[cfg(test)]
mod tests;
