//! How one server of a cluster vouches to another for whose request it passes on: a JSON web token
//! of the key that all of them share, of a minute.
//!
//! Its issuer is another than that of sessions, and its claims are others: neither can stand in for
//! the other.

use std::net::SocketAddr;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::model::Timestamp;

/// The issuer of all.
const ISSUER: &str = "fluxnoc-member";
/// How long one counts, in seconds, and how far another server's clock may be off.
const LIFETIME: i64 = 60;
/// Longest text that is looked at; ours have some 250 bytes.
const LIMIT: usize = 1024;

/// Where a request came from that is passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Over the network.
    Network(SocketAddr),
    /// Over the Unix socket of the other server, from this login there.
    Socket(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    /// The server that vouches.
    sub: String,
    iat: i64,
    from: Origin,
}

/// The word of the server `node` for a request.
///
/// # Errors
/// When the key cannot sign.
pub fn vouch(key: &Key, node: &str, from: Origin, now: Timestamp) -> Result<String, String> {
    let iat = now.millis().div_euclid(1000);
    let claims = Claims { iss: ISSUER.to_owned(), sub: node.to_owned(), iat, from };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key.signs)
        .map_err(|error| format!("a request cannot be vouched for: {error}"))
}

/// Where a request came from, when a member vouches for it; `None` for every other text.
#[must_use]
pub fn vouched(key: &Key, text: &str, now: Timestamp) -> Option<Origin> {
    if text.len() > LIMIT {
        return None;
    }
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["iss", "sub"]);
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(text, &key.reads, &rules).ok()?.claims;
    let age = now.millis().div_euclid(1000).checked_sub(claims.iat)?;
    (-LIFETIME..=LIFETIME).contains(&age).then_some(claims.from)
}

#[cfg(test)]
mod tests {
    use super::super::jwt;
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_member_is_believed_for_a_minute_and_nobody_else() {
        let key = Key::random();
        let from = Origin::Network(([192, 0, 2, 1], 4711).into());
        let word = vouch(&key, "noc-1", from.clone(), at(1000)).unwrap();
        assert!(word.len() < LIMIT / 2);
        for (now, believed) in
            [(939, false), (940, true), (1000, true), (1060, true), (1061, false)]
        {
            assert_eq!(vouched(&key, &word, at(now)), believed.then(|| from.clone()), "{now}");
        }
        assert_eq!(vouched(&Key::random(), &word, at(1000)), None);
        let mut changed = word.clone();
        changed.replace_range(word.len() - 2..word.len() - 1, "_");
        assert_ne!(changed, word);
        for text in ["", "a.b.c", &changed, &"x".repeat(5000)] {
            assert_eq!(vouched(&key, text, at(1000)), None, "{text:.40}");
        }
    }

    #[test]
    fn a_session_is_no_word_and_a_word_no_session() {
        let key = Key::random();
        let session = jwt::sign(&key, &jwt::Claims::new("ann", 1, at(1000), at(1000))).unwrap();
        assert_eq!(vouched(&key, &session, at(1000)), None);
        let word = vouch(&key, "ann", Origin::Socket("root".to_owned()), at(1000)).unwrap();
        assert_eq!(jwt::read(&key, &word, at(1000)), None);
    }
}
