//! Notifications of all alerts: the list, sending again, giving up, holding all of them.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::Span;
use crate::protocol::{Command, Contacts, NotificationPage, NotificationScope, Outcome, Query};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    /// Only of this destination.
    destination: Option<String>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// What waits, what was given up, what was taken.
#[utoipa::path(
    get,
    path = "/api/v1/notifications",
    operation_id = "notifications",
    tag = "Notifications",
    params(List),
    responses((status = 200, body = NotificationPage)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { destination, limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Notifications { destination, limit }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Which {
    /// Which notifications.
    which: NotificationScope,
}

/// Contact lists and channels: who is told of what. Where a channel leads is not said.
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    operation_id = "contacts",
    tag = "Notifications",
    responses((status = 200, body = Contacts)),
)]
pub(in crate::api) async fn contacts(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Contacts).await?))
}

/// Sends notifications again that were given up or dropped, and at once what waits.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/resend",
    operation_id = "resend_notifications",
    tag = "Notifications",
    request_body = Which,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn resend(
    State(face): State<Face>,
    asker: Asker,
    Body(Which { which }): Body<Which>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::ResendNotifications { which }).await?))
}

/// Gives notifications up that were not delivered.
#[utoipa::path(
    post,
    path = "/api/v1/notifications/drop",
    operation_id = "drop_notifications",
    tag = "Notifications",
    request_body = Which,
    responses((status = 200, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn give_up(
    State(face): State<Face>,
    asker: Asker,
    Body(Which { which }): Body<Which>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::DropNotifications { which }).await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct HoldFor {
    /// For how long from now.
    for_ms: Span,
    /// Why.
    reason: String,
}

/// Tells nobody of anything for a time; alerts go on.
#[utoipa::path(
    post,
    path = "/api/v1/paging/hold",
    operation_id = "hold_paging",
    tag = "Notifications",
    request_body = HoldFor,
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn hold(
    State(face): State<Face>,
    asker: Asker,
    Body(HoldFor { for_ms: length, reason }): Body<HoldFor>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::HoldPaging { length, reason }).await?))
}

/// Lets paging go on before its time.
#[utoipa::path(
    post,
    path = "/api/v1/paging/resume",
    operation_id = "resume_paging",
    tag = "Notifications",
    responses((status = 200, body = Outcome), (status = 409)),
)]
pub(in crate::api) async fn resume(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::ResumePaging).await?))
}
