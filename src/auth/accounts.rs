//! The accounts at one moment, and who a proof belongs to: a look-up that changes nothing but the
//! time of a token's last use.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::jwt::{self, Claims, SESSION};
use super::key::Key;
use super::token;
use crate::model::account::folded;
use crate::model::{
    KeptAgent, KeptToken, KeptUser, Name, PlainToken, Role, Scope, Timestamp, Token, TokenHash,
    User,
};

/// What somebody shows to prove who they are.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A session.
    Session(String),
    /// A token.
    Token(PlainToken),
}

impl Credential {
    /// What stands after `Bearer`: a session, or a token for clients that know no other header.
    #[must_use]
    pub fn bearer(text: &str) -> Self {
        match token::of_text(text) {
            Some(_) => Self::Token(PlainToken(text.to_owned())),
            None => Self::Session(text.to_owned()),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session(_) => "Credential::Session",
            Self::Token(_) => "Credential::Token",
        })
    }
}

/// What a proof rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// A login.
    Login {
        /// The user's epoch.
        epoch: u64,
        /// When the password was shown.
        since: Timestamp,
    },
    /// A token.
    Token {
        /// Which.
        hash: TokenHash,
        /// What it may be used for.
        scopes: Vec<Scope>,
    },
    /// The key of an agent.
    Agent {
        /// Which.
        hash: TokenHash,
    },
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name of the user or token.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// Why.
    pub session: Session,
}

#[derive(Debug)]
struct Entry {
    kept: KeptToken,
    /// Milliseconds; 0 is never.
    used: AtomicI64,
}

/// All accounts at one moment.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    users: HashMap<String, Arc<KeptUser>>,
    tokens: HashMap<TokenHash, Arc<Entry>>,
    agents: HashMap<TokenHash, Name>,
}

impl Accounts {
    /// These.
    #[must_use]
    pub fn new(users: Vec<KeptUser>, tokens: Vec<KeptToken>) -> Self {
        let mut all = Self::default();
        for user in users {
            all.put_user(user);
        }
        for token in tokens {
            all.put_token(token);
        }
        all
    }

