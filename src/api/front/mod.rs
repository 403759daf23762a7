//! What stands before the routes of one of several servers: while it leads, requests are answered
//! here; while another one does, they are passed on to that.
//!
//! A request that was passed on says so (`Fluxnoc-Member`), with the word of the server that passes
//! it on; it is answered or refused, and never passed on again: two servers that each take the
//! other for the leader cannot send it in circles. Who shows that header without such a word is
//! refused.

mod relay;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::actor::{Caller, Peer};
use super::exposed::Exposed;
use super::problem::Failure;
use crate::cluster::View;
use crate::engine::{Handle, Origin};
use crate::meters::ready::{self, Broker, Cluster, Facts, Readiness, Schedule, Storage};
use crate::model::Steady;
use crate::protocol::Problem;

pub use relay::Relay;

/// The word of a member for a request that it passes on.
const MEMBER: &str = "fluxnoc-member";
/// What each server answers by itself: it is about that server.
const OWN: &str = "/metrics";

/// The routes of one engine, for both kinds of listeners.
#[derive(Clone)]
struct Faces {
    network: Router,
    socket: Router,
    handle: Handle,
    holds: Holds,
}

/// Whether the time in which a server leads is not over.
type Holds = Arc<dyn Fn() -> bool + Send + Sync>;

impl std::fmt::Debug for Faces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faces").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl Faces {
    fn of(handle: Handle, exposed: Exposed, stop: CancellationToken, holds: Holds) -> Self {
        let network = super::network_router(handle.clone(), stop.clone()).layer(Extension(exposed));
        Self { network, socket: super::router(handle.clone(), stop), handle, holds }
    }

    fn of_request(&self, request: &Request) -> Router {
        let far = request.extensions().get::<Caller>().is_some();
        if far { self.network.clone() } else { self.socket.clone() }
    }
}

/// The front of one server; cheap to clone.
#[derive(Clone, Debug)]
pub struct Front(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: String,
    exposed: Exposed,
    /// The routes of the engine here, while there is one.
    here: watch::Sender<Option<Faces>>,
    /// The same without an engine.
    aside: Faces,
    view: watch::Receiver<View>,
    relay: Relay,
}

impl Front {
    /// The front of the server `node`, which stands by; `aside` is a handle without an engine.
    #[must_use]
    pub fn new(
        node: &str,
        aside: Handle,
        exposed: Exposed,
        view: watch::Receiver<View>,
        relay: Relay,
        stop: CancellationToken,
    ) -> Self {
        let (here, _) = watch::channel(None);
        let aside = Faces::of(aside, exposed, stop, Arc::new(|| false));
        Self(Arc::new(Inner { node: node.to_owned(), exposed, here, aside, view, relay }))
    }

    /// From now on requests are answered here, by this engine; `stop` ends its event streams, and
    /// `holds` says whether its time is not over.
    pub fn lead(
        &self,
        handle: Handle,
        stop: CancellationToken,
        holds: impl Fn() -> bool + Send + Sync + 'static,
    ) {
        let faces = Faces::of(handle, self.0.exposed, stop, Arc::new(holds));
        self.0.here.send_replace(Some(faces));
    }

    /// From now on they are passed on.
    pub fn stand_by(&self) {
        self.0.here.send_replace(None);
    }

    /// The routes of a listener.
    pub(super) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// This server's name.
    pub(super) fn node(&self) -> &str {
        &self.0.node
    }

    /// Whether it leads.
    pub(super) fn leads(&self) -> bool {
        self.0.here.borrow().as_ref().is_some_and(|here| (here.holds)())
    }

    /// The handle whose meters are this server's.
    pub(super) fn handle(&self) -> Handle {
        let here = self.0.here.borrow();
        here.as_ref().map_or_else(|| self.0.aside.handle.clone(), |here| here.handle.clone())
    }

    /// Consoles that are open here, on streams of the leader.
    pub(super) fn streams(&self) -> i64 {
        self.0.relay.streams()
    }

