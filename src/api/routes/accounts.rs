//! Logging in and out, users, tokens.
//!
//! An answer with a secret in it says that nobody on the way may keep it.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use super::{Paging, Reply, done, told};
use crate::api::Face;
use crate::api::actor::{Asker, Place};
use crate::api::body::{Asked, Body, Segment};
use crate::api::condition::{IfMatch, versioned};
use crate::api::paging::{Part, Spot, paged};
use crate::api::problem::Failure;
use crate::engine::{NotOpened, Opened};
use crate::model::account::folded;
use crate::model::{Name, Password, Role, SafeText, Scope, Timestamp, Token, User};
use crate::protocol::{Actor, Answer, Command, Outcome, Problem, Query};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Login {
    /// Who.
    username: String,
    /// Their password.
    password: Password,
}

/// The session of a login.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(in crate::api) struct Granted {
    /// The token, for `Authorization: Bearer`.
    token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// The seconds for which it counts.
    expires_in: u64,
    /// What its user may do.
    role: Role,
}

fn granted(Opened { token, expires_in, role }: Opened) -> Response {
    let granted = Granted { token, token_type: "Bearer", expires_in, role };
    ([(CACHE_CONTROL, "no-store")], Json(granted)).into_response()
}

/// Opens a session. Needs no other proof.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    operation_id = "login",
    tag = "Accounts",
    request_body = Login,
    responses((status = 200, body = Granted)),
    extensions(("x-fluxnoc-role" = json!("none"))),
)]
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

/// The session for another while.
#[utoipa::path(
    post,
    path = "/api/v1/auth/renew",
    operation_id = "renew",
    tag = "Accounts",
    responses((status = 200, body = Granted)),
    extensions(("x-fluxnoc-role" = json!("login"))),
)]
pub(in crate::api) async fn renew(State(face): State<Face>, asker: Asker) -> Reply {
    let Some(identity) = &asker.identity else {
        return Err(Problem::forbidden("at this machine nobody logs in").into());
    };
    Ok(granted(face.handle.renew(identity)?))
}

/// Who asks.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::api) struct Me {
    /// Their name.
    name: String,
    /// What they may do.
    role: Role,
    /// `local`, `user` or `token`.
    kind: &'static str,
    /// What a token may be used for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Scope>,
}

/// Who asks.
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    operation_id = "me",
    tag = "Accounts",
    responses((status = 200, body = Me)),
    extensions(("x-fluxnoc-role" = json!("viewer"))),
)]
pub(in crate::api) async fn me(State(_): State<Face>, asker: Asker) -> Reply {
    let role = asker.actor.role();
    let (name, kind, scopes) = match asker.actor {
        Actor::User { name, .. } => (name, "user", Vec::new()),
        Actor::Token { name, scopes, .. } => (name, "token", scopes),
        other => (other.name(), "local", Vec::new()),
    };
    Ok(Json(Me { name: name.to_string(), role, kind, scopes }).into_response())
}

/// Ends every session of whoever asks.
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    operation_id = "logout",
    tag = "Accounts",
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn logout(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Logout).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Passwords {
    /// The present password.
    old: Password,
    /// The new one, 12 to 1024 characters.
    new: Password,
}

/// Changes the own password; every session ends.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password",
    operation_id = "change_password",
    tag = "Accounts",
    request_body = Passwords,
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn change_password(
    State(face): State<Face>,
    asker: Asker,
    Body(Passwords { old, new }): Body<Passwords>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::ChangePassword { old, new }).await?))
}

/// Who may log in, by name.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "users",
    tag = "Accounts",
    params(Paging),
    responses((status = 200, body = Vec<User>)),
)]
pub(in crate::api) async fn users(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Paging { limit, after }): Asked<Paging>,
) -> Reply {
    match asker.query(&face, Query::Users).await? {
        Answer::Users(rows) => {
            paged(rows, &Part { limit, after }, &uri, |user| Spot::new(&[], &user.name))
        }
        other => Ok(told(other)),
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewUser {
    /// Under which name.
    #[schema(value_type = String)]
    name: Name,
    /// What they may do.
    role: Role,
    /// With which password, 12 to 1024 characters.
    password: Password,
}

/// One user, with its version.
#[utoipa::path(
    get,
    path = "/api/v1/users/{name}",
    operation_id = "users.one",
    tag = "Accounts",
    params(("name" = String, Path, description = "The name.")),
    responses(
        (status = 200, body = User, headers(("ETag" = String, description = "Its version, for `If-Match`."))),
        (status = 404),
    ),
)]
pub(in crate::api) async fn one_user(
    State(face): State<Face>,
    asker: Asker,
    Segment(name): Segment<Name>,
) -> Reply {
    match asker.query(&face, Query::Users).await? {
        Answer::Users(rows) => match rows.iter().find(|user| folded(&user.name) == folded(&name)) {
            Some(user) => Ok(versioned(user)?),
            None => {
                let name = SafeText::line(&name);
                Err(Problem::not_found(format!("there is no user `{name}`")).into())
            }
        },
        other => Ok(told(other)),
    }
}

