//! The engine's gate for the network: who a proof belongs to, logins, and when a session ends.
//!
//! A look-up needs no turn of the engine: the accounts are a snapshot that the engine replaces
//! after each commit that changed them. Passwords are verified on threads of their own, two at a
//! time, and no more than a few wait for them.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::handle::Handle;
use crate::auth::{self, Accounts, Claims, Key, Limiter, Pace, Refused, Session};
pub use crate::auth::{Credential, Identity};
use crate::clock::Clock;
use crate::model::account::folded;
use crate::model::{KeptAgent, KeptUser, Password, PasswordHash, Role, SafeText, Span};
use crate::protocol::{Actor, Expected, Outcome, Problem, Request};
use crate::store::{Store, StoreError};

/// Passwords that are worked on at a time; each takes a core and 19 MiB.
const AT_ONCE: usize = 2;
/// Passwords that may wait for that; beyond, whoever shows one is told to come again.
const WAITING: usize = 64;
/// Things that may wait to be told to the engine.
const WORDS: usize = 256;

/// What the gate has for the engine.
#[derive(Debug)]
pub(super) enum Word {
    /// The hash that a request needed, or why there is none.
    Hashed(Box<Hashing>, Result<PasswordHash, Problem>),
    /// That somebody tried to log in.
    Login(Login),
}

/// A request that goes on with the hash of a password.
#[derive(Debug)]
pub(super) struct Hashing {
    /// The request.
    pub request: Request,
    /// In which state what it changes must be when it goes on.
    pub expected: Option<Expected>,
    /// Where it is answered.
    pub reply: oneshot::Sender<Result<Outcome, Problem>>,
}

/// A login, for the history.
#[derive(Debug)]
pub(super) struct Login {
    /// The user; `None` when there is none of the name that was given, which may have been a
    /// password in the wrong field.
    pub user: Option<SafeText>,
    /// From where.
    pub address: Option<SafeText>,
    /// What came of it.
    pub end: LoginEnd,
}

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginEnd {
    /// The password was right.
    In,
    /// It was wrong, or there is no such user.
    Wrong,
    /// Too many were wrong; said once for each time.
    Closed,
}

/// A session that was opened or renewed.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The token of the session.
    pub token: String,
    /// The seconds for which it counts.
    pub expires_in: u64,
    /// What its user may do.
    pub role: Role,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("role", &self.role).finish_non_exhaustive()
    }
}

/// Why nobody was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// It is not said whether name or password was wrong.
    Wrong,
    /// Too many tries; after so long the next one counts.
    TooMany(Span),
    /// Not now.
    Problem(Problem),
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// As whom they ask.
    pub actor: Actor,
    /// What that rests on.
    pub identity: Identity,
}

/// Who has an account, as the store knows it; `agents` are those that it knows.
///
/// # Errors
/// The store's.
pub(super) async fn accounts(store: &Store, agents: &[KeptAgent]) -> Result<Accounts, StoreError> {
    let (users, tokens) = (store.users().await?, store.tokens().await?);
    Ok(Accounts::new(users, tokens).with_agents(agents))
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    /// The accounts; `None` until the store was read.
    accounts: watch::Sender<Option<Arc<Accounts>>>,
    clock: OnceLock<Clock>,
    /// Where the key of sessions is kept; without it the key is forgotten with the process.
    place: Option<PathBuf>,
    key: OnceLock<Result<Arc<Key>, Problem>>,
    limiter: Mutex<Limiter>,
    pace: Mutex<Pace>,
    hashing: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    words: mpsc::Sender<Word>,
}

impl Gate {
    pub(super) fn new(place: Option<PathBuf>) -> (Arc<Self>, mpsc::Receiver<Word>) {
        let (words, spoken) = mpsc::channel(WORDS);
        let gate = Self {
            accounts: watch::Sender::new(None),
            clock: OnceLock::new(),
            place,
            key: OnceLock::new(),
            limiter: Mutex::default(),
            pace: Mutex::default(),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            words,
        };
        (Arc::new(gate), spoken)
    }

    /// Opens it, with the accounts that the store has.
    pub(super) fn open(&self, accounts: Accounts, clock: Clock) {
        let _ = self.clock.set(clock);
        self.accounts.send_replace(Some(Arc::new(accounts)));
    }

    /// The accounts as they are; none before the store was read.
    pub(super) fn accounts(&self) -> Arc<Accounts> {
        self.accounts.borrow().clone().unwrap_or_default()
    }

    /// The accounts from now on.
    pub(super) fn replace(&self, accounts: Accounts) {
        self.accounts.send_replace(Some(Arc::new(accounts)));
    }

    fn clock(&self) -> &Clock {
        self.clock.get_or_init(|| Clock::System)
    }

    fn key(&self) -> Result<&Key, Problem> {
        let key = self.key.get_or_init(|| match &self.place {
            Some(dir) => {
                let key = Key::open(dir).map(Arc::new);
                key.map_err(|error| Problem::unavailable(error.to_string()))
            }
            None => Ok(Arc::new(Key::random())),
        });
        key.as_ref().map(AsRef::as_ref).map_err(Clone::clone)
    }

