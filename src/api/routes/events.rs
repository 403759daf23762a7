//! Events as they happen, and what a stream looks at.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;

use super::{Reply, done};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Body;
use crate::api::problem::Failure;
use crate::protocol::{Command, Event, Interest, Problem};

/// How often a quiet stream shows that it lives.
const PULSE: Duration = Duration::from_secs(5);

pub(in crate::api) async fn stream(
    State(face): State<Face>,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    // Who loses the right to look stops looking.
    let ended = asker.identity.map(|identity| face.handle.ended(identity));
    let ended = async move {
        match ended {
            Some(ended) => ended.await,
            None => std::future::pending().await,
        }
    };
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let watcher = match after {
        Some(mark) => face.handle.resume(asker.actor, mark).await?,
        None => face.handle.watch(asker.actor).await?,
    };
    let events = futures::stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((frame(&event), watcher))
    });
    let stopped = face.stop.clone().cancelled_owned();
    let events = events.take_until(stopped).take_until(Box::pin(ended));
    let pulse = Frame::default()
        .json_data(Event::Pulse)
        .map_err(|error| Problem::internal(format!("a pulse cannot be written: {error}")))?;
    let alive = KeepAlive::new().interval(PULSE).event(pulse);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

fn frame(event: &Arc<Event>) -> Result<Frame, axum::Error> {
    match &**event {
        // A block without data: it moves the id that a client comes back with, and nothing else.
        Event::Mark(mark) => Ok(Frame::default().id(mark.to_string())),
        event => Frame::default().json_data(event),
    }
}

pub(in crate::api) async fn look(
    State(face): State<Face>,
    asker: Asker,
    Path(stream): Path<String>,
    Body(interest): Body<Interest>,
) -> Reply {
    let stream = stream
        .parse()
        .map_err(|_| Problem::invalid(format!("`{stream}` is not the number of a stream")))?;
    Ok(done(asker.execute(&face, Command::Look { stream, interest }).await?))
}
