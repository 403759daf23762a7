//! Sessions as JSON web tokens (RFC 7519): one algorithm, one issuer, every claim required and
//! typed.
//!
//! A token lives a quarter of an hour and can be renewed for as long as its login counts. It
//! carries the epoch of its user: with another one there, it is worth nothing.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::key::Key;
use crate::model::{Span, Timestamp};

/// How long a token counts.
pub const LIFETIME: Span = Span::from_secs(15 * 60);
/// How long after its login one can be renewed.
pub const SESSION: Span = Span::from_secs(12 * 3600);
/// The issuer of all.
const ISSUER: &str = "fluxnoc";
/// How far another server's clock may be ahead.
const SKEW: i64 = 60;
/// Longest token that is looked at; ours have some 350 bytes.
const LIMIT: usize = 2048;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    /// The user's name.
    pub sub: String,
    /// The user's epoch when it was made.
    pub epoch: u64,
    /// When it was made, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// When the password was shown, in seconds.
    pub auth_time: i64,
}

impl Claims {
    /// The claims of a token that is made now, for a login of `since`.
    #[must_use]
    pub fn new(user: &str, epoch: u64, since: Timestamp, now: Timestamp) -> Self {
        let (iat, auth_time) = (seconds(now), seconds(since));
        let exp = (iat + whole(LIFETIME)).min(auth_time + whole(SESSION));
        Self { iss: ISSUER.to_owned(), sub: user.to_owned(), epoch, iat, exp, auth_time }
    }

    /// When the password was shown.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        Timestamp::from_millis(self.auth_time.saturating_mul(1000))
    }

    /// The seconds for which it counts.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.exp - self.iat).unwrap_or(0)
    }

    fn count(&self, now: i64) -> bool {
        let length = self.exp.checked_sub(self.iat);
        let age = now.checked_sub(self.auth_time);
        length.is_some_and(|length| (1..=whole(LIFETIME)).contains(&length))
            && age.is_some_and(|age| (-SKEW..whole(SESSION)).contains(&age))
            && self.auth_time <= self.iat
            && self.iat <= now.saturating_add(SKEW)
            && now < self.exp
    }
}

const fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

fn whole(span: Span) -> i64 {
    i64::try_from(span.millis() / 1000).unwrap_or(i64::MAX)
}

/// The token of these claims.
///
/// # Errors
/// When the key cannot sign.
pub fn sign(key: &Key, claims: &Claims) -> Result<String, String> {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key.signs)
        .map_err(|error| format!("the session cannot be signed: {error}"))
}

/// What a token says that counts at this moment; `None` for every other text.
#[must_use]
pub fn read(key: &Key, text: &str, now: Timestamp) -> Option<Claims> {
    if text.len() > LIMIT {
        return None;
    }
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_issuer(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "iss", "sub"]);
    // The times are judged by the caller's clock, below.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(text, &key.reads, &rules).ok()?.claims;
    claims.count(seconds(now)).then_some(claims)
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