    /// The gate of one of several servers, which share their key.
    pub(super) fn sharing(key: Arc<Key>) -> (Arc<Self>, mpsc::Receiver<Word>) {
        let (gate, words) = Self::new(None);
        let _ = gate.key.set(Ok(key));
        (gate, words)
    }

    /// The key and the moment, for what members say to each other.
    pub(super) fn member(&self) -> Result<(&Key, crate::model::Timestamp), Problem> {
        Ok((self.key()?, self.clock().now().wall))
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses who has lost meanwhile what they came in with.
    pub(super) fn still(&self, actor: &Actor) -> Result<(), Problem> {
        let accounts = self.accounts.borrow();
        let known = |role: Option<Role>| {
            let same = role.is_some_and(|role| role >= actor.role());
            if same { Ok(()) } else { Err(nobody()) }
        };
        match (actor, accounts.as_deref()) {
            (Actor::User { name, .. }, Some(all)) => {
                known(all.user(name.as_str()).map(|kept| kept.user.role))
            }
            (Actor::Token { name, .. }, Some(all)) => {
                known(all.token(name.as_str()).map(|kept| kept.token.role))
            }
            (Actor::Agent { name, .. }, Some(all)) => {
                if all.has_agent(name) {
                    Ok(())
                } else {
                    Err(nobody())
                }
            }
            (Actor::User { .. } | Actor::Token { .. } | Actor::Agent { .. }, None) => Err(nobody()),
            (Actor::Local { .. } | Actor::Worker | Actor::Engine, _) => Ok(()),
        }
    }

    /// Hashes a password beside everything else, and has the request go on with it. With `old`,
    /// that must be the user's present one.
    pub(super) fn hash(
        self: &Arc<Self>,
        hashing: Hashing,
        old: Option<(KeptUser, Password)>,
        new: Password,
    ) {
        if let Err(why) = auth::valid(&new) {
            let _ = hashing.reply.send(Err(Problem::invalid(why)));
            return;
        }
        let gate = Arc::clone(self);
        tokio::spawn(async move {
            let hashed = gate.hashed(old, new).await;
            // The engine is there as long as its gate; when it stops, nobody is answered.
            let _ = gate.words.send(Word::Hashed(Box::new(hashing), hashed)).await;
        });
    }

    async fn hashed(
        &self,
        old: Option<(KeptUser, Password)>,
        new: Password,
    ) -> Result<PasswordHash, Problem> {
        let ticket = match &old {
            Some((kept, _)) => {
                let name = folded(&kept.user.name);
                let begun = self.limiter().begin(&name, None, self.clock().now().steady);
                Some(begun.map_err(|refused| too_many(refused.after))?)
            }
            None => None,
        };
        let work = move || {
            if let Some((kept, password)) = old
                && !auth::verify(&password, Some(&kept.password))
            {
                return Err(Problem::forbidden("the present password is another one"));
            }
            auth::hash(&new).map_err(Problem::internal)
        };
        let hashed = self.beside(work).await?;
        if let (Some(ticket), Ok(_)) = (&ticket, &hashed) {
            self.limiter().succeeded(ticket);
        }
        hashed
    }

    /// Has work on a password done on a thread of its own, when there is room.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = |_| Problem::unavailable("too many passwords are worked on; try again");
        let waits = self.waiting.try_acquire().map_err(busy)?;
        let turn = Arc::clone(&self.hashing).acquire_owned().await;
        drop(waits);
        // Whoever asked may go away: the thread gives the turn back when it is done.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| Problem::internal(format!("a password failed inside: {error}")))
    }

    fn sign(&self, claims: &Claims, role: Role) -> Result<Opened, Problem> {
        let token = auth::sign(self.key()?, claims).map_err(Problem::internal)?;
        Ok(Opened { token, expires_in: claims.seconds(), role })
    }
}

/// Nothing that counts was shown; what exactly is wrong is nobody's business.
fn nobody() -> Problem {
    Problem::unauthenticated("log in, or show a token that counts")
}

fn starting() -> Problem {
    Problem::unavailable("the engine is still starting")
}

fn too_many(after: Span) -> Problem {
    Problem::unavailable(format!("too many wrong passwords; try again in {after}"))
}

impl Handle {
    /// Makes the key of sessions, or reads it; without this it is done for the first session.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be made, or others can read it.
    pub fn prepare_sessions(&self) -> Result<(), Problem> {
        self.gate.key().map(drop)
    }

