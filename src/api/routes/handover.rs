//! Handovers: what is handed over, notes for it, who takes over.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body};
use crate::model::Timestamp;
use crate::protocol::{Command, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct From {
    since: Option<Timestamp>,
    shift: Option<Timestamp>,
    before: Option<Timestamp>,
}

pub(in crate::api) async fn show(
    State(face): State<Face>,
    asker: Asker,
    Asked(From { since, shift, before }): Asked<From>,
) -> Reply {
    Ok(told(asker.query(&face, Query::Handover { since, shift, before }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Note {
    text: String,
}

pub(in crate::api) async fn note(
    State(face): State<Face>,
    asker: Asker,
    Body(Note { text }): Body<Note>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Note { text }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SignOff {
    to: String,
}

pub(in crate::api) async fn sign_off(
    State(face): State<Face>,
    asker: Asker,
    Body(SignOff { to }): Body<SignOff>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::SignOff { to }).await?))
}
