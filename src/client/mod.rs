//! The protocol spoken over HTTP: an engine in another process, reached through its socket or over
//! the network.
//!
//! In: requests and queries; the path of a Unix socket, or a URL and a key.
//! Out: outcomes, answers, problems and events, as if the engine were in this process.
//! Never: keeps state beyond the connection and its key, retries, decides.

mod key;
mod routes;
mod stream;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::model::observation::root_cause;
use crate::protocol::event::Mark;
use crate::protocol::speed::REPORT_PATIENCE;
use crate::protocol::{Actor, Answer, Outcome, Problem, ProblemKind, Query, Request, Role};
use routes::Call;

pub use key::{Access, Credential, Me};
pub use stream::Events;

/// The time for one answer, all steps together.
const DEADLINE: Duration = Duration::from_secs(30);
/// The time for a report, which reads up to millions of results: longer than the engine gives itself.
const REPORT_DEADLINE: Duration = REPORT_PATIENCE.saturating_add(DEADLINE);
/// The time for a connection over the network.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next request; the server waits 10 s for one.
const IDLE: Duration = Duration::from_secs(5);
/// Most bytes of one answer: ten times a full list of 60,000 checks.
const ANSWER_LIMIT: usize = 256 * 1024 * 1024;

/// Why a request has no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// What is said about it.
    pub problem: Problem,
    /// False when it is certain that nothing went out; else it may have been done.
    pub sent: bool,
}

/// An engine elsewhere; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    way: Way,
    role: Role,
}

/// The way to the engine.
#[derive(Clone, Debug)]
enum Way {
    /// A Unix socket, whose other end knows who we are; the name is only a wish.
    Socket { path: Arc<Path>, operator: HeaderValue },
    /// A URL, and what lets us in.
    Net { base: Arc<str>, key: Arc<key::Key> },
}

impl Way {
    /// Where it leads, for messages.
    fn place(&self) -> String {
        match self {
            Self::Socket { path, .. } => path.display().to_string(),
            Self::Net { base, .. } => base.to_string(),
        }
    }
}

