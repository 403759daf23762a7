//! What belongs to one operator: taking back, and what the engine remembers for them.

use axum::extract::State;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Body;
use crate::model::RequestId;
use crate::protocol::{Command, Query};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Undo {
    request: RequestId,
}

pub(in crate::api) async fn undo(
    State(face): State<Face>,
    asker: Asker,
    Body(Undo { request }): Body<Undo>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Undo { request }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Remember {
    key: String,
    /// Must be there: "forget it" (null) is only what was said.
    #[serde(deserialize_with = "Option::deserialize")]
    value: Option<String>,
}

pub(in crate::api) async fn remember(
    State(face): State<Face>,
    asker: Asker,
    Body(Remember { key, value }): Body<Remember>,
) -> Reply {
    Ok(done(asker.execute(&face, Command::Remember { key, value }).await?))
}

pub(in crate::api) async fn remembered(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Remembered).await?))
}
