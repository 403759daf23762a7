//! Who is asking, and under which request id.
//!
//! The socket lets in its owner and root only; both may do everything. A request may name the
//! operator (`Fluxnoc-Operator`, percent-encoded) and give up rights (`Fluxnoc-Role: viewer`),
//! never gain any.
//!
//! Over the network a request shows a session (`Authorization: Bearer`) or a token
//! (`X-API-Token`, or as a bearer). Everything that does not count gets the same answer: nothing,
//! two of them, another algorithm, one that ended.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use nix::unistd::{Uid, User};

use super::Face;
use super::condition::IfMatch;
use super::problem::Failure;
use crate::clock::Clock;
use crate::engine::{Credential, Identity};
use crate::model::{PlainToken, RequestId, SafeText, Scope, safe_text};
use crate::protocol::{
    Actor, Answer, Command, Outcome, Problem, ProblemKind, Query, Request, Role,
};

/// Columns of an operator's name.
const NAME_WIDTH: usize = 64;

/// The process at the other end of a connection; put into each of its requests.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    login: SafeText,
}

impl Peer {
    /// The peer, if it may come in: this process's own user, or root.
    pub(super) fn admit(uid: u32, own: u32) -> Option<Self> {
        if uid != own && uid != 0 {
            return None;
        }
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let login = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
        Some(Self { login: SafeText::line(&login) })
    }

    /// A peer of another server's socket, for whom that server vouches.
    pub(super) fn vouched(login: &str) -> Self {
        Self { login: SafeText::line(&safe_text::truncate(login, NAME_WIDTH)) }
    }

    /// The login.
    pub(super) fn login(&self) -> &str {
        self.login.as_str()
    }
}

/// The other end of a connection over the network; put into each of its requests by the accept
/// loop, as the process at the other end is for the socket.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Where it comes from.
    pub address: SocketAddr,
}

/// Who asks, and the id of what is asked.
pub(super) struct Asker {
    id: RequestId,
    /// Who.
    pub(super) actor: Actor,
    /// What that rests on, over the network.
    pub(super) identity: Option<Identity>,
}

impl FromRequestParts<Face> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Failure> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Self::from_afar(parts, face, caller.address.ip());
        }
        let Some(peer) = parts.extensions.get::<Peer>() else {
            return Err(Problem::forbidden("it is not known who asks").into());
        };
        let name = operator(&parts.headers)?.unwrap_or_else(|| peer.login.clone());
        let actor = Actor::Local { name, role: role(&parts.headers)? };
        Ok(Self { id: request_id(&parts.headers)?, actor, identity: None })
    }
}

/// From where a request comes: the address, or nothing for the socket.
pub(super) struct Place(pub(super) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Place {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(parts.extensions.get::<Caller>().map(|caller| caller.address.ip())))
    }
}

impl Asker {
    fn from_afar(parts: &Parts, face: &Face, address: IpAddr) -> Result<Self, Failure> {
        // What cannot be shown at all is looked up all the same: it fails as everything else.
        let proof = credential(&parts.headers);
        let method = proof.as_ref().map(|proof| match proof {
            Credential::Token(_) => "token",
            Credential::Session(_) => "session",
        });
        let shown = proof.unwrap_or_else(|| Credential::bearer(""));
        let visitor = face.handle.identify(&shown, Some(address));
        count(face, method, visitor.as_ref().err());
        let visitor = visitor?;
        if let Err(after) = face.handle.admit(&visitor) {
            let problem = Problem::unavailable(format!("too many requests; again in {after}"));
            return Err(Failure::too_often(problem, after.millis().div_ceil(1000)));
        }
        if let Actor::Token { scopes, .. } = &visitor.actor
            && !within(scopes, &parts.method, parts.uri.path())
        {
            return Err(Problem::forbidden("that is not what this token was made for").into());
        }
        let actor = visitor.actor.capped(role(&parts.headers)?);
        Ok(Self { id: request_id(&parts.headers)?, actor, identity: Some(visitor.identity) })
    }
}

/// Counts a proof that was shown, when it could be looked at.
fn count(face: &Face, method: Option<&'static str>, problem: Option<&Problem>) {
    let Some(method) = method else { return };
    match problem.map(|problem| problem.kind) {
        None => face.handle.meters().auth_attempt(method, "success", ""),
        Some(ProblemKind::Unauthenticated) => {
            face.handle.meters().auth_attempt(method, "failure", "invalid_token");
        }
        Some(_) => {}
    }
}

/// The one proof that a request shows.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    let bearers: Vec<&HeaderValue> = headers.get_all("authorization").iter().collect();
    let tokens: Vec<&HeaderValue> = headers.get_all("x-api-token").iter().collect();
    match (&*bearers, &*tokens) {
        ([bearer], []) => {
            let (scheme, text) = bearer.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| Credential::bearer(text))
        }
        ([], [token]) => Some(Credential::Token(PlainToken(token.to_str().ok()?.to_owned()))),
        _ => None,
    }
}

/// Whether a token's scopes reach as far as a request.
fn within(scopes: &[Scope], method: &Method, path: &str) -> bool {
    let looks = method == Method::GET || method == Method::HEAD;
    scopes.iter().any(|scope| match scope {
        Scope::Api => true,
        Scope::Read => looks,
        Scope::Metrics => looks && path == "/metrics",
        Scope::Agent => method == Method::POST && path == "/api/v1/agents/register",
    })
}