    /// The same, and these agents.
    #[must_use]
    pub fn with_agents<'a>(mut self, agents: impl IntoIterator<Item = &'a KeptAgent>) -> Self {
        for agent in agents {
            self.put_agent(&agent.name, agent.hash);
        }
        self
    }

    /// Lets an agent in by this key, and by no other.
    pub fn put_agent(&mut self, name: &Name, hash: TokenHash) {
        self.remove_agent(name);
        self.agents.insert(hash, Name::clone(name));
    }

    /// Lets an agent not in any more.
    pub fn remove_agent(&mut self, name: &str) {
        let name = folded(name);
        self.agents.retain(|_, known| folded(known) != name);
    }

    /// True when there is an agent of that name.
    #[must_use]
    pub fn has_agent(&self, name: &str) -> bool {
        self.agents.values().any(|known| **known == *name)
    }

    /// The user of that name, however it is written.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&KeptUser> {
        self.users.get(&folded(name)).map(Arc::as_ref)
    }

    /// The token of that name.
    #[must_use]
    pub fn token(&self, name: &str) -> Option<&KeptToken> {
        let name = folded(name);
        self.tokens.values().map(|entry| &entry.kept).find(|kept| folded(&kept.token.name) == name)
    }

    /// All users by name.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        let mut all: Vec<User> = self.users.values().map(|kept| kept.user.clone()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// All tokens by name.
    #[must_use]
    pub fn tokens(&self) -> Vec<Token> {
        let shown = self
            .tokens
            .values()
            .map(|entry| Token { last_used: last_used(entry), ..entry.kept.token.clone() });
        let mut all: Vec<Token> = shown.collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// True when nobody else is Admin.
    #[must_use]
    pub fn is_last_admin(&self, name: &str) -> bool {
        let admin = |user: &KeptUser| user.user.role == Role::Admin;
        let others = self.users.iter().filter(|(key, _)| **key != folded(name));
        self.user(name).is_some_and(admin) && !others.into_iter().any(|(_, user)| admin(user))
    }

    /// Adds or changes a user.
    pub fn put_user(&mut self, user: KeptUser) {
        self.users.insert(folded(&user.user.name), Arc::new(user));
    }

    /// Removes a user.
    pub fn remove_user(&mut self, name: &str) {
        self.users.remove(&folded(name));
    }

    /// Adds a token.
    pub fn put_token(&mut self, kept: KeptToken) {
        let used = AtomicI64::new(kept.token.last_used.map_or(0, Timestamp::millis));
        self.tokens.insert(kept.hash, Arc::new(Entry { kept, used }));
    }

    /// Removes a token.
    pub fn remove_token(&mut self, name: &str) {
        let name = folded(name);
        self.tokens.retain(|_, entry| folded(&entry.kept.token.name) != name);
    }

    /// The store knows now how often a token may still be used.
    pub fn stored_uses(&mut self, name: &str, left: u32) {
        if let Some(kept) = self.token(name).cloned() {
            let mut kept = kept;
            kept.token.uses = Some(left);
            self.put_token(kept);
        }
    }

    /// Tokens that were used later than the store knows.
    #[must_use]
    pub fn used_since_stored(&self) -> Vec<(Name, Timestamp)> {
        let used = self.tokens.values().filter_map(|entry| {
            let used = last_used(entry)?;
            let token = &entry.kept.token;
            (Some(used) > token.last_used).then(|| (token.name.clone(), used))
        });
        used.collect()
    }

    /// The store knows now when a token was last used.
    pub fn stored_use(&mut self, name: &str, at: Timestamp) {
        let name = folded(name);
        let known = self.tokens.iter().find(|(_, e)| folded(&e.kept.token.name) == name);
        let Some((hash, entry)) = known.map(|(hash, entry)| (*hash, Arc::clone(entry))) else {
            return;
        };
        let mut kept = entry.kept.clone();
        kept.token.last_used = Some(at);
        let used = AtomicI64::new(entry.used.load(Ordering::Relaxed).max(at.millis()));
        self.tokens.insert(hash, Arc::new(Entry { kept, used }));
    }

    /// Who shows this; `None` when it proves nothing.
    #[must_use]
    pub fn identify(&self, shown: &Credential, key: &Key, now: Timestamp) -> Option<Identity> {
        match shown {
            Credential::Session(text) => {
                let claims = jwt::read(key, text, now)?;
                self.of_claims(&claims)
            }
            Credential::Token(PlainToken(text)) => {
                let hash = token::of_text(text)?;
                if let Some(name) = self.agents.get(&hash) {
                    let (name, role) = (Name::clone(name), Role::Viewer);
                    return Some(Identity { name, role, session: Session::Agent { hash } });
                }
                let entry = self.tokens.get(&hash)?;
                // The table found it by a hash of the hash; that it is the same is asked without
                // saying how much of it is.
                let same = aws_lc_rs::constant_time::verify_slices_are_equal;
                same(&entry.kept.hash.0, &hash.0).ok()?;
                let token = &entry.kept.token;
                if token.expires.is_some_and(|end| end <= now) {
                    return None;
                }
                entry.used.fetch_max(now.millis(), Ordering::Relaxed);
                Some(Identity {
                    name: token.name.clone(),
                    role: token.role,
                    session: Session::Token { hash, scopes: token.scopes.clone() },
                })
            }
        }
    }

    /// The session of claims that were signed here.
    fn of_claims(&self, claims: &Claims) -> Option<Identity> {
        let kept = self.user(&claims.sub).filter(|kept| kept.epoch == claims.epoch)?;
        Some(Identity {
            name: kept.user.name.clone(),
            role: kept.user.role,
            session: Session::Login { epoch: kept.epoch, since: claims.since() },
        })
    }

    /// Until when an identity counts by itself; `None` when it does not any more, whatever the
    /// time.
    #[must_use]
    pub fn counts_until(&self, who: &Identity) -> Option<Timestamp> {
        match &who.session {
            Session::Login { epoch, since } => {
                let kept = self.user(&who.name)?;
                (kept.epoch == *epoch && kept.user.role == who.role).then(|| *since + SESSION)
            }
            Session::Token { hash, .. } => {
                let token = &self.tokens.get(hash)?.kept.token;
                Some(token.expires.unwrap_or(Timestamp::from_millis(i64::MAX)))
            }
            Session::Agent { hash } => {
                self.agents.contains_key(hash).then_some(Timestamp::from_millis(i64::MAX))
            }
        }
    }
}

fn last_used(entry: &Entry) -> Option<Timestamp> {
    let used = entry.used.load(Ordering::Relaxed);
    (used != 0).then(|| Timestamp::from_millis(used / 60_000 * 60_000))
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
