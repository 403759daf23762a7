//! Who is asking, and under which request id.
//!
//! The socket lets in its owner and root only; both may do everything. A request may name the
//! operator (`Fluxnoc-Operator`, percent-encoded) and give up rights (`Fluxnoc-Role: viewer`),
//! never gain any.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use nix::unistd::{Uid, User};

use super::Face;
use super::problem::Failure;
use crate::clock::Clock;
use crate::model::{RequestId, SafeText, safe_text};
use crate::protocol::{Actor, Answer, Command, Outcome, Problem, Query, Request, Role};

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
}

/// Who is at the other end of a connection from the network; put into each of its requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Their address and port.
    pub(super) address: std::net::SocketAddr,
    /// Whether it came by TLS.
    pub(super) secure: bool,
}

/// Who asks, and the id of what is asked.
pub(super) struct Asker {
    id: RequestId,
    /// Who.
    pub(super) actor: Actor,
}

impl FromRequestParts<Face> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Failure> {
        let Some(peer) = parts.extensions.get::<Peer>() else {
            return Err(Problem::forbidden("it is not known who asks").into());
        };
        let name = operator(&parts.headers)?.unwrap_or_else(|| peer.login.clone());
        let actor = Actor::Local { name, role: role(&parts.headers)? };
        Ok(Self { id: request_id(&parts.headers)?, actor })
    }
}

impl Asker {
    /// Has a command done in the name of whoever asks.
    pub(super) async fn execute(self, face: &Face, command: Command) -> Result<Outcome, Failure> {
        let request = Request { id: self.id, actor: self.actor, command };
        Ok(face.handle.execute(request).await?)
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