impl Asker {
    /// Has a command done in the name of whoever asks.
    pub(super) async fn execute(self, face: &Face, command: Command) -> Result<Outcome, Failure> {
        let request = Request { id: self.id, actor: self.actor, command };
        Ok(face.handle.execute(request).await?)
    }

    /// The same, if what it changes still is as the request says.
    pub(super) async fn execute_if(
        self,
        face: &Face,
        IfMatch(expected): IfMatch,
        command: Command,
    ) -> Result<Outcome, Failure> {
        let request = Request { id: self.id, actor: self.actor, command };
        Ok(match expected {
            Some(expected) => face.handle.execute_if(expected, request).await?,
            None => face.handle.execute(request).await?,
        })
    }

    /// Has a query answered.
    pub(super) async fn query(self, face: &Face, query: Query) -> Result<Answer, Failure> {
        Ok(face.handle.query(self.actor, query).await?)
    }
}

fn operator(headers: &HeaderMap) -> Result<Option<SafeText>, Problem> {
    let Some(value) = headers.get("fluxnoc-operator") else { return Ok(None) };
    let decoded = url::form_urlencoded::parse(value.as_bytes()).next();
    let name = decoded.map(|(name, _)| name.trim().to_owned()).unwrap_or_default();
    if name.is_empty() {
        return Err(Problem::invalid("header Fluxnoc-Operator: the name is empty"));
    }
    Ok(Some(SafeText::line(&safe_text::truncate(&name, NAME_WIDTH))))
}

fn role(headers: &HeaderMap) -> Result<Role, Problem> {
    match headers.get("fluxnoc-role").map(HeaderValue::as_bytes) {
        None | Some(b"admin") => Ok(Role::Admin),
        Some(b"operator") => Ok(Role::Operator),
        Some(b"viewer") => Ok(Role::Viewer),
        Some(_) => Err(Problem::invalid("header Fluxnoc-Role: write viewer, operator or admin")),
    }
}

fn request_id(headers: &HeaderMap) -> Result<RequestId, Problem> {
    match headers.get("idempotency-key") {
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            Problem::invalid("header Idempotency-Key: write a UUID, a new one for each command")
        }),
        None => Ok(RequestId::from_parts(Clock::System.now().wall.millis(), rand::random())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_and_root_come_in() {
        assert!(Peer::admit(1000, 1000).is_some());
        assert!(Peer::admit(0, 1000).is_some());
        assert!(Peer::admit(1001, 1000).is_none());
        assert!(Peer::admit(1001, 0).is_none());
    }

    #[test]
    fn fs_38_one_proof_is_shown_and_no_more() {
        let shown = |all: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in all {
                headers.append(*name, HeaderValue::from_static(value));
            }
            credential(&headers)
        };
        assert_eq!(shown(&[("authorization", "Bearer a.b.c")]), Some(Credential::bearer("a.b.c")));
        assert!(shown(&[("authorization", "bearer a.b.c")]).is_some(), "RFC 9110, 11.1");
        let token = Credential::Token(PlainToken("x".to_owned()));
        assert_eq!(shown(&[("x-api-token", "x")]), Some(token));
        let none: [&[(&str, &str)]; 7] = [
            &[],
            &[("authorization", "Basic YTpi")],
            &[("authorization", "a.b.c")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer a")],
            &[("x-api-token", "x"), ("x-api-token", "x")],
            &[("authorization", "Bearer a"), ("x-api-token", "x")],
            &[("cookie", "token=x")],
        ];
        for headers in none {
            assert_eq!(shown(headers), None, "{headers:?}");
        }
    }

    #[test]
    fn fs_38_a_token_reaches_as_far_as_its_scopes() {
        let (get, post, metrics) = (Method::GET, Method::POST, "/metrics");
        let cases: [(&[Scope], &Method, &str, bool); 9] = [
            (&[Scope::Api], &post, "/api/v1/reload", true),
            (&[Scope::Api], &get, metrics, true),
            (&[Scope::Read], &get, "/api/v1/hosts", true),
            (&[Scope::Read], &get, metrics, true),
            (&[Scope::Read], &post, "/api/v1/hosts", false),
            (&[Scope::Metrics], &get, metrics, true),
            (&[Scope::Metrics], &get, "/api/v1/hosts", false),
            (&[Scope::Metrics], &post, metrics, false),
            (&[], &get, metrics, false),
        ];
        for (scopes, method, path, fine) in cases {
            assert_eq!(within(scopes, method, path), fine, "{scopes:?} {method} {path}");
        }
    }

    #[test]
    fn a_header_lowers_the_role_and_names_the_operator() {
        let headers = |name: &'static str, value: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            headers
        };
        assert_eq!(role(&HeaderMap::new()), Ok(Role::Admin));
        assert_eq!(role(&headers("fluxnoc-role", b"viewer")), Ok(Role::Viewer));
        assert!(role(&headers("fluxnoc-role", b"root")).is_err());
        let name = operator(&headers("fluxnoc-operator", b"Zo%C3%AB%1B[2J")).unwrap().unwrap();
        assert!(name.as_str().starts_with("Zoë") && !name.as_str().contains('\u{1b}'));
        assert!(operator(&headers("fluxnoc-operator", b"%20")).is_err());
        assert!(
            operator(&headers("fluxnoc-operator", &[b'x'; 5000])).unwrap().unwrap().width() <= 64
        );
        assert!(request_id(&headers("idempotency-key", b"7")).is_err());
    }
}
