//! Every request counted, timed and told: one line each, with the keys of the seed.

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

use super::Face;
use crate::model::safe_text;

/// Columns of a path in the log.
const PATH_WIDTH: usize = 256;
/// What machines ask all day; told under debug only while it is answered.
const OFTEN: [&str; 2] = ["/metrics", "/api/v1/monitoring/health"];
/// The route of what is none of ours.
const OTHER: &str = "other";

pub(super) async fn observe(State(face): State<Face>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Without the query: what is asked for is nobody else's business.
    let path = safe_text::truncate(request.uri().path(), PATH_WIDTH);
    let under_way = face.handle.meters().http.begin();
    let answer = next.run(request).await;
    let route = route.as_ref().map_or(OTHER, MatchedPath::as_str);
    let took = under_way.end(method.as_str(), route, answer.status().as_u16());
    // Whole microseconds are more than anybody reads.
    let duration_ms = (took * 1000.0).round() / 1000.0;
    let asked_often = OFTEN.contains(&route);
    tell(method.as_str(), &path, answer.status(), duration_ms, asked_often);
    answer
}

fn tell(method: &str, path: &str, status: StatusCode, duration_ms: f64, asked_often: bool) {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        tracing::warn!(method, path, "access denied");
    }
    let code = status.as_u16();
    match code {
        500.. => tracing::error!(method, path, status = code, duration_ms, "HTTP request"),
        400..=499 => tracing::warn!(method, path, status = code, duration_ms, "HTTP request"),
        _ if asked_often => {
            tracing::debug!(method, path, status = code, duration_ms, "HTTP request");
        }
        _ => tracing::info!(method, path, status = code, duration_ms, "HTTP request"),
    }
}
