//! Logging in and out, users, tokens.
//!
//! An answer with a secret in it says that nobody on the way may keep it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::{Asker, Place};
use crate::api::body::Body;
use crate::api::problem::Failure;
use crate::engine::{NotOpened, Opened};
use crate::model::{Name, Password, Role, Scope, Timestamp};
use crate::protocol::{Actor, Command, Problem, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Login {
    username: String,
    password: Password,
}

/// The session of a login.
#[derive(Serialize)]
struct Granted {
    token: String,
    token_type: &'static str,
    expires_in: u64,
    role: Role,
}

fn granted(Opened { token, expires_in, role }: Opened) -> Response {
    let granted = Granted { token, token_type: "Bearer", expires_in, role };
    ([(CACHE_CONTROL, "no-store")], Json(granted)).into_response()
}

pub(in crate::api) async fn login(
    State(face): State<Face>,
    Place(address): Place,
    Body(Login { username, password }): Body<Login>,
) -> Reply {
    match face.handle.login(&username, password, address).await {
        Ok(opened) => Ok(granted(opened)),
        Err(NotOpened::Wrong) => {
            Err(Problem::unauthenticated("user name or password is wrong").into())
        }
        Err(NotOpened::TooMany(after)) => {
            let problem = Problem::unavailable("too many logins failed; try again later");
            Err(Failure::too_often(problem, after.millis().div_ceil(1000)))
        }
        Err(NotOpened::Problem(problem)) => Err(problem.into()),
    }
}

pub(in crate::api) async fn renew(State(face): State<Face>, asker: Asker) -> Reply {
    let Some(identity) = &asker.identity else {
        return Err(Problem::forbidden("at this machine nobody logs in").into());
    };
    Ok(granted(face.handle.renew(identity)?))
}

/// Who asks.
#[derive(Serialize)]
struct Me {
    name: String,
    role: Role,
    /// `local`, `user` or `token`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
}

pub(in crate::api) async fn me(State(_): State<Face>, asker: Asker) -> Reply {
    let role = asker.actor.role();
    let (name, kind, scopes) = match asker.actor {
        Actor::User { name, .. } => (name, "user", Vec::new()),
        Actor::Token { name, scopes, .. } => (name, "token", scopes),
        other => (other.name(), "local", Vec::new()),
    };
    Ok(Json(Me { name: name.to_string(), role, kind, scopes }).into_response())
}

pub(in crate::api) async fn logout(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Logout).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Passwords {
    old: Password,
    new: Password,
}

pub(in crate::api) async fn change_password(
    State(face): State<Face>,
    asker: Asker,
    Body(Passwords { old, new }): Body<Passwords>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::ChangePassword { old, new }).await?))
}

pub(in crate::api) async fn users(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Users).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewUser {
    name: Name,
    role: Role,
    password: Password,
}

pub(in crate::api) async fn add_user(
    State(face): State<Face>,
    asker: Asker,
    Body(NewUser { name, role, password }): Body<NewUser>,
) -> Reply {
    let outcome = asker.execute(&face, Command::AddUser { name, role, password }).await?;
    Ok((StatusCode::CREATED, done(outcome)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ChangedUser {
    #[serde(default)]
    role: Option<Role>,
    #[serde(default)]
    password: Option<Password>,
}

pub(in crate::api) async fn edit_user(
    State(face): State<Face>,
    asker: Asker,
    Path(name): Path<Name>,
    Body(ChangedUser { role, password }): Body<ChangedUser>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::EditUser { name, role, password }).await?))
}

pub(in crate::api) async fn remove_user(
    State(face): State<Face>,
    asker: Asker,
    Path(name): Path<Name>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::RemoveUser { name }).await?))
}

pub(in crate::api) async fn tokens(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Tokens).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewToken {
    name: Name,
    role: Role,
    scopes: Vec<Scope>,
    /// Must be there: "for ever" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    expires: Option<Timestamp>,
}

pub(in crate::api) async fn add_token(
    State(face): State<Face>,
    asker: Asker,
    Body(NewToken { name, role, scopes, expires }): Body<NewToken>,
) -> Reply {
    let command = Command::AddToken { name, role, scopes, expires };
    let outcome = asker.execute(&face, command).await?;
    let headers = [(CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, done(outcome)).into_response())
}

pub(in crate::api) async fn revoke_token(
    State(face): State<Face>,
    asker: Asker,
    Path(name): Path<Name>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::RevokeToken { name }).await?))
}