    /// Whether this server can do its work: lead, or pass on to the one that does.
    pub(super) async fn readiness(&self) -> Readiness {
        let here = self.0.here.borrow().clone();
        let view = self.0.view.borrow().clone();
        let cluster = Cluster {
            node_id: self.0.node.clone(),
            is_leader: here.is_some(),
            // The own lease may be newer than the last look.
            led: here.is_some() || view.elsewhere().is_some(),
            peers: view.peers,
            reachable: view.reachable,
        };
        if let Some(here) = here {
            return here.handle.readiness_among(Some(cluster)).await;
        }
        let facts = Facts {
            broker: Broker::Answers,
            storage: view.trouble.map_or(Storage::Works, Storage::Fails),
            cluster: Some(cluster),
            schedule: Schedule::default(),
            posted: None,
            parked: 0,
            agents: None,
        };
        ready::judge(&facts, Steady::default())
    }

    async fn pass(&self, request: Request) -> Result<Response, Failure> {
        let leader = self.0.view.borrow().elsewhere().cloned().ok_or_else(nobody)?;
        let from = if let Some(caller) = request.extensions().get::<Caller>() {
            Origin::Network(caller.address)
        } else if let Some(peer) = request.extensions().get::<Peer>() {
            Origin::Socket(peer.login().to_owned())
        } else {
            return Err(Problem::forbidden("it is not known who asks").into());
        };
        let word = self.0.aside.handle.vouch(&self.0.node, from)?;
        let word = HeaderValue::from_str(&word)
            .map_err(|_| Problem::internal("a request cannot be vouched for"))?;
        self.0.relay.pass(request, (MEMBER, word), &leader, self.0.view.clone()).await
    }
}

async fn answer(State(front): State<Front>, mut request: Request) -> Response {
    let meters = front.handle().meters().clone();
    let word = word(request.headers_mut());
    let here = front.0.here.borrow().clone();
    let own = request.uri().path() == OWN;
    let passed_on = !matches!(word, Word::None);
    let routes = match (here, word) {
        (Some(here), Word::None) => here.of_request(&request),
        (Some(here), Word::Said(word)) => match from_member(&here.handle, &word, &mut request) {
            Ok(()) => here.of_request(&request),
            Err(failure) => return failure.into_response(),
        },
        (_, Word::Unreadable) => return stranger().into_response(),
        (None, Word::None) if own => front.0.aside.of_request(&request),
        (None, _) => {
            let method = request.method().clone();
            let under_way = meters.http.begin();
            let passed = if passed_on { Err(nobody()) } else { front.pass(request).await };
            let answer = passed.into_response();
            let _ = under_way.end(method.as_str(), "passed_on", answer.status().as_u16());
            return answer;
        }
    };
    match TowerToHyperService::new(routes).call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// What a request has of [`MEMBER`].
enum Word {
    None,
    Said(String),
    Unreadable,
}

/// Takes it out of the request.
fn word(headers: &mut HeaderMap) -> Word {
    let mut all = headers.get_all(MEMBER).iter();
    let word = match (all.next(), all.next()) {
        (None, _) => Word::None,
        (Some(word), None) => {
            word.to_str().map_or(Word::Unreadable, |word| Word::Said(word.to_owned()))
        }
        (Some(_), Some(_)) => Word::Unreadable,
    };
    headers.remove(MEMBER);
    word
}

/// Makes a request what it was where it came in.
fn from_member(handle: &Handle, word: &str, request: &mut Request) -> Result<(), Failure> {
    // The socket's callers come in as themselves, and need no other server's word.
    if request.extensions().get::<Caller>().is_none() {
        return Err(stranger());
    }
    match handle.vouched(word).ok_or_else(stranger)? {
        Origin::Network(address) => {
            request.extensions_mut().insert(Caller { address });
        }
        Origin::Socket(login) => {
            request.extensions_mut().remove::<Caller>();
            request.extensions_mut().insert(Peer::vouched(&login));
        }
    }
    Ok(())
}

fn stranger() -> Failure {
    tracing::warn!("access denied: a request says that a member passes it on, and none does");
    Problem::forbidden("the header Fluxnoc-Member is for servers of one database only").into()
}

fn nobody() -> Failure {
    Failure::for_now(Problem::unavailable("no server leads at the moment"), 1)
}

#[cfg(test)]
mod tests;
