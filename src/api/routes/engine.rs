//! The engine itself: how it is, what is in force, reload, stop.

use axum::extract::State;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::protocol::{Command, Query};

pub(in crate::api) async fn status(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Engine).await?))
}

pub(in crate::api) async fn config(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Config).await?))
}

pub(in crate::api) async fn reload(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Reload).await?))
}

pub(in crate::api) async fn stop(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(done(asker.execute(&face, Command::Stop).await?))
}

pub(in crate::api) async fn settings(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Settings).await?))
}
