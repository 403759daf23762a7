//! Rules in force, drafts on trial, and rules that are saved.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::Timestamp;
use crate::protocol::{Command, DraftAnswer, Outcome, Query, RulePage};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    /// At most so many, 1 to 1000.
    #[serde(default = "thousand")]
    limit: u32,
}

const fn thousand() -> u32 {
    1000
}

/// The rules in force, in the order in which they were written.
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    operation_id = "rules",
    tag = "Rules",
    params(List),
    responses((status = 200, body = RulePage)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Rules { limit }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Draft {
    /// What it is called; `*.toml` is read as TOML, all else as YAML or JSON.
    name: String,
    /// The draft, at most 64 KiB.
    text: String,
    /// From this moment to now.
    since: Timestamp,
}

/// What a draft of rules would have made of the stored past; nothing of it takes effect.
#[utoipa::path(
    post,
    path = "/api/v1/rules/try",
    operation_id = "try_rules",
    tag = "Rules",
    request_body = Draft,
    responses((status = 200, body = DraftAnswer)),
)]
pub(in crate::api) async fn attempt(
    State(face): State<Face>,
    asker: Asker,
    Body(Draft { name, text, since }): Body<Draft>,
) -> Reply {
    Ok(told(asker.query(&face, Query::TryRules { name, text, since }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SaveRule {
    /// The rule, in TOML.
    text: String,
    /// The rule that it replaces, as it was read; absent for a new one.
    was: Option<String>,
}

/// Saves a rule, which is in force from then on.
///
/// `was` is the rule that it replaces, as it was read: when somebody else changed it meanwhile, nothing is saved (409).
#[utoipa::path(
    post,
    path = "/api/v1/rules",
    operation_id = "save_rule",
    tag = "Rules",
    request_body = SaveRule,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn save(
    State(face): State<Face>,
    asker: Asker,
    Body(SaveRule { text, was }): Body<SaveRule>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::SaveRule { text, was }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DeleteRule {
    /// The rule, as it was read.
    was: String,
}

/// Deletes a rule that was saved; `was` is the rule as it was read.
#[utoipa::path(
    post,
    path = "/api/v1/rules/delete",
    operation_id = "delete_rule",
    tag = "Rules",
    request_body = DeleteRule,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn delete(
    State(face): State<Face>,
    asker: Asker,
    Body(DeleteRule { was }): Body<DeleteRule>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::DeleteRule { was }).await?))
}