impl Client {
    /// The engine behind `socket`, for an operator of that name who wants at most `role`.
    ///
    /// # Errors
    /// [`ProblemKind::Unreachable`] when nobody listens there.
    pub fn connect(socket: &Path, operator: &str, role: Role) -> Result<Self, Problem> {
        UnixStream::connect(socket)
            .map_err(|error| nobody(&socket.display().to_string(), &error.to_string()))?;
        let encoded: String = url::form_urlencoded::byte_serialize(operator.as_bytes()).collect();
        let operator = HeaderValue::from_str(&encoded)
            .map_err(|_| Problem::invalid("the operator's name cannot be sent"))?;
        // A connection for each request: they cost microseconds here, and none is found closed.
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .tls_certs_only([])
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| Problem::internal(format!("no HTTP client: {error}")))?;
        Ok(Self { http, way: Way::Socket { path: socket.into(), operator }, role })
    }

    /// The engine behind a URL. Nothing is sent yet.
    ///
    /// # Errors
    /// `Invalid` for a URL that cannot be one of a server, for certificates that are none, and for
    /// a key that would travel readable by others.
    pub fn reach(access: Access) -> Result<Self, Problem> {
        let base = access.base()?;
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            // What is unpacked is counted, by the answer and by the event, as it comes: what is
            // small on the line may be large here.
            .gzip(true)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        let builder = match &access.authorities {
            Some(pem) => {
                let known = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| {
                    Problem::invalid(format!("the certificates of the authority: {error}"))
                })?;
                builder.tls_certs_only(known)
            }
            None => builder,
        };
        let http = builder
            .build()
            .map_err(|error| Problem::internal(format!("no HTTP client: {error}")))?;
        let key = Arc::new(key::Key::of(access.credential)?);
        Ok(Self { http, way: Way::Net { base: base.into(), key }, role: Role::Admin })
    }

    /// Has a command done. The actor is this client's operator, not the request's; a role of the
    /// request that is lower than this client's counts.
    ///
    /// # Errors
    /// The engine's problem, or [`ProblemKind::Unreachable`] when it does not answer. The same
    /// request can then be sent again: its id lets it be done once.
    pub async fn execute(&self, request: &Request) -> Result<Outcome, Problem> {
        self.deliver(request).await.map_err(|undone| undone.problem)
    }

    /// The same; where nothing came of it, says whether it may have gone out.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn deliver(&self, request: &Request) -> Result<Outcome, Undone> {
        // Neither words that cannot be written nor a login that fails have sent the request.
        let unsent = |problem| Undone { problem, sent: false };
        let call = routes::of_command(&request.command).map_err(unsent)?;
        let role = match &request.actor {
            Actor::Worker | Actor::Agent { .. } | Actor::Engine => self.role,
            person => self.role.min(person.role()),
        };
        self.renewed().await.map_err(unsent)?;
        let send = self.request_as(role, call).header("idempotency-key", request.id.to_string());
        let bytes = self.asked(send, DEADLINE).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Undone { problem: not_understood(&error), sent: true })
    }

    /// Has a query answered.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn query(&self, query: &Query) -> Result<Answer, Problem> {
        let call = routes::of_query(query)?;
        self.renewed().await?;
        let bytes = self.asked(self.request(call), deadline(query)).await;
        let bytes = bytes.map_err(|undone| undone.problem)?;
        routes::answer(query, &bytes).map_err(|error| not_understood(&error))
    }

    /// A stream of what changes, beginning with the present picture.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn watch(&self) -> Result<Events, Problem> {
        self.watch_from(None).await
    }

    /// The same; where it can, it goes on after a place of an earlier stream.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn watch_from(&self, after: Option<Mark>) -> Result<Events, Problem> {
        self.renewed().await?;
        let mut asked = self.request(routes::events());
        if let Some(mark) = after {
            asked = asked.header("last-event-id", mark.to_string());
        }
        let asked = asked.send();
        let opened = tokio::time::timeout(DEADLINE, asked).await;
        let response =
            opened.map_err(|_| self.silent(DEADLINE))?.map_err(|error| self.lost(&error))?;
        if response.status().is_success() {
            return Ok(Events::new(response));
        }
        Err(refusal(response.status().as_u16(), &self.read(response).await?))
    }

    fn request(&self, call: Call) -> reqwest::RequestBuilder {
        self.request_as(self.role, call)
    }

    fn request_as(&self, role: Role, call: Call) -> reqwest::RequestBuilder {
        let request = match &self.way {
            // The name before the path means nothing: the socket says where it goes.
            Way::Socket { operator, .. } => self
                .http
                .request(call.method, format!("http://fluxnoc{}", call.path))
                .header("fluxnoc-operator", operator.clone()),
            Way::Net { base, key } => {
                let request = self.http.request(call.method, format!("{base}{}", call.path));
                key.sign(request)
            }
        };
        let request = request.header("fluxnoc-role", role.word());
        match call.body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request,
        }
    }

    /// Asks who we are: the server's word for name and role.
    ///
    /// # Errors
    /// As [`Self::execute`]; `Forbidden` when the key opens nothing.
    pub async fn whoami(&self) -> Result<key::Me, Problem> {
        self.renewed().await?;
        let bytes = self.answer(self.request(routes::me())).await?;
        serde_json::from_slice(&bytes).map_err(|error| not_understood(&error))
    }

    /// Logs in when that is still to be done, and asks for a new token before the old one ends.
    async fn renewed(&self) -> Result<(), Problem> {
        let Way::Net { key, .. } = &self.way else { return Ok(()) };
        let Some(errand) = key.errand() else { return Ok(()) };
        let call = errand.call()?;
        let bytes = self.answer(self.request(call)).await;
        key.settle(errand, bytes)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Problem> {
        self.asked(request, DEADLINE).await.map_err(|undone| undone.problem)
    }

    async fn asked(
        &self,
        request: reqwest::RequestBuilder,
        deadline: Duration,
    ) -> Result<Vec<u8>, Undone> {
        let went = |problem| Undone { problem, sent: true };
        let work = async {
            // Without a connection there was nothing to write to.
            let response = request.send().await.map_err(|error| Undone {
                problem: self.lost(&error),
                sent: !error.is_connect(),
            })?;
            let status = response.status();
            let bytes = self.read(response).await.map_err(went)?;
            if status.is_success() {
                Ok(bytes)
            } else {
                Err(went(refusal(status.as_u16(), &bytes)))
            }
        };
        tokio::time::timeout(deadline, work).await.map_err(|_| went(self.silent(deadline)))?
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if bytes.len() + chunk.len() > ANSWER_LIMIT {
                return Err(Problem::internal("the engine's answer is larger than 256 MiB"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn lost(&self, error: &reqwest::Error) -> Problem {
        let cause = root_cause(error);
        if error.is_connect() {
            return nobody(&self.way.place(), &cause.to_string());
        }
        let place = self.way.place();
        Problem::unreachable(format!("the engine at {place} broke off: {cause}"))
    }

    fn silent(&self, deadline: Duration) -> Problem {
        let (place, secs) = (self.way.place(), deadline.as_secs());
        Problem::unreachable(format!("the engine at {place} gave no answer within {secs} s"))
    }
}

/// How long the answer to a query is waited for.
const fn deadline(query: &Query) -> Duration {
    match query {
        Query::TestReport(_) => REPORT_DEADLINE,
        _ => DEADLINE,
    }
}

fn nobody(place: &str, why: &str) -> Problem {
    Problem::unreachable(format!("no engine answers at {place}: {why}"))
}

fn not_understood(error: &serde_json::Error) -> Problem {
    Problem::internal(format!("engine and console do not understand each other: {error}"))
}

/// The problem in an answer that is none of success; without one, what the status means.
fn refusal(status: u16, bytes: &[u8]) -> Problem {
    serde_json::from_slice(bytes).unwrap_or_else(|_| {
        let kind = ProblemKind::from_status(status);
        let message = format!("the engine answered with HTTP status {status}");
        Problem { kind, ..Problem::internal(message) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_problem_is_judged_by_its_status() {
        assert_eq!(refusal(404, b"<html>").kind, ProblemKind::NotFound);
        assert_eq!(refusal(429, b"").kind, ProblemKind::Unavailable);
        let sent = Problem::conflict("it is written in config.toml:12");
        assert_eq!(refusal(409, &serde_json::to_vec(&sent).unwrap()), sent);
    }

    #[test]
    fn fs_37_a_report_is_waited_for_longer_than_the_engine_works_at_it() {
        let samples = Query::samples();
        let of = |is_report: bool| {
            let is = move |query: &&Query| matches!(query, Query::TestReport(_)) == is_report;
            samples.iter().filter(is).map(deadline).collect::<Vec<_>>()
        };
        assert!(!of(true).is_empty() && of(true).iter().all(|time| *time > REPORT_PATIENCE));
        assert!(of(false).iter().all(|time| *time == DEADLINE));
    }

    #[test]
    fn a_missing_socket_is_said_with_its_path() {
        let problem = Client::connect(Path::new("/nonexistent/fluxnoc.sock"), "ann", Role::Viewer);
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Unreachable);
        assert!(problem.message.as_str().contains("/nonexistent/fluxnoc.sock"));
    }
}
