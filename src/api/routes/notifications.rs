//! Notifications of all alerts: the list, sending again, giving up, holding all of them.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::Span;
use crate::protocol::{Command, NotificationScope, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct List {
    destination: Option<String>,
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(List { destination, limit }): Asked<List>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Notifications { destination, limit }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Which {
    which: NotificationScope,
}

pub(in crate::api) async fn resend(
    State(face): State<Face>,
    asker: Asker,
    Body(Which { which }): Body<Which>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::ResendNotifications { which }).await?))
}

pub(in crate::api) async fn give_up(
    State(face): State<Face>,
    asker: Asker,
    Body(Which { which }): Body<Which>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::DropNotifications { which }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Hold {
    for_ms: Span,
    reason: String,
}

pub(in crate::api) async fn hold(
    State(face): State<Face>,
    asker: Asker,
    Body(Hold { for_ms: length, reason }): Body<Hold>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::HoldPaging { length, reason }).await?))
}

pub(in crate::api) async fn resume(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::ResumePaging).await?))
}
