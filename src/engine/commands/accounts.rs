//! Users and tokens: added, changed, removed. Passwords come here as hashes.

use serde_json::{Value, json};

use super::super::batch::AccountChange;
use super::super::core::Core;
use super::super::gate::Hashing;
use super::agents::token_for;
use super::done;
use crate::auth;
use crate::model::account::valid_account;
use crate::model::{KeptToken, KeptUser, Name, PasswordHash, Role, SafeText, Scope, Token, User};
use crate::protocol::{Actor, Command, Expected, Outcome, Problem, Request};

/// Most users, and most tokens.
const ACCOUNTS: usize = 1000;

/// A number that no session has: a user who is removed and added again gets none of the old ones
/// back, whatever the clock says.
fn fresh_epoch() -> u64 {
    // 53 bits: a reader of JSON that knows only floating point reads it whole.
    rand::random::<u64>() >> 11
}

impl Core {
    /// Sends a request with a password to be hashed; gives back what needs none.
    pub(super) fn hash_first(
        &self,
        request: Request,
        expected: Option<Expected>,
        reply: super::Reply,
    ) -> Option<(Request, super::Reply)> {
        let (old, new) = match &request.command {
            Command::AddUser { password, .. }
            | Command::EditUser { password: Some(password), .. } => (None, password.clone()),
            Command::ChangePassword { old, new } => {
                let accounts = self.gate.accounts();
                let Some(kept) = accounts.user(request.actor.name().as_str()).cloned() else {
                    return Some((request, reply));
                };
                (Some((kept, old.clone())), new.clone())
            }
            _ => return Some((request, reply)),
        };
        self.gate.hash(Hashing { request, expected, reply }, old, new);
        None
    }

    /// Does what is asked of users and tokens.
    pub(super) fn accounts(
        &mut self,
        request: &Request,
        hash: Option<PasswordHash>,
    ) -> Result<Outcome, Problem> {
        match &request.command {
            Command::AddUser { name, role, .. } => self.add_user(request, name, *role, hash),
            Command::EditUser { name, role, .. } => self.edit_user(request, name, *role, hash),
            Command::RemoveUser { name } => self.remove_user(request, name),
            Command::ChangePassword { .. } => self.change_password(request, hash),
            Command::Logout => self.logout(request),
            Command::AddToken { .. } => self.add_token(request),
            Command::RevokeToken { name } => self.revoke_token(name),
            _ => Err(Problem::internal("that is nothing about accounts")),
        }
    }

    fn add_user(
        &mut self,
        request: &Request,
        name: &Name,
        role: Role,
        password: Option<PasswordHash>,
    ) -> Result<Outcome, Problem> {
        named(name)?;
        let accounts = self.gate.accounts();
        if let Some(known) = accounts.user(name) {
            return Err(Problem::conflict(format!("there is a user `{}`", known.user.name)));
        }
        room(accounts.users().len(), "users")?;
        let now = self.clock.now().wall;
        let user = User {
            name: name.clone(),
            role,
            created: now,
            created_by: request.actor.name(),
            changed: now,
        };
        let kept = KeptUser { user, password: hashed(password)?, epoch: fresh_epoch() };
        Ok(self.stage_user(None, kept, true))
    }

    fn edit_user(
        &mut self,
        request: &Request,
        name: &Name,
        role: Option<Role>,
        password: Option<PasswordHash>,
    ) -> Result<Outcome, Problem> {
        let before = self.known_user(name)?;
        if role.is_none() && password.is_none() {
            return Err(Problem::invalid("say what changes: `role` or `password`"));
        }
        let is_new = password.is_some();
        let role = role.unwrap_or(before.user.role);
        if role < Role::Admin {
            self.not_the_last_admin(request, name)?;
        }
        let user = User { role, changed: self.clock.now().wall, ..before.user.clone() };
        let password = password.unwrap_or_else(|| before.password.clone());
        let kept = KeptUser { user, password, epoch: fresh_epoch() };
        Ok(self.stage_user(Some(&before), kept, is_new))
    }

    fn remove_user(&mut self, request: &Request, name: &Name) -> Result<Outcome, Problem> {
        let before = self.known_user(name)?;
        self.not_the_last_admin(request, name)?;
        self.before.change = Some(json!({ "before": shown(&before.user, false), "after": null }));
        self.batch.accounts.push(AccountChange::RemoveUser(before.user.name));
        Ok(done(1))
    }

    fn change_password(
        &mut self,
        request: &Request,
        password: Option<PasswordHash>,
    ) -> Result<Outcome, Problem> {
        let before = self.known_user(request.actor.name().as_str())?;
        let user = User { changed: self.clock.now().wall, ..before.user.clone() };
        let kept = KeptUser { user, password: hashed(password)?, epoch: fresh_epoch() };
        Ok(self.stage_user(Some(&before), kept, true))
    }

    fn logout(&mut self, request: &Request) -> Result<Outcome, Problem> {
        let before = self.known_user(request.actor.name().as_str())?;
        let kept = KeptUser { epoch: fresh_epoch(), ..before };
        self.batch.accounts.push(AccountChange::PutUser(kept));
        Ok(done(1))
    }

