//! Notifications of all alerts: the list, sending again, giving up.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
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