    /// Opens a session for a name and a password.
    ///
    /// # Errors
    /// When they are wrong, or too many were; it is not told apart whether there is such a user.
    pub async fn login(
        &self,
        name: &str,
        password: Password,
        address: Option<IpAddr>,
    ) -> Result<Opened, NotOpened> {
        let gate = &self.gate;
        let now = gate.clock().now();
        let accounts = gate.accounts.borrow().clone();
        let accounts = accounts.ok_or_else(|| NotOpened::Problem(starting()))?;
        let kept = accounts.user(name).cloned();
        let said = |end| Login {
            user: kept.as_ref().map(|kept| SafeText::line(&kept.user.name)),
            address: address.map(shown),
            end,
        };
        let begun = gate.limiter().begin(&folded(name), address, now.steady);
        let ticket = match begun {
            Ok(ticket) => ticket,
            Err(Refused { after, first }) => {
                if first {
                    let _ = gate.words.try_send(Word::Login(said(LoginEnd::Closed)));
                }
                let who = address.map_or_else(|| folded(name), |address| address.to_string());
                self.meters().rate_limit_hit("auth_login", &who);
                self.meters().auth_attempt("password", "failure", "account_locked");
                return Err(NotOpened::TooMany(after));
            }
        };
        let hash = kept.as_ref().map(|kept| kept.password.clone());
        let verified = gate.beside(move || auth::verify(&password, hash.as_ref())).await;
        let right = match verified {
            Ok(right) => right,
            Err(problem) => {
                gate.limiter().withdrawn(&ticket);
                return Err(NotOpened::Problem(problem));
            }
        };
        let Some(kept) = kept.as_ref().filter(|_| right) else {
            let _ = gate.words.try_send(Word::Login(said(LoginEnd::Wrong)));
            // Not which of both: whoever may see the meters could find out who has an account.
            self.meters().auth_attempt("password", "failure", "invalid_credentials");
            return Err(NotOpened::Wrong);
        };
        gate.limiter().succeeded(&ticket);
        // The time at which it was begun: a slow machine gives no longer sessions.
        let claims = Claims::new(&kept.user.name, kept.epoch, now.wall, now.wall);
        let opened = gate.sign(&claims, kept.user.role).map_err(NotOpened::Problem)?;
        let _ = gate.words.send(Word::Login(said(LoginEnd::In))).await;
        self.meters().auth_attempt("password", "success", "");
        Ok(opened)
    }

    /// Who shows this. It asks nobody and waits for nothing.
    ///
    /// # Errors
    /// `Unauthenticated`, the same for everything that does not count; `Unavailable` while the
    /// engine starts.
    pub fn identify(
        &self,
        shown: &Credential,
        address: Option<IpAddr>,
    ) -> Result<Visitor, Problem> {
        let gate = &self.gate;
        let accounts = gate.accounts.borrow().clone().ok_or_else(starting)?;
        let now = gate.clock().now().wall;
        let identity = accounts.identify(shown, gate.key()?, now).ok_or_else(nobody)?;
        let (name, role) = (SafeText::line(&identity.name), identity.role);
        let address = address.map(self::shown);
        let actor = match &identity.session {
            Session::Login { .. } => Actor::User { name, role, address },
            Session::Token { scopes, .. } => {
                Actor::Token { name, role, scopes: scopes.clone(), address }
            }
            Session::Agent { .. } => Actor::Agent { name: identity.name.clone(), address },
        };
        Ok(Visitor { actor, identity })
    }

    /// Takes one of the requests that a visitor may make from there.
    ///
    /// # Errors
    /// The time after which the next one may be made.
    pub fn admit(&self, visitor: &Visitor) -> Result<(), Span> {
        let (Actor::User { name, address, .. } | Actor::Token { name, address, .. }) =
            &visitor.actor
        else {
            return Ok(());
        };
        let place = address.as_ref().map_or("", SafeText::as_str);
        let kind = if matches!(visitor.actor, Actor::User { .. }) { "user" } else { "token" };
        let now = self.gate.clock().now().steady;
        let mut pace = self.gate.pace.lock().unwrap_or_else(PoisonError::into_inner);
        let admitted = pace.take(&format!("{kind} {name} {place}"), now);
        if admitted.is_err() {
            self.meters().rate_limit_hit("api", place);
        }
        admitted
    }

    /// A session that goes on for another while, with the same login.
    ///
    /// # Errors
    /// `Unauthenticated` when it is over, `Forbidden` for a token.
    pub fn renew(&self, identity: &Identity) -> Result<Opened, Problem> {
        let now = self.gate.clock().now().wall;
        let Session::Login { epoch, since } = identity.session else {
            return Err(Problem::forbidden("a token is not renewed; make another one"));
        };
        let until = self.gate.accounts().counts_until(identity);
        if until.is_none_or(|until| until <= now) {
            return Err(nobody());
        }
        self.gate.sign(&Claims::new(&identity.name, epoch, since, now), identity.role)
    }

    /// Waits until an identity does not count any more: its session ended, its user or token was
    /// changed or removed, or its time is over.
    pub fn ended(&self, identity: Identity) -> impl Future<Output = ()> + Send + use<> {
        let gate = Arc::clone(&self.gate);
        let mut changes = gate.accounts.subscribe();
        async move {
            loop {
                let until = gate.accounts().counts_until(&identity);
                let now = gate.clock().now().wall;
                let Some(until) = until.filter(|until| *until > now) else { return };
                // A day at most: a clock that is put forward is noticed then.
                let rest = until.since(now).min(Span::from_secs(86_400));
                tokio::select! {
                    changed = changes.changed() => if changed.is_err() { return },
                    () = gate.clock().sleep(rest) => {}
                }
            }
        }
    }
}

fn shown(address: IpAddr) -> SafeText {
    SafeText::line(&address.to_canonical().to_string())
}
