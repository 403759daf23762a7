//! Alerts: list, take, give back, and what happened to them.

use axum::extract::State;
use axum::http::Uri;
use serde::Deserialize;

use super::{Listed, Reply, Targets, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body, Segment};
use crate::api::paging::{Part, Spot, paged};
use crate::model::{AlertId, Comment, Edge, Name, Timestamp};
use crate::protocol::command::EscalateOne;
use crate::protocol::pages::AlertPage;
use crate::protocol::query::AlertAnswer;
use crate::protocol::{Answer, Command, Outcome, Problem, Query, Target};

/// Alerts, worst first.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    operation_id = "alerts",
    tag = "Alerts",
    params(Listed),
    responses((status = 200, body = Vec<AlertAnswer>)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    uri: Uri,
    Asked(Listed { all, limit, after }): Asked<Listed>,
) -> Reply {
    match asker.query(&face, Query::Alerts { all }).await? {
        Answer::Alerts(rows) => paged(rows, &Part { limit, after }, &uri, place),
        other => Ok(told(other)),
    }
}

/// Worst first: what is open before what is over, by state and by how long it goes on; what is over,
/// the last first.
fn place(alert: &AlertAnswer) -> Spot {
    let severity = i64::from(alert.state.severity());
    let numbers = match alert.resolved {
        None => [0, -severity, alert.since.millis()],
        Some(over) => [1, over.millis().saturating_neg(), 0],
    };
    Spot::new(&numbers, alert.id)
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Acknowledge {
    /// Which; a host or check means its open alerts.
    targets: Vec<Target>,
    /// Why.
    #[serde(default)]
    comment: String,
    /// Must be there: "never" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    expires: Option<Timestamp>,
    /// Stays through changes of state.
    #[serde(default)]
    sticky: bool,
    /// Whether those who were told of the problem are told that somebody has it.
    #[serde(default = "yes")]
    notify: bool,
}

const fn yes() -> bool {
    true
}

/// Takes alerts; a host or check means its open alerts.
#[utoipa::path(
    post,
    path = "/api/v1/alerts/ack",
    operation_id = "acknowledge",
    tag = "Alerts",
    request_body = Acknowledge,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn acknowledge(
    State(face): State<Face>,
    asker: Asker,
    Body(Acknowledge { targets, comment, expires, sticky, notify }): Body<Acknowledge>,
) -> Reply {
    let command = Command::Acknowledge { targets, comment, expires, sticky, notify };
    Ok(done(asker.execute(&face, command).await?))
}

/// Gives alerts back.
#[utoipa::path(
    post,
    path = "/api/v1/alerts/unack",
    operation_id = "unacknowledge",
    tag = "Alerts",
    request_body = Targets,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn unacknowledge(
    State(face): State<Face>,
    asker: Asker,
    Body(Targets { targets }): Body<Targets>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Unacknowledge { targets }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Escalate {
    /// Which alerts, each with the step that is meant.
    which: Vec<EscalateOne>,
}

/// Tells the next contact list of alerts now.
#[utoipa::path(
    post,
    path = "/api/v1/alerts/escalate",
    operation_id = "escalate",
    tag = "Alerts",
    request_body = Escalate,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn escalate(
    State(face): State<Face>,
    asker: Asker,
    Body(Escalate { which }): Body<Escalate>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Escalate { which }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Edges {
    /// Only of this host.
    #[param(value_type = Option<String>)]
    host: Option<Name>,
    /// Only of this alert.
    alert: Option<AlertId>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// Recorded changes of alerts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/edges",
    operation_id = "edges",
    tag = "What happened",
    params(Edges),
    responses((status = 200, body = Vec<Edge>)),
)]
pub(in crate::api) async fn edges(
    State(face): State<Face>,
    asker: Asker,
    Asked(Edges { host, alert, limit }): Asked<Edges>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Edges { host, alert, limit }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewComment {
    /// Beside which; a host means itself, not its checks.
    targets: Vec<Target>,
    /// What.
    text: String,
}

/// Writes a comment beside alerts, hosts or checks.
#[utoipa::path(
    post,
    path = "/api/v1/comments",
    operation_id = "comment",
    tag = "Alerts",
    request_body = NewComment,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn comment(
    State(face): State<Face>,
    asker: Asker,
    Body(NewComment { targets, text }): Body<NewComment>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Comment { targets, text }).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Comments {
    /// Beside this host and its checks.
    #[param(value_type = String)]
    host: Name,
    /// Only beside this check, and beside the whole host.
    #[param(value_type = Option<String>)]
    check: Option<Name>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

/// Comments beside a host and its checks, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/comments",
    operation_id = "comments",
    tag = "Alerts",
    params(Comments),
    responses((status = 200, body = Vec<Comment>)),
)]
pub(in crate::api) async fn comments(
    State(face): State<Face>,
    asker: Asker,
    Asked(Comments { host, check, limit }): Asked<Comments>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Comments { host, check, limit }).await?))
}

/// Everything about one alert, open or over.
#[utoipa::path(
    get,
    path = "/api/v1/alerts/{id}",
    operation_id = "alert",
    tag = "Alerts",
    params(("id" = AlertId, Path, description = "The id of the alert.")),
    responses((status = 200, body = AlertPage), (status = 404)),
)]
pub(in crate::api) async fn one(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id =
        id.parse().map_err(|_| Problem::invalid(format!("`{id}` is not the id of an alert")))?;
    Ok(told(asker.query(&face, Query::Alert { id }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TestNotify {
    /// The channel or the contact list.
    #[schema(value_type = String)]
    name: Name,
}

/// Sends a marked test through a channel, or through all of a contact list.
#[utoipa::path(
    post,
    path = "/api/v1/notify/test",
    operation_id = "test_notify",
    tag = "Notifications",
    request_body = TestNotify,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn test_notify(
    State(face): State<Face>,
    asker: Asker,
    Body(TestNotify { name }): Body<TestNotify>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::TestNotify { name }).await?))
}
