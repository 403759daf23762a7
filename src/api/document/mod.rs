//! The API's own document: `OpenAPI` 3.1 at `/api/openapi.json`, and a page for people at `/api/docs`.
//!
//! It is made from the code: schemas from the types that requests and answers are read and written
//! with, operations from the handlers that the router has. What all operations share (who may ask,
//! how an error looks, which headers there are) is said in one place, and the role of each comes
//! from the table that the engine itself asks.
//!
//! Both may be read without saying who asks: they hold nothing of this server, only what anybody
//! reads in its source.

mod finish;
mod page;
mod paint;

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use utoipa::openapi::OpenApi;

use super::Face;

/// The document, written when it is first asked for.
pub(super) struct Document {
    api: OpenApi,
    written: OnceLock<Written>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

struct Written {
    json: Bytes,
    page: Bytes,
}

impl Document {
    pub(super) const fn new(api: OpenApi) -> Self {
        Self { api, written: OnceLock::new() }
    }

    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let document = finish::finished(&self.api);
            let json = serde_json::to_vec(&document).unwrap_or_default();
            Written { json: json.into(), page: page::page(&document).into() }
        })
    }
}

/// This document, as `OpenAPI` 3.1.
///
/// Anybody may read it: it holds nothing of this server.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "openapi",
    tag = "This document",
    responses((status = 200, body = BTreeMap<String, serde_json::Value>, content_type = "application/json")),
    extensions(("x-fluxnoc-role" = json!("none"))),
)]
pub(super) async fn openapi(State(face): State<Face>) -> Response {
    ([(CONTENT_TYPE, "application/json")], face.document.written().json.clone()).into_response()
}

/// This document as a page for people.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "docs",
    tag = "This document",
    responses((status = 200, body = String, content_type = "text/html; charset=utf-8")),
    extensions(("x-fluxnoc-role" = json!("none"))),
)]
pub(super) async fn docs(State(face): State<Face>) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        // The page needs nothing but its own style.
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, face.document.written().page.clone()).into_response()
}
