//! Events as they happen, and what a stream looks at.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;

use super::{Reply, done};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Body, Segment};
use crate::api::problem::Failure;
use crate::protocol::{Command, Event, Interest, Outcome, Problem};

/// How often a quiet stream shows that it lives.
const PULSE: Duration = Duration::from_secs(5);

/// What changes, as server-sent events: first the present picture, then each change. The data of each is an `Event` as JSON.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "events",
    tag = "Engine",
    params(("last-event-id" = Option<String>, Header, description = "The id that an earlier stream ended at: the new one goes on there where it can.")),
    responses((status = 200, body = String, content_type = "text/event-stream")),
    extensions(("x-fluxnoc-role" = json!("viewer"))),
)]
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

/// Says what a stream looks at: the numbers of these are sent besides.
#[utoipa::path(
    post,
    path = "/api/v1/events/{stream}/interest",
    operation_id = "look",
    tag = "Engine",
    params(("stream" = u64, Path, description = "The number that the stream named in its first event.")),
    request_body = Interest,
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn look(
    State(face): State<Face>,
    asker: Asker,
    Segment(stream): Segment<String>,
    Body(interest): Body<Interest>,
) -> Reply {
    let stream = stream
        .parse()
        .map_err(|_| Problem::invalid(format!("`{stream}` is not the number of a stream")))?;
    Ok(done(asker.execute(&face, Command::Look { stream, interest }).await?))
}
