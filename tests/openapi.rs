//! The API against its own document: what is documented is there and nothing else, every answer is
//! as it is documented, and the roles are those of the one table. The engine is real, and so are the
//! store, the router and the requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test fails so"
)]

#[path = "openapi/answers.rs"]
mod answers;
#[path = "openapi/client.rs"]
mod client;
#[path = "openapi/document.rs"]
mod document;
#[path = "openapi/editing.rs"]
mod editing;
#[path = "openapi/known.rs"]
mod known;
#[path = "common/lab.rs"]
mod lab;
#[path = "openapi/matrix.rs"]
mod matrix;
#[path = "common/net.rs"]
mod net;
#[path = "openapi/requests.rs"]
mod requests;
#[path = "seam/samples.rs"]
mod samples;
#[path = "openapi/stage.rs"]
mod stage;
#[path = "openapi/values.rs"]
mod values;