    fn add_token(&mut self, request: &Request) -> Result<Outcome, Problem> {
        let Command::AddToken { name, role, scopes, expires, agent, uses } = &request.command
        else {
            return Err(Problem::internal("that makes no token"));
        };
        named(name)?;
        token_for(agent.as_ref(), *uses)?;
        let accounts = self.gate.accounts();
        if let Some(known) = accounts.token(name) {
            let name = &known.token.name;
            return Err(Problem::conflict(format!("there is a token `{name}`; revoke it first")));
        }
        room(accounts.tokens().len(), "tokens")?;
        let now = self.clock.now().wall;
        if expires.is_some_and(|end| end <= now) {
            return Err(Problem::invalid("`expires` is in the past"));
        }
        let token = Token {
            name: name.clone(),
            // It lets an agent in, and nothing else.
            role: if agent.is_some() { Role::Viewer } else { *role },
            scopes: scopes_of(scopes, agent.is_some())?,
            created: now,
            created_by: request.actor.name(),
            expires: *expires,
            last_used: None,
            agent: agent.clone(),
            uses: *uses,
        };
        let (plain, hash) = auth::mint();
        self.before.change = Some(json!({ "before": null, "after": token }));
        self.batch.accounts.push(AccountChange::AddToken(KeptToken { token: token.clone(), hash }));
        Ok(Outcome::Token { token, plain: Some(plain) })
    }

    fn revoke_token(&mut self, name: &Name) -> Result<Outcome, Problem> {
        let accounts = self.gate.accounts();
        let Some(kept) = accounts.token(name) else {
            return Err(Problem::not_found(format!(
                "there is no token `{}`",
                SafeText::line(name)
            )));
        };
        self.before.change = Some(json!({ "before": kept.token, "after": null }));
        self.batch.accounts.push(AccountChange::RemoveToken(kept.token.name.clone()));
        Ok(done(1))
    }

    /// Has the uses of tokens written that are later than the store knows.
    pub(in crate::engine) fn note_token_uses(&mut self) {
        if self.storage_down || !self.batch.accounts.is_empty() {
            return;
        }
        let used = self.gate.accounts().used_since_stored();
        if used.is_empty() {
            return;
        }
        self.touch(false);
        let used = used.into_iter().map(|(name, at)| AccountChange::TokenUsed(name, at));
        self.batch.accounts.extend(used);
    }

    /// Makes committed changes of accounts true: from then on nobody comes in by what was before.
    pub(in crate::engine) fn settle_accounts(&self, changes: Vec<AccountChange>) {
        if changes.is_empty() {
            return;
        }
        let mut all = auth::Accounts::clone(&self.gate.accounts());
        for change in changes {
            match change {
                AccountChange::PutUser(kept) => all.put_user(kept),
                AccountChange::RemoveUser(name) => all.remove_user(&name),
                AccountChange::AddToken(kept) => all.put_token(kept),
                AccountChange::RemoveToken(name) => all.remove_token(&name),
                AccountChange::TokenUsed(name, at) => all.stored_use(&name, at),
                AccountChange::TokenUses(name, left) => all.stored_uses(&name, left),
            }
        }
        self.gate.replace(all);
    }

    fn stage_user(&mut self, before: Option<&KeptUser>, kept: KeptUser, is_new: bool) -> Outcome {
        self.before.change = Some(json!({
            "before": before.map(|before| shown(&before.user, false)),
            "after": shown(&kept.user, is_new),
        }));
        let user = kept.user.clone();
        self.batch.accounts.push(AccountChange::PutUser(kept));
        Outcome::User(user)
    }

    fn known_user(&self, name: &str) -> Result<KeptUser, Problem> {
        self.gate.accounts().user(name).cloned().ok_or_else(|| {
            Problem::not_found(format!("there is no user `{}`", SafeText::line(name)))
        })
    }

    /// Nobody shuts everybody out from afar; who sits at the machine can always let somebody in.
    fn not_the_last_admin(&self, request: &Request, name: &str) -> Result<(), Problem> {
        let far = matches!(request.actor, Actor::User { .. } | Actor::Token { .. });
        if far && self.gate.accounts().is_last_admin(name) {
            return Err(Problem::conflict(format!(
                "`{name}` is the last Admin; give another user the role admin first"
            )));
        }
        Ok(())
    }
}

/// The scopes of a new token. That of an agent has its own, and no other token has that.
fn scopes_of(asked: &[Scope], of_agent: bool) -> Result<Vec<Scope>, Problem> {
    let mut scopes = asked.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    match (of_agent, &*scopes) {
        (true, [] | [Scope::Agent]) => Ok(vec![Scope::Agent]),
        (true, _) => Err(Problem::invalid("`scopes`: a token with `agent` has no other")),
        (false, []) => {
            Err(Problem::invalid("`scopes` names at least one of api, read and metrics"))
        }
        (false, all) if all.contains(&Scope::Agent) => {
            Err(Problem::invalid("`scopes`: agent is only for a token with `agent`"))
        }
        (false, _) => Ok(scopes),
    }
}

fn shown(user: &User, new_password: bool) -> Value {
    let mut shown = json!({ "name": user.name, "role": user.role });
    if new_password && let Some(fields) = shown.as_object_mut() {
        fields.insert("password".to_owned(), "new".into());
    }
    shown
}

fn named(name: &str) -> Result<(), Problem> {
    valid_account(name).map_err(|why| Problem::invalid(format!("`name`: {why}")))
}

fn room(count: usize, what: &str) -> Result<(), Problem> {
    if count < ACCOUNTS {
        return Ok(());
    }
    Err(Problem::conflict(format!("there are {ACCOUNTS} {what} already; remove one first")))
}

fn hashed(password: Option<PasswordHash>) -> Result<PasswordHash, Problem> {
    password.ok_or_else(|| Problem::internal("the password was not hashed"))
}