/// Lets somebody log in.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "add_user",
    tag = "Accounts",
    request_body = NewUser,
    responses((status = 201, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn add_user(
    State(face): State<Face>,
    asker: Asker,
    Body(NewUser { name, role, password }): Body<NewUser>,
) -> Reply {
    let outcome = asker.execute(&face, Command::AddUser { name, role, password }).await?;
    Ok((StatusCode::CREATED, done(outcome)).into_response())
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ChangedUser {
    /// What they may do from now on.
    #[serde(default)]
    role: Option<Role>,
    /// The new password.
    #[serde(default)]
    password: Option<Password>,
}

/// Changes a user; what is not said stays. Every session of theirs ends.
#[utoipa::path(
    patch,
    path = "/api/v1/users/{name}",
    operation_id = "edit_user",
    tag = "Accounts",
    params(("name" = String, Path, description = "The name."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    request_body = ChangedUser,
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn edit_user(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(name): Segment<Name>,
    Body(ChangedUser { role, password }): Body<ChangedUser>,
) -> Reply {
    Ok(done(asker.execute_if(&face, if_match, Command::EditUser { name, role, password }).await?))
}

/// Lets a user not log in any more; every session of theirs ends.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}",
    operation_id = "remove_user",
    tag = "Accounts",
    params(("name" = String, Path, description = "The name."), ("if-match" = Option<String>, Header, description = "The `ETag` of what was seen: when it is another one by now, nothing is changed (412).")),
    responses((status = 200, body = Outcome), (status = 404), (status = 409), (status = 412)),
)]
pub(in crate::api) async fn remove_user(
    State(face): State<Face>,
    asker: Asker,
    if_match: IfMatch,
    Segment(name): Segment<Name>,
) -> Reply {
    Ok(done(asker.execute_if(&face, if_match, Command::RemoveUser { name }).await?))
}

/// The tokens of programs, by name.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    operation_id = "tokens",
    tag = "Accounts",
    params(Paging),
    responses((status = 200, body = Vec<Token>)),
)]
pub(in crate::api) async fn tokens(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Paging { limit, after }): Asked<Paging>,
) -> Reply {
    match asker.query(&face, Query::Tokens).await? {
        Answer::Tokens(rows) => {
            paged(rows, &Part { limit, after }, &uri, |token| Spot::new(&[], &token.name))
        }
        other => Ok(told(other)),
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewToken {
    /// Under which name.
    #[schema(value_type = String)]
    name: Name,
    /// What it may do at most.
    role: Role,
    /// What it may be used for; at least one, but for an agent's.
    scopes: Vec<Scope>,
    /// Must be there: "for ever" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    expires: Option<Timestamp>,
    /// The agent that may register with it, and nothing else; then it needs no scope.
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// How often that may happen; without it again whenever no live agent has the name.
    uses: Option<u32>,
}

/// Makes a token for a program. The first answer shows it, once.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "add_token",
    tag = "Accounts",
    request_body = NewToken,
    responses((status = 201, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn add_token(
    State(face): State<Face>,
    asker: Asker,
    Body(NewToken { name, role, scopes, expires, agent, uses }): Body<NewToken>,
) -> Reply {
    let command = Command::AddToken { name, role, scopes, expires, agent, uses };
    let outcome = asker.execute(&face, command).await?;
    let headers = [(CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, done(outcome)).into_response())
}

/// Lets a token not be used any more.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{name}",
    operation_id = "revoke_token",
    tag = "Accounts",
    params(("name" = String, Path, description = "The name.")),
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn revoke_token(
    State(face): State<Face>,
    asker: Asker,
    Segment(name): Segment<Name>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::RevokeToken { name }).await?))
}
